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
	"transportlab/bench/stats"
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
		arms, plural(len(r.Sections), "workload"), plural(d.Blocks, "block"), d.Started.UTC().Format("2 January 2006"), storeText(d.Store))
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
	t := Table{Head: []string{"Environment", ""}}
	add := func(name, value string) {
		if value != "" {
			t.Rows = append(t.Rows, []string{name, value})
		}
	}
	add("Started", d.Started.UTC().Format(time.RFC3339))
	add("Finished", d.Finished.UTC().Format(time.RFC3339))
	add("Processor", e.CPU)
	add("Cores", strconv.Itoa(e.Cores))
	add("Memory", size(float64(e.Memory)))
	add("System", strings.TrimSpace(fmt.Sprintf("%s/%s, kernel %s", e.OS, e.Arch, e.Kernel)))
	add("Congestion control", e.Congestion)
	for _, name := range slices.Sorted(maps.Keys(e.Sysctls)) {
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
	for _, n := range d.Nets {
		text := fmt.Sprintf("%s: RTT %s", n.Emulator, setting(n.RTT))
		if n.Achieved != nil {
			text += fmt.Sprintf(" asked, %s achieved", setting(n.Achieved.RTT))
		}
		add("Network "+n.Name, strings.TrimSuffix(text+"; "+n.Label, "; "))
	}
	return t
}

func (r *Report) settings() Table {
	o, d := r.Document.Options, r.Document
	return Table{Head: []string{"Setting", ""}, Rows: [][]string{
		{"Store", storeText(d.Store)},
		{"Store address", cmp.Or(d.Store.Address, "–")},
		{"Poll interval (polling, ajax)", setting(o.Interval)},
		{"Longest hold (longpoll)", setting(o.Hold)},
		{"Messages in one answer", thousands(strconv.Itoa(o.Batch))},
		{"Largest message", size(float64(o.MaxMessage))},
		{"Heartbeat (push)", setting(o.Heartbeat)},
		{"Compression", strconv.FormatBool(o.Compression)},
		{"Messages a second from one connection", thousands(strconv.Itoa(o.MessageRate))},
		{"Seed", strconv.FormatUint(d.Seed, 10)},
		{"Blocks", strconv.Itoa(d.Blocks)},
	}}
}

