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

// BenchmarkSize is the workload push in sizes, over HTTP/1.1.
func BenchmarkSize(b *testing.B) {
	var sizes []workload.Workload
	for _, size := range []int{16, 1 << 10, 64 << 10} {
		w := brief(b, "push")
		w.Size = size
		sizes = append(sizes, w)
	}
	each(b, "h1", "", sizes...)
}

// BenchmarkNet is the workload push over a round trip of 50 ms, through HTTP/1.1.
func BenchmarkNet(b *testing.B) { each(b, "h1", "rtt=50ms", brief(b, "push")) }

func benchmark(b *testing.B, name string) { each(b, "", "", brief(b, name)) }

// brief is a built-in workload, shortened: of the many combinations each is to have its turn.
func brief(b *testing.B, name string) workload.Workload {
	w, err := workload.Find(name)
	if err != nil {
		b.Fatal(err)
	}
	w.Duration = min(w.Duration, 1000*ms)
	return w
}

// each runs workloads on every transport over one carrier, or all that it runs on, under one network condition,
// or none.
func each(b *testing.B, carrier, net string, workloads ...workload.Workload) {
	p := DefaultPlan()
	p.Blocks, p.Reference = 1, ""
	for _, t := range all.Transports(transports.Options{}) {
		carriers := t.Info().Carriers
		if carrier != "" {
			carriers = []string{carrier}
		}
		arms, err := Arms([]string{t.Info().Name}, carriers)
		if err != nil {
			b.Fatal(err)
		}
		if net != "" {
			if arms, err = Under(arms, []string{net}, []string{""}); err != nil {
				b.Fatal(err)
			}
		}
		// Each dimension is a level of its own, so that -bench can select by it: 'Push/longpoll/h2c'.
		b.Run("transport="+t.Info().Name, func(b *testing.B) {
			for _, a := range arms {
				b.Run("carrier="+a.Carrier, func(b *testing.B) {
					p.Arms = []result.Arm{a}
					if net == "" {
						sized(b, p, workloads)
						return
					}
					b.Run(net, func(b *testing.B) { sized(b, p, workloads) })
				})
			}
		})
	}
}

func sized(b *testing.B, p Plan, workloads []workload.Workload) {
	b.Run(fmt.Sprintf("clients=%d", workloads[0].Clients), func(b *testing.B) {
		for _, w := range workloads {
			p.Workloads = []workload.Workload{w}
			b.Run(fmt.Sprintf("size=%d", w.Size), func(b *testing.B) { runs(b, p) })
		}
	})
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
