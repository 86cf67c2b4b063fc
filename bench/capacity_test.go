package bench

import (
	"testing"
	"time"

	"transportlab/bench/result"
)

func TestRunsAboveHalfTheCapacityAreUnfitForTails(t *testing.T) {
	c := &result.Capacity{Rate: 1000}
	run := func(scheduled, expected uint64, closed bool) result.Run {
		return result.Run{Window: 2 * time.Second, Closed: closed, Accounting: result.Accounting{Scheduled: scheduled, Expected: expected}}
	}
	for _, tc := range []struct {
		what  string
		run   result.Run
		c     *result.Capacity
		unfit bool
	}{
		{"half of it", run(1000, 1000, false), c, false},
		{"more sends", run(1001, 0, false), c, true},
		{"more deliveries", run(10, 1100, false), c, true},
		{"a closed loop has no schedule", run(5000, 5000, true), c, false},
		{"nobody knows the capacity", run(5000, 5000, false), nil, false},
	} {
		list := strained(tc.run, tc.c)
		if got := len(list) == 1 && list[0].For == result.ForTail; got != tc.unfit {
			t.Errorf("%s: unfit %v, want %v", tc.what, list, tc.unfit)
		}
	}
}