func (r *Report) accounting() Table {
	t := Table{Head: []string{"Workload", "Transport", "runs", "scheduled", "sent", "acknowledged", "expected", "delivered", "lost", "repeated", "reordered", "corrupted", "in gaps", "reconnects", "sent late"}}
	for _, s := range r.Sections {
		for _, arm := range r.Arms {
			var sum result.Accounting
			n := 0
			for _, run := range r.Document.Runs {
				if run.Workload == s.Workload.Name && run.Arm == arm.ArmInfo.Arm {
					sum = add(sum, run.Accounting)
					n++
				}
			}
			if n == 0 || !s.Workload.Kind.Sends() {
				continue
			}
			row := []string{s.Workload.Name, arm.Name, strconv.Itoa(n)}
			for _, v := range []uint64{sum.Scheduled, sum.Sent, sum.Acked, sum.Expected, sum.Delivered, sum.Lost, sum.Repeated, sum.Reordered, sum.Corrupted, sum.GapSize, sum.Reconnects, sum.Late} {
				row = append(row, count(v))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func add(a, b result.Accounting) result.Accounting {
	return result.Accounting{
		Scheduled: a.Scheduled + b.Scheduled, Sent: a.Sent + b.Sent, Late: a.Late + b.Late, Dropped: a.Dropped + b.Dropped,
		Failed: a.Failed + b.Failed, Acked: a.Acked + b.Acked, Expected: a.Expected + b.Expected, Delivered: a.Delivered + b.Delivered,
		Lost: a.Lost + b.Lost, Repeated: a.Repeated + b.Repeated, Reordered: a.Reordered + b.Reordered, Corrupted: a.Corrupted + b.Corrupted,
		Gaps: a.Gaps + b.Gaps, GapSize: a.GapSize + b.GapSize, Reconnects: a.Reconnects + b.Reconnects,
	}
}

// maxFailures bounds the list of failures; the rest is in the data.
const maxFailures = 100

func (r *Report) failures() Table {
	t := Table{Head: []string{"Run", "Workload", "Transport", "not used for", "because"}}
	more := 0
	for _, run := range r.Document.Runs {
		var reasons [][2]string
		if run.Error != "" {
			reasons = append(reasons, [2]string{"anything", run.Error})
		}
		for _, u := range run.Unfit {
			what := "anything"
			if u.For == result.ForTail {
				what = "tails"
			}
			reasons = append(reasons, [2]string{what, u.Reason})
		}
		for _, reason := range reasons {
			if len(t.Rows) == maxFailures {
				more++
				continue
			}
			t.Rows = append(t.Rows, []string{fmt.Sprintf("block %d, place %d", run.Block, run.Order), run.Workload, r.name(run.Arm), reason[0], reason[1]})
		}
	}
	if more > 0 {
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%d more", more), "", "", "", "in result.json"})
	}
	if len(t.Rows) == 0 {
		return Table{}
	}
	return t
}

func (r *Report) name(arm result.Arm) string {
	for _, a := range r.Arms {
		if a.ArmInfo.Arm == arm {
			return a.Name
		}
	}
	return arm.String()
}

func (r *Report) instrument() Table {
	t := Table{Head: []string{"Workload", "Transport", "lateness p50", "lateness p99", "driver CPU/msg", "p99 from due time", "p99 from actual send", "timer p99", "stolen"}}
	middle := func(runs []result.Run, of func(result.Run) (float64, bool)) string {
		var vs []float64
		for _, run := range runs {
			if v, ok := of(run); ok {
				vs = append(vs, v)
			}
		}
		if len(vs) == 0 {
			return "–"
		}
		return duration(stats.Summarize(vs).Median)
	}
	named := func(name string) func(result.Run) (float64, bool) {
		return func(run result.Run) (float64, bool) { return value(name, run) }
	}
	for _, s := range r.Sections {
		for _, row := range s.Rows {
			t.Rows = append(t.Rows, []string{s.Workload.Name, row.Arm.Name,
				middle(row.runs, func(run result.Run) (float64, bool) {
					return float64(run.Lateness.P50), run.Lateness.Count > 0
				}),
				middle(row.runs, named("lateness-p99-ns")),
				middle(row.runs, named("driver-cpu-ns/msg")),
				middle(row.runs, named("p99-ns")),
				middle(row.runs, named("uncorrected-p99-ns")),
				middle(row.runs, func(run result.Run) (float64, bool) {
					return float64(run.Noise.Timer.P99), run.Noise.Timer.Count > 0
				}),
				middle(row.runs, func(run result.Run) (float64, bool) { return float64(run.Noise.Stolen), true }),
			})
		}
	}
	if c := r.Document.Capacity; c != nil {
		t.Rows = append(t.Rows, []string{"capacity", "the driver against nothing", "", setting(c.Lateness), "", "", "", "", rate(c.Rate)})
	}
	return t
}

func (r *Report) calibration() Table {
	t := Table{Head: []string{"Check", "truth", "read", "tolerance", "verdict", "note"}}
	for _, c := range r.Document.Calibration {
		verdict := "passed"
		if !c.Passed {
			verdict = "FAILED"
		}
		t.Rows = append(t.Rows, []string{c.Name, significant(c.Truth) + " " + c.Unit, significant(c.Read) + " " + c.Unit, "± " + significant(c.Tolerance), verdict, c.Note})
	}
	return t
}

// traits are the rows of the table of properties, for the transports that the report has.
func (r *Report) traits() [][]string {
	var rows [][]string
	for _, trait := range traits {
		row := []string{trait.question}
		for _, arm := range r.TraitNames() {
			row = append(row, trait.answers[arm.ArmInfo.Arm.Transport])
		}
		rows = append(rows, row)
	}
	return rows
}
