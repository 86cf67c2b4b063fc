package node

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/transports"
	"transportlab/transports/memlog"
)

// tenths is the stall test: 5 ms of service, and a second in every ten in which nothing is taken up.
var tenths = Stall{Service: 5 * time.Millisecond, Period: 10 * time.Second, Length: time.Second}

func TestTheStallsOfTheTruthAreThoseOfTheFormula(t *testing.T) {
	var sum time.Duration
	var all []time.Duration
	for at := time.Duration(0); at < 10*time.Second; at += time.Millisecond {
		took := tenths.Served(at) - at
		all = append(all, took)
		sum += took
	}
	slices.Sort(all)
	const ms = time.Millisecond
	for what, c := range map[string]struct{ got, want time.Duration }{
		"mean": {sum / time.Duration(len(all)), 55 * ms}, "p50": {all[5000], 5 * ms}, "p95": {all[9500], 505 * ms},
		"p99": {all[9900], 905 * ms}, "largest": {all[9999], 1005 * ms},
	} {
		if diff := c.got - c.want; diff < -ms || diff > ms {
			t.Errorf("%s is %s, want %s", what, c.got, c.want)
		}
	}
}

// In fake time every message takes exactly what the plant says.
func TestAPlantedStallIsKeptToTheNanosecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := Plant{Stall: tenths}.Log(memlog.New(memlog.Options{}))
		send := func(id string) time.Duration {
			start := time.Now()
			if _, err := log.Append(t.Context(), "a", transports.Message{ID: id}); err != nil {
				t.Fatal(err)
			}
			return time.Since(start)
		}
		if took := send("h0"); took != 0 {
			t.Errorf("before the measured part a message takes %s", took)
		}
		for i, want := range []time.Duration{1005 * time.Millisecond, 5 * time.Millisecond} {
			if took := send(fmt.Sprintf("m%d", i)); took != want {
				t.Errorf("message %d takes %s, want %s", i, took, want)
			}
		}
		time.Sleep(9*time.Second - 10*time.Millisecond + 250*time.Millisecond) // a quarter into the second stall
		start := time.Now()
		for _, r := range transports.AppendAll(t.Context(), log, "a", []transports.Message{{ID: "m2"}, {ID: "m3"}}) {
			if r.Err != nil {
				t.Error(r.Err)
			}
		}
		if took := time.Since(start); took != 755*time.Millisecond {
			t.Errorf("a batch takes %s, want 755ms", took)
		}
	})
}

func TestNothingPlantedChangesNothing(t *testing.T) {
	log := memlog.New(memlog.Options{})
	if got := (Plant{}).Log(log); got != transports.Log(log) {
		t.Errorf("an empty plant wraps the log: %T", got)
	}
	planted := Plant{Burn: 1}.Log(log)
	_, batches := planted.(transports.BatchLog)
	_, tells := planted.(transports.Notifier)
	if !batches || !tells {
		t.Errorf("a planted log can do less: %v, %v", batches, tells)
	}
	if _, err := planted.Append(t.Context(), "a", transports.Message{ID: "a"}); err != nil {
		t.Error(err)
	}
}
