package compare

import (
	"fmt"
	"reflect"
	"strings"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// Differences names in what two documents differ besides the program: grave is what makes their figures differ
// whatever the program does, slight is what may.
func Differences(was, now *result.Document) (grave, slight []string) {
	add := func(list *[]string, differs bool, format string, args ...any) {
		if differs {
			*list = append(*list, fmt.Sprintf(format, args...))
		}
	}
	a, b := was.Environment, now.Environment
	add(&grave, was.Store.Kind != now.Store.Kind, "the store was %s and is %s", was.Store.Kind, now.Store.Kind)
	add(&grave, a.CPU != b.CPU || a.Cores != b.Cores || a.Arch != b.Arch, "the machine was %s with %d cores and is %s with %d", a.CPU, a.Cores, b.CPU, b.Cores)
	add(&grave, (a.Target == "") != (b.Target == ""), "the server was started by the driver in one and ran already in the other")
	x, y := was.Options, now.Options
	add(&grave, !reflect.DeepEqual(x, y), "the options of the transports differ: %s", fields(x, y))
	for _, w := range now.Workloads {
		for _, o := range was.Workloads {
			o.Thresholds, o.Explain, w.Thresholds, w.Explain = nil, "", nil, ""
			add(&grave, o.Name == w.Name && !reflect.DeepEqual(o, w), "the workload %s asks something else: %s", w.Name, fields(o, w))
		}
	}
	for _, n := range now.Nets {
		for _, o := range was.Nets {
			o.Achieved, n.Achieved = nil, nil
			add(&grave, o.Name == n.Name && o != n, "the network %s is another", n.Name)
		}
	}
	add(&slight, was.Store.Kind == now.Store.Kind && was.Store.Version != now.Store.Version, "the store was %s %s and is %s", was.Store.Kind, was.Store.Version, now.Store.Version)
	add(&slight, a.Go != b.Go, "the program was built by %s and is by %s", a.Go, b.Go)
	add(&slight, a.Kernel != b.Kernel, "the kernel was %s and is %s", a.Kernel, b.Kernel)
	add(&slight, a.GOMAXPROCS != b.GOMAXPROCS, "GOMAXPROCS was %d and is %d", a.GOMAXPROCS, b.GOMAXPROCS)
	add(&slight, a.Congestion != b.Congestion, "the congestion control was %s and is %s", a.Congestion, b.Congestion)
	for _, d := range []struct {
		when string
		*result.Document
	}{{"then", was}, {"now", now}} {
		add(&slight, d.Environment.Modified, "%s the program was built from sources with changes that were not committed", d.when)
		failed, lost := 0, uint64(0)
		for _, r := range d.Runs {
			if r.Error != "" {
				failed++
			}
			lost += r.Accounting.Lost
		}
		add(&slight, failed > 0, "%s %d of %d runs failed", d.when, failed, len(d.Runs))
		add(&slight, lost > 0, "%s %d messages were lost without a gap", d.when, lost)
		for _, c := range d.Calibration {
			add(&slight, !c.Passed && !c.Aside, "%s the calibration failed at %s", d.when, c.Name)
		}
	}
	return grave, slight
}

// fields names the fields in which two structs of the same type differ, with their values.
func fields[T result.Options | workload.Workload](was, now T) string {
	a, b := reflect.ValueOf(was), reflect.ValueOf(now)
	text := ""
	for i := range a.NumField() {
		if x, y := a.Field(i).Interface(), b.Field(i).Interface(); !reflect.DeepEqual(x, y) {
			if text != "" {
				text += ", "
			}
			name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("json"), ",")
			text += fmt.Sprintf("%s was %v and is %v", name, x, y)
		}
	}
	return text
}
