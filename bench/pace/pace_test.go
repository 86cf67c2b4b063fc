package pace

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const us = time.Microsecond

// A clock moves only when slept on, and by late more than asked.
type clock struct {
	now, late time.Duration
	slept     []time.Duration
}

func (c *clock) sleep(d time.Duration) {
	c.slept = append(c.slept, d)
	c.now += d + c.late
}

func TestRunHandsOverWhatHasCome(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    []time.Duration
		late  time.Duration
		calls [][2]int
		slept []time.Duration
	}{
		{"at once", []time.Duration{0, 0, 0}, 0, [][2]int{{0, 3}}, nil},
		{"sparse moments are met exactly", []time.Duration{0, 1000 * us, 2500 * us}, 0,
			[][2]int{{0, 1}, {1, 2}, {2, 3}}, []time.Duration{1000 * us, 1500 * us}},
		{"dense moments are handed over together", []time.Duration{50 * us, 100 * us, 150 * us, 200 * us, 250 * us}, 0,
			[][2]int{{0, 4}, {4, 5}}, []time.Duration{200 * us, 200 * us}},
		{"a late wake-up catches up", []time.Duration{100 * us, 300 * us, 900 * us}, 500 * us,
			[][2]int{{0, 2}, {2, 3}}, []time.Duration{200 * us, 200 * us}},
		{"long waits are sliced", []time.Duration{50_000 * us}, 0, [][2]int{{0, 1}}, []time.Duration{20_000 * us, 20_000 * us, 10_000 * us}},
		{"nothing to do", nil, 0, nil, nil},
	} {
		clock := &clock{late: c.late}
		var calls [][2]int
		n, err := run(t.Context(), c.at, func(from, to int) { calls = append(calls, [2]int{from, to}) }, func() time.Duration { return clock.now }, clock.sleep)
		if err != nil || n != len(c.at) || !slices.Equal(calls, c.calls) || !slices.Equal(clock.slept, c.slept) {
			t.Errorf("%s: %d, %v; handed over %v after sleeps %v, want %v after %v", c.name, n, err, calls, clock.slept, c.calls, c.slept)
		}
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	clock := &clock{}
	n, err := run(ctx, []time.Duration{0, time.Hour}, func(int, int) { cancel() }, func() time.Duration { return clock.now }, clock.sleep)
	if n != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("handed over %d and returned %v", n, err)
	}
}

func TestRunKeepsARealSchedule(t *testing.T) {
	at := []time.Duration{0, 3 * time.Millisecond, 3 * time.Millisecond, 7 * time.Millisecond}
	start := time.Now()
	early, total := 0, 0
	n, err := Run(t.Context(), start, at, func(from, to int) {
		total += to - from
		if time.Since(start) < at[to-1] {
			early++
		}
	})
	if n != len(at) || total != len(at) || early != 0 || err != nil {
		t.Errorf("handed over %d (%d), %d of them early, %v", n, total, early, err)
	}
}
