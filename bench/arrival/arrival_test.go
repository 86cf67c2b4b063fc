package arrival

import (
	"math"
	"slices"
	"testing"
	"time"

	"transportlab/bench/workload"
)

const ms = time.Millisecond

func TestTimesOfTheRegularProcesses(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrival workload.Arrival
		rate    float64
		length  time.Duration
		want    []time.Duration
	}{
		{"constant", workload.Arrival{Process: workload.Constant}, 4, time.Second, []time.Duration{0, 250 * ms, 500 * ms, 750 * ms}},
		{"constant, not a whole number", workload.Arrival{Process: workload.Constant}, 3, time.Second, []time.Duration{0, 333333333, 666666667}},
		{"constant, less than one", workload.Arrival{Process: workload.Constant}, 0.5, time.Second, []time.Duration{0}},
		{"burst", workload.Arrival{Process: workload.Bursts, Burst: 3}, 6, time.Second, []time.Duration{0, 0, 0, 500 * ms, 500 * ms, 500 * ms}},
		{"onoff", workload.Arrival{Process: workload.OnOff, On: workload.Duration(200 * ms), Off: workload.Duration(300 * ms)}, 10, time.Second,
			[]time.Duration{0, 100 * ms, 500 * ms, 600 * ms}},
		{"onoff, cut in the middle", workload.Arrival{Process: workload.OnOff, On: workload.Duration(200 * ms), Off: workload.Duration(300 * ms)}, 10, 550 * ms,
			[]time.Duration{0, 100 * ms, 500 * ms}},
	} {
		if got := Times(c.arrival, c.rate, c.length, 1); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestConstantTimesDoNotDrift(t *testing.T) {
	times := Times(workload.Arrival{Process: workload.Constant}, 30_000, time.Minute, 1)
	if n, last := len(times), times[len(times)-1]; n != 1_800_000 || last != time.Duration(math.Round(1_799_999.0/30_000*1e9)) {
		t.Errorf("%d times, the last at %s", n, last)
	}
}

// TestPoissonTimesArePoisson holds the drawn times against the theory: their number, the mean and the
// variance of the distances (both those of an exponential distribution), the largest difference between
// the distances' distribution and the exponential (Kolmogorov–Smirnov, α = 0.001), and no correlation
// between neighbours.
func TestPoissonTimesArePoisson(t *testing.T) {
	const rate, length = 1000.0, 100 * time.Second
	times := Times(workload.Arrival{Process: workload.Poisson}, rate, length, 42)
	n := float64(len(times))
	if math.Abs(n-rate*length.Seconds()) > 3.3*math.Sqrt(rate*length.Seconds()) {
		t.Errorf("%v times, want about %v", n, rate*length.Seconds())
	}
	gaps := make([]float64, len(times)-1)
	for i := range gaps {
		gaps[i] = (times[i+1] - times[i]).Seconds() * rate
	}
	mean, square, neighbours := 0.0, 0.0, 0.0
	for i, g := range gaps {
		mean += g / n
		square += (g - 1) * (g - 1) / n
		if i > 0 {
			neighbours += (g - 1) * (gaps[i-1] - 1) / n
		}
	}
	if math.Abs(mean-1) > 0.011 || math.Abs(square-1) > 0.03 || math.Abs(neighbours) > 0.011 {
		t.Errorf("distances have mean %.4f, variance %.4f, correlation %.4f; want 1, 1, 0", mean, square, neighbours)
	}
	slices.Sort(gaps)
	distance := 0.0
	for i, g := range gaps {
		distance = max(distance, math.Abs(1-math.Exp(-g)-float64(i)/n))
	}
	if distance > 1.95/math.Sqrt(n) {
		t.Errorf("the distances' distribution is %.5f away from the exponential", distance)
	}
}

func TestTimesAreAFunctionOfTheSeed(t *testing.T) {
	a := workload.Arrival{Process: workload.Poisson}
	if !slices.Equal(Times(a, 100, time.Second, 5), Times(a, 100, time.Second, 5)) {
		t.Error("the same seed gives different times")
	}
	if slices.Equal(Times(a, 100, time.Second, 5), Times(a, 100, time.Second, 6)) {
		t.Error("different seeds give the same times")
	}
}

func TestScheduleDealsMessagesToTopicsAndTheirPublishers(t *testing.T) {
	w := workload.Workload{Name: "x", Kind: workload.Chat, Clients: 5, Topics: 2, Rate: 8}.WithDefaults()
	s := New(w, time.Second, 1, nil)
	if want := []int32{0, 1, 0, 1, 0, 1, 0, 1}; !slices.Equal(s.Topic, want) {
		t.Errorf("topics %v, want %v", s.Topic, want)
	}
	if want := []int32{0, 1, 2, 3, 4, 1, 0, 3}; !slices.Equal(s.Publisher, want) {
		t.Errorf("publishers %v, want %v", s.Publisher, want)
	}
}

func TestScheduleOfIdleAndOfClosedLoopsIsEmpty(t *testing.T) {
	for _, kind := range []workload.Kind{workload.Idle, workload.RTT} {
		if s := New(workload.Workload{Name: "x", Kind: kind}.WithDefaults(), time.Second, 1, nil); len(s.At) != 0 {
			t.Errorf("%s has %d messages", kind, len(s.At))
		}
	}
}

func TestScheduleRepeatsATraceAtItsSpeed(t *testing.T) {
	trace := &TraceFile{Length: 30 * ms, Entries: []Entry{{At: 0, Topic: "a", Size: 3}, {At: 10 * ms, Topic: "b", Size: 2, Body: "hi"}, {At: 20 * ms, Topic: "a", Size: 4}}}
	w := workload.Workload{Name: "x", Kind: workload.Push, Clients: 2, Arrival: workload.Arrival{Process: workload.Trace, Trace: "t", Speed: 2}}.WithDefaults()
	s := New(w, 22*ms, 1, trace)
	if want := []time.Duration{0, 5 * ms, 10 * ms, 15 * ms, 20 * ms}; !slices.Equal(s.At, want) {
		t.Errorf("times %v, want %v", s.At, want)
	}
	if want := []int32{0, 1, 0, 0, 1}; !slices.Equal(s.Topic, want) {
		t.Errorf("topics %v, want %v", s.Topic, want)
	}
	if want := []int32{3, 2, 4, 3, 2}; !slices.Equal(s.Size, want) {
		t.Errorf("sizes %v, want %v", s.Size, want)
	}
	if s.Body[1] != "hi" || s.Body[0] != "" {
		t.Errorf("bodies %q", s.Body)
	}
}

func TestIDsAreReadBack(t *testing.T) {
	for _, i := range []int{0, 1, 35, 36, 1 << 30} {
		if part, got, ok := ParseID(ID('m', i)); !ok || part != 'm' || got != i {
			t.Errorf("%d is read back as %c %d %v", i, part, got, ok)
		}
	}
	for _, id := range []string{"", "m", "m-1", "mZ", "m zz", "mzzzzzzzzzz"} {
		if _, i, ok := ParseID(id); ok {
			t.Errorf("%q is read as %d", id, i)
		}
	}
}

func TestBodiesAreDrawnFromTheSeed(t *testing.T) {
	a, b := NewBodies(100, false, 1), NewBodies(100, false, 1)
	for i := range 300 {
		data := a.Of(i, 100)
		if !slices.Equal(data, b.Of(i, 100)) {
			t.Fatal("the same seed gives different bodies")
		}
		if slices.Equal(data, a.Of(i+1, 100)) {
			t.Fatal("neighbours are alike")
		}
		for _, c := range data {
			if c < ' ' || c > '~' {
				t.Fatalf("text holds the byte %#x", c)
			}
		}
	}
	seen := map[byte]bool{}
	for _, c := range NewBodies(10_000, true, 1).Of(0, 10_000) {
		seen[c] = true
	}
	if len(seen) != 256 {
		t.Errorf("binary data has %d different bytes", len(seen))
	}
}
