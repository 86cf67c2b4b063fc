package stats

import (
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// Headline names the metric that a kind of workload is about: verdicts, precision and stability are said of it.
func Headline(kind workload.Kind) string {
	switch kind {
	case workload.Idle:
		return "B/conn"
	case workload.Ingest:
		return "ack-p50-ns"
	case workload.Resume:
		return "catchup-p50-ns"
	}
	return "p50-ns"
}

// A Series is what the runs of one arm say of a workload's headline, in the order in which they ran.
type Series struct {
	Workload workload.Workload
	Arm      result.Arm
	Metric   string
	Values   []float64    // of the runs that have it and are fit for it
	Runs     []result.Run // those
	All      int          // runs, fit or not
}

// Headlines returns a series for every workload and arm of a document that were asked for together, in the
// document's order.
func Headlines(d *result.Document) []Series {
	var list []Series
	for _, w := range d.Workloads {
		m, _ := result.FindMetric(Headline(w.Kind))
		for _, a := range d.Arms {
			s := Series{Workload: w, Arm: a.Arm, Metric: m.Name}
			for _, r := range d.Runs {
				if r.Workload != w.Name || r.Arm != a.Arm {
					continue
				}
				s.All++
				if v, ok := m.Value(r); ok {
					s.Values, s.Runs = append(s.Values, v), append(s.Runs, r)
				}
			}
			if s.All > 0 {
				list = append(list, s)
			}
		}
	}
	return list
}
