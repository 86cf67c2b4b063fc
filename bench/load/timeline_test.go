package load

import (
	"testing"
	"time"
)

func TestTimelineHoldsLatenciesByTheTimeTheyWereDue(t *testing.T) {
	var line timeline
	const ms = time.Millisecond
	line.begin(2000 * ms) // a stretch is 100 ms
	var a, b stretch
	for i := range 2000 { // a stall at 500 ms, which lasts 300 ms, holds up what was due meanwhile
		due, latency := time.Duration(i)*ms, ms
		if due >= 500*ms && due < 800*ms {
			latency += 800*ms - due
		}
		a.record(&line, due, latency)
	}
	b.record(&line, -ms, 7*ms)       // an instant before its time
	b.record(&line, 2500*ms, 9*ms)   // a closed loop's last message
	b.record(&line, 150*ms, 2000*ms) // what is delivered again is of an earlier stretch
	a.flush()
	b.flush()
	moments := line.moments()
	if len(moments) != stretches {
		t.Fatalf("%d stretches", len(moments))
	}
	for i, m := range moments {
		if want := float64(i) * 0.1; m.At < want-1e-9 || m.At > want+1e-9 {
			t.Errorf("stretch %d begins at %v s, want %v s", i, m.At, want)
		}
		want := uint64(100)
		if i == 0 || i == 1 || i == stretches-1 {
			want++
		}
		stalled := i >= 5 && i < 8
		if m.Count != want || (m.P50 > 20e6) != stalled || m.P50 > m.P99 || m.P99 > m.Max {
			t.Errorf("stretch %d: %+v", i, m)
		}
	}
	if max := moments[1].Max; max < 1.99e9 || max > 2.01e9 {
		t.Errorf("the greatest latency of stretch 1 is %v, want 2 s", max)
	}
	if got := moments[5].Max; got < 300e6 || got > 302e6 {
		t.Errorf("the greatest latency of stretch 5 is %v, want 301 ms", got)
	}
}

func TestTimelineWithoutDeliveriesIsNone(t *testing.T) {
	var line timeline
	line.begin(time.Second)
	if m := line.moments(); m != nil {
		t.Errorf("moments %+v", m)
	}
	new(stretch).flush() // of a client that received nothing
}
