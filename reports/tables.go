package reports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"transportlab/bench/result"
)

// summary is what was done, in a sentence or two.
func (r *Report) summary() string {
	d := r.Document
	floors := 0
	for _, a := range r.Arms {
		if a.Floor {
			floors++
		}
	}
	arms := plural(len(r.Arms)-floors, "arm")
	if floors > 0 {
		arms += fmt.Sprintf(" and %s to compare with", plural(floors, "floor"))
	}
	return fmt.Sprintf("%s, %s, measured in %s on %s. All of them carried the same messages over the same log in %s.",
		arms, plural(r.asked(), "workload"), plural(d.Blocks, "block"), d.Started.UTC().Format("2 January 2006"), storeText(d.Store))
}

// asked is how many workloads the report shows, under however many conditions.
func (r *Report) asked() int {
	names := map[string]bool{}
	for _, s := range r.Sections {
		names[s.Workload.Name] = true
	}
	return len(names)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// storeText names a store for people; the kinds are those of redislog.Info.
func storeText(s result.Store) string {
	with := func(name string) string { return strings.TrimSpace(name + " " + s.Version) }
	switch s.Kind {
	case "redis":
		return with("Redis")
	case "redis-server child":
		return with("Redis") + ", private"
	case "sentinel":
		return with("Redis") + " behind Sentinel"
	case "cluster":
		return with("Redis Cluster")
	case "memory":
		return "the server's memory"
	}
	return with(s.Kind)
}

// facts stand at the head: what the figures depend on most.
func (r *Report) facts() [][2]string {
	d, e := r.Document, r.Document.Environment
	return [][2]string{
		{"Store", storeText(d.Store)},
		{"Machine", fmt.Sprintf("%s, %s, %s", cmp.Or(e.CPU, "processor unknown"), plural(e.Cores, "core"), size(float64(e.Memory)))},
		{"System", strings.TrimSpace(fmt.Sprintf("%s/%s %s", e.OS, e.Arch, e.Kernel))},
		{"Go", fmt.Sprintf("%s, GOMAXPROCS %d", e.Go, e.GOMAXPROCS)},
		{"Seed", strconv.FormatUint(d.Seed, 10)},
		{"Poll interval", setting(d.Options.Interval)},
		{"Longest hold", setting(d.Options.Hold)},
		{"Heartbeat", setting(d.Options.Heartbeat)},
	}
}

func (r *Report) environment() Table {
	e, d := r.Document.Environment, r.Document
	t := Table{Caption: "Environment", Head: []string{"Environment", ""}}
	add := func(name, value string) {
		if value != "" {
			t.add(name, value)
		}
	}
	add("Started", d.Started.UTC().Format(time.RFC3339))
	add("Finished", d.Finished.UTC().Format(time.RFC3339))
	add("Processor", e.CPU)
	add("Cores", strconv.Itoa(e.Cores))
	add("Memory", size(float64(e.Memory)))
	add("System", strings.TrimSpace(fmt.Sprintf("%s/%s, kernel %s", e.OS, e.Arch, e.Kernel)))
	add("Congestion control", e.Congestion)
	for i, name := range slices.Sorted(maps.Keys(e.Sysctls)) {
		if i == maxChecks {
			break
		}
		add(name, e.Sysctls[name])
	}
	add("Go", e.Go)
	add("GOMAXPROCS", strconv.Itoa(e.GOMAXPROCS))
	revision := e.Revision
	if e.Modified {
		revision += " with uncommitted changes"
	}
	add("Revision", revision)
	add("Target", e.Target)
	return t
}

func (r *Report) settings() Table {
	o, d := r.Document.Options, r.Document
	t := Table{Caption: "Settings", Head: []string{"Setting", ""}}
	for _, row := range [][2]string{
		{"Store", storeText(d.Store)},
		{"Store address", cmp.Or(d.Store.Address, absent)},
		{"Poll interval (polling, ajax)", setting(o.Interval)},
		{"Longest hold (longpoll)", setting(o.Hold)},
		{"Messages in one answer", thousands(strconv.Itoa(o.Batch))},
		{"Largest message", size(float64(o.MaxMessage))},
		{"Heartbeat (push)", setting(o.Heartbeat)},
		{"Compression", strconv.FormatBool(o.Compression)},
		{"Messages a second from one connection", thousands(strconv.Itoa(o.MessageRate))},
		{"Seed", strconv.FormatUint(d.Seed, 10)},
		{"Blocks", strconv.Itoa(d.Blocks)},
	} {
		t.add(row[:]...)
	}
	return t
}
