package reports

import (
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// columns are what the table of a kind of workload shows, as metric names. The first is its headline:
// what its verdict is about.
func columns(kind workload.Kind) []string {
	switch kind {
	case workload.Idle:
		return []string{"B/conn", "idle-B/min", "idle-cpu-ns/conn/s"}
	case workload.Ingest:
		return []string{"ack-p50-ns", "ack-p99-ns", "msgs/s", "wire-B/msg", "cpu-ns/msg"}
	case workload.Resume:
		return []string{"catchup-p50-ns", "p50-ns", "p99-ns", "wire-B/msg", "cpu-ns/msg"}
	case workload.Chat:
		return []string{"p50-ns", "p99-ns", "ack-p50-ns", "age-ns", "msgs/s", "wire-B/msg", "cpu-ns/msg"}
	}
	return []string{"p50-ns", "p99-ns", "age-ns", "msgs/s", "wire-B/msg", "cpu-ns/msg"}
}

// heads are the columns' heads, short because a table has many; the full title and what it means for
// the reader stand in the list of metrics below.
var heads = map[string]string{
	"p50-ns": "p50", "p99-ns": "p99", "ack-p50-ns": "ack p50", "ack-p99-ns": "ack p99", "age-ns": "mean age",
	"catchup-p50-ns": "catch-up p50", "msgs/s": "messages/s", "wire-B/msg": "bytes/msg", "cpu-ns/msg": "server CPU/msg",
	"B/conn": "memory/conn", "idle-B/min": "bytes/min", "idle-cpu-ns/conn/s": "CPU/conn/s",
	"lateness-p99-ns": "lateness p99", "driver-cpu-ns/msg": "driver CPU/msg", "uncorrected-p99-ns": "p99 from actual send",
}

// metric returns the metric of a name that columns knows.
func metric(name string) result.Metric {
	m, _ := result.FindMetric(name)
	return m
}

// write is a value of a metric with its unit, for people.
func write(m result.Metric, v float64) string {
	switch m.Unit {
	case "ns":
		return duration(v)
	case "B":
		return size(v)
	case "1/s":
		return rate(v)
	}
	return significant(v)
}

// minSamples is how many deliveries a run needs to have a percentile at all; a single run's is then still
// one message's luck, which the median over runs evens out.
var minSamples = map[string]uint64{"p99-ns": 100, "uncorrected-p99-ns": 100, "ack-p99-ns": 100, "lateness-p99-ns": 100, "p999-ns": 1000}

// value is a metric of a run; false where the run lacks it or must not be used for it.
func value(name string, r result.Run) (float64, bool) {
	h := r.Delivery
	switch name {
	case "ack-p99-ns":
		h = r.Ack
	case "lateness-p99-ns":
		h = r.Lateness
	}
	if h.Count < minSamples[name] {
		return 0, false
	}
	return metric(name).Value(r)
}
