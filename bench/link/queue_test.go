package link

import (
	"math"
	"testing"
	"time"

	"transportlab/bench/result"
)

const ms = int64(time.Millisecond)

func TestAPacketTravelsForHalfTheRTT(t *testing.T) {
	w := newWay(result.Net{RTT: 50 * time.Millisecond}, 1, 1)
	for _, now := range []int64{0, 5, 7 * ms} {
		if due, f := w.offer(now, 1500); f != arrives || due != now+25*ms {
			t.Errorf("entering at %d it arrives at %d (%d)", now, due, f)
		}
	}
}

func TestPacketsTakeTheirTimeAtTheRate(t *testing.T) {
	w := newWay(result.Net{RTT: 20 * time.Millisecond, Bandwidth: 12e6}, 1, 1) // 1,500 bytes a millisecond
	for i := range int64(10) {
		if due, f := w.offer(0, 1500); f != arrives || due != 10*ms+(i+1)*ms {
			t.Errorf("packet %d arrives at %d (%d)", i, due, f)
		}
	}
	if due, _ := w.offer(100*ms, 750); due != 110*ms+ms/2 {
		t.Errorf("on the idle link half a packet arrives at %d", due)
	}
}

func TestTheQueueHoldsABandwidthDelayProductOr256kB(t *testing.T) {
	for _, c := range []struct {
		net  result.Net
		want int // packets of 1,000 bytes
	}{
		{result.Net{RTT: 10 * time.Millisecond, Bandwidth: 8e6}, 256},    // 10 kB would be one product
		{result.Net{RTT: 100 * time.Millisecond, Bandwidth: 80e6}, 1000}, // 1 MB
	} {
		w := newWay(c.net, 1, 1)
		held := 0
		for range 2000 {
			if _, f := w.offer(0, 1000); f == arrives {
				held++
			}
		}
		if held != c.want {
			t.Errorf("%+v holds %d packets, want %d", c.net, held, c.want)
		}
	}
}

func TestLossIsTheShareAskedForAndTheSeedsOwn(t *testing.T) {
	lost := func(seed uint64) (n int, which uint64) {
		w := newWay(result.Net{Loss: 0.01}, seed, 1)
		for i := range uint64(100_000) {
			if _, f := w.offer(int64(i), 100); f == isLost {
				n++
				which = which*31 + i
			}
		}
		return n, which
	}
	n, which := lost(7)
	if sd := math.Sqrt(100_000 * 0.01 * 0.99); math.Abs(float64(n)-1000) > 4*sd {
		t.Errorf("%d of 100,000 were lost", n)
	}
	if _, again := lost(7); again != which {
		t.Error("the same seed loses other packets")
	}
	if _, other := lost(8); other == which {
		t.Error("another seed loses the same packets")
	}
}

func TestJitterHasItsDeviationAndReordersNothing(t *testing.T) {
	w := newWay(result.Net{RTT: 100 * time.Millisecond, Jitter: 2 * time.Millisecond}, 3, 1)
	var sum, squares float64
	const n = 20_000
	for i := range int64(n) {
		due, _ := w.offer(i*100*ms, 100) // far apart: nothing waits for the one before
		d := float64(due-i*100*ms) / 1e6
		sum += d
		squares += d * d
	}
	mean := sum / n
	if sd := math.Sqrt(squares/n - mean*mean); math.Abs(mean-50) > 0.1 || math.Abs(sd-2) > 0.1 {
		t.Errorf("delays are %.2f ± %.2f ms", mean, sd)
	}
	last := int64(0)
	for i := range int64(n) {
		due, _ := w.offer(n*100*ms+i*1000, 100) // close together
		if due < last {
			t.Fatalf("packet %d overtakes", i)
		}
		last = due
	}
}

func TestATrainKeepsOrderAndItsBounds(t *testing.T) {
	var tr train
	next, first := byte(0), byte(0)
	for round := range 50 {
		for range round + 3 {
			if !tr.push(int64(next), []byte{next}) {
				t.Fatal("no room")
			}
			next++
		}
		for range round + 2 {
			p := tr.first()
			if p == nil || p.data[0] != first || p.due != int64(first) {
				t.Fatalf("packet %v, want %d", p, first)
			}
			tr.pop()
			first++
		}
	}
	for tr.push(0, nil) {
	}
	if tr.size != maxWaiting {
		t.Errorf("it holds %d packets", tr.size)
	}
}
