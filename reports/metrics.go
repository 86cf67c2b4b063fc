package reports

import (
	"sync"

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
	"p90-ns": "p90", "p999-ns": "p99.9", "first-p50-ns": "first message", "reconnect-p50-ns": "connecting again",
	"replayed/reconnect": "replayed/cut", "up-B/msg": "up", "down-B/msg": "down", "switches/msg": "switches/msg", "goroutines/conn": "goroutines/conn",
	"lateness-p99-ns": "lateness p99", "driver-cpu-ns/msg": "driver CPU/msg", "uncorrected-p99-ns": "p99 from actual send",
}

// metric returns the metric of a name that this package knows.
func metric(name string) result.Metric { return metrics()[name] }

// metrics are all of them by name.
var metrics = sync.OnceValue(func() map[string]result.Metric {
	byName := map[string]result.Metric{}
	for _, m := range result.Metrics() {
		byName[m.Name] = m
	}
	return byName
})

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

// value is a metric of a run; false where the run lacks it or must not be used for it.
func value(name string, r result.Run) (float64, bool) { return metric(name).Value(r) }
