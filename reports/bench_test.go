package reports

import (
	"fmt"
	"testing"

	"transportlab/bench/result"
)

// BenchmarkLargestReport writes a report of as many arms as one may have, over all workloads of the fixture.
func BenchmarkLargestReport(b *testing.B) {
	d := fixture(b, 8)
	runs := d.Runs
	d.Runs = nil
	base := d.Arms[2]
	d.Arms = nil
	for i := range maxArms {
		arm := base
		arm.Arm.Variant = fmt.Sprintf("number=%d", i+1)
		d.Arms = append(d.Arms, arm)
		for k, r := range runs {
			if r.Arm == base.Arm {
				r.Arm = arm.Arm
				r.Timeline = timelineOf(k + i)
				d.Runs = append(d.Runs, r)
			}
		}
	}
	dir := b.TempDir()
	for b.Loop() {
		r, err := New(d)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Write(dir); err != nil {
			b.Fatal(err)
		}
	}
}

func timelineOf(seed int) []result.Moment {
	var list []result.Moment
	for i := range 20 {
		p50 := 1e6 * (1 + float64((seed*31+i*17)%11)/10)
		list = append(list, result.Moment{At: float64(i) / 4, Count: 500, P50: p50, P99: 2 * p50, Max: 3 * p50})
	}
	return list
}
