package bench

import (
	"fmt"
	"testing"

	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/all"
)

// The benchmarks of this file are the built-in workloads on every transport and carrier, through testing.B:
//
//	go test -run '^$' -bench Fanout -count 10 ./bench | tee out && go tool benchstat -col /transport out
//
// An iteration is one run, fresh server included. Repetitions of one benchmark follow each other; a
// comparison that is to be published takes turns instead, which `transportlab run` does.

func BenchmarkPush(b *testing.B)   { benchmark(b, "push") }
func BenchmarkFanout(b *testing.B) { benchmark(b, "fanout") }
func BenchmarkRtt(b *testing.B)    { benchmark(b, "rtt") }
func BenchmarkIdle(b *testing.B)   { benchmark(b, "idle") }
func BenchmarkChat(b *testing.B)   { benchmark(b, "chat") }
func BenchmarkIngest(b *testing.B) { benchmark(b, "ingest") }

func benchmark(b *testing.B, name string) {
	w, err := workload.Find(name)
	if err != nil {
		b.Fatal(err)
	}
	w.Duration = min(w.Duration, 1000*ms) // of the many combinations each is to have its turn
	p := DefaultPlan()
	p.Blocks, p.Workloads, p.Reference = 1, []workload.Workload{w}, ""
	for _, t := range all.Transports(transports.Options{}) {
		arms, err := Arms([]string{t.Info().Name}, t.Info().Carriers)
		if err != nil {
			b.Fatal(err)
		}
		// Each dimension is a level of its own, so that -bench can select by it: 'Push/longpoll/h2c'.
		b.Run("transport="+t.Info().Name, func(b *testing.B) {
			for _, a := range arms {
				b.Run("carrier="+a.Carrier, func(b *testing.B) {
					p.Arms = []result.Arm{a}
					b.Run(fmt.Sprintf("clients=%d", w.Clients), func(b *testing.B) {
						b.Run(fmt.Sprintf("size=%d", w.Size), func(b *testing.B) { runs(b, p) })
					})
				})
			}
		})
	}
}

// runs runs a plan of one arm for each iteration and reports the medians.
func runs(b *testing.B, p Plan) {
	l := ledger{}
	for b.Loop() {
		d, err := Run(b.Context(), p, nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range result.Metrics() {
			if v, ok := m.Value(d.Runs[0]); ok {
				l.add(m.Name, v)
			}
		}
	}
	l.report(b)
}
