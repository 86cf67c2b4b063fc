package theory

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

func TestFormsOfTheLiterature(t *testing.T) {
	polling := question("polling", 80*ms, 230*ms, poisson(4)) // a pause of 150 ms (Pimentel and Nickerson 2012): 155 ms in the mean
	f, _ := Delivery(polling)
	if f.Mean != 155*ms || f.Lo != 40*ms || f.Hi != 270*ms || !f.Spread || !f.Drawn {
		t.Errorf("polling after pauses of 150 ms: %+v, want 155 ms in [40 ms, 270 ms]", f)
	}
	if got := f.Quantile(0.5); (got-155*ms).Abs() > 1 || f.Quantile(0) != 40*ms || f.Quantile(1) != 270*ms {
		t.Errorf("quantiles of %s: %s", f.Text, got)
	}
	polling.Beside = false
	if f, _ = Delivery(polling); f.Mean != 195*ms {
		t.Errorf("with the publisher's own way: %s, want 195 ms", f.Mean)
	}
	polling.Floor = ms
	if f, _ = Delivery(polling); f.Mean != 196*ms {
		t.Errorf("above a floor of 1 ms: %s, want 196 ms", f.Mean)
	}
	long := question("longpoll", 50*ms, 0, poisson(2))
	f, _ = Delivery(long)
	x := 0.1 * math.Exp(0.1)
	if want := time.Duration((25 + 25*x/(1+x)) * 1e6); (f.Mean-want).Abs() > time.Microsecond || f.Hi != 75*ms || f.Spread {
		t.Errorf("longpoll: %+v, want a mean of %s and at most three transits", f, want)
	}
	push := question("websocket", 50*ms, 0, poisson(2))
	if f, _ = Delivery(push); f.Mean != 25*ms || f.Lo != f.Hi || f.Spread {
		t.Errorf("push: %+v, want one transit", f)
	}
}

func TestEchoes(t *testing.T) {
	rtt := workload.Workload{Kind: workload.RTT}
	for name, want := range map[string]time.Duration{"websocket": 51 * ms, "longpoll": 51 * ms, "ajax": 51 * ms, "polling": 250 * ms} {
		q := question(name, 50*ms, 250*ms, rtt)
		q.Floor = ms
		for _, q.Beside = range []bool{false, true} {
			if f, ok := Delivery(q); !ok || f.Mean != want || f.Drawn {
				t.Errorf("%s: %+v, want %s", name, f, want)
			}
		}
	}
	racing := question("polling", 300*ms, 250*ms, rtt)
	if f, ok := Delivery(racing); !ok || f.CDF != nil || f.Lo != 300*ms || f.Hi != 600*ms {
		t.Errorf("a race: %+v", f)
	}
}

func TestWhatNoFormForesees(t *testing.T) {
	for _, kind := range []workload.Kind{workload.Idle, workload.Ingest, workload.Resume} {
		if _, ok := Delivery(question("websocket", 50*ms, 0, workload.Workload{Kind: kind})); ok {
			t.Errorf("%s has a form", kind)
		}
	}
	if _, ok := Delivery(question("pigeon", 50*ms, 0, poisson(1))); ok {
		t.Error("an unknown arm that is asked has a form")
	}
	for what, n := range map[string]result.Net{"sent again": {RTT: 60 * ms, Loss: 0.01}, "varies": {RTT: 60 * ms, Jitter: ms}, "the link takes": {RTT: 60 * ms, Bandwidth: 1e4}} {
		q := question("polling", 0, 250*ms, poisson(4))
		q.Net = n
		f, ok := Delivery(q)
		if !ok || f.CDF != nil || f.Hi != 0 || f.Mean != 0 || !strings.Contains(f.Explain, what) {
			t.Errorf("%+v: %+v, want a lower bound and %q", n, f, what)
		}
	}
	bursts := question("longpoll", 50*ms, 0, workload.Workload{Kind: workload.Burst, Rate: 200})
	if f, ok := Delivery(bursts); !ok || f.CDF != nil || f.Lo != 25*ms || f.Hi != 75*ms {
		t.Errorf("bursts: %+v, want bounds", f)
	}
}

func TestAchievedRoundTripAndVariantCount(t *testing.T) {
	q := question("polling", 50*ms, 250*ms, poisson(4))
	q.Net.Achieved = &result.Achieved{RTT: 60 * ms}
	q.Arm.Variant = "interval=100ms"
	if f, _ := Delivery(q); f.Lo != 30*ms || f.Hi != 130*ms {
		t.Errorf("%+v, want [30 ms, 130 ms]", f)
	}
	long := question("longpoll", 50*ms, 0, workload.Workload{Kind: workload.Idle})
	long.Arm.Variant = "hold=950ms,proxy=nginx"
	if got, ok := Asks(long); !ok || math.Abs(got.Asked-1) > 1e-9 {
		t.Errorf("requests that are held for 950 ms: %+v", got)
	}
	held := question("streaming", 50*ms, 0, poisson(1))
	held.Push = true
	if _, ok := Delivery(held); !ok {
		t.Error("a stream has no form")
	}
	held.Arm.Variant = "proxy=nginx-ignoring"
	if _, ok := Delivery(held); ok {
		t.Error("a stream that a proxy holds back has a form")
	}
}

// The test statistic must find a known distance, and P must be uniform where the form is true.
func TestKolmogorovSmirnov(t *testing.T) {
	form, _ := Delivery(question("polling", 80*ms, 230*ms, poisson(4)))
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, shift time.Duration) []Bin {
		counts := map[time.Duration]uint64{}
		for range n {
			at := form.Lo + shift + time.Duration(rng.Float64()*float64(form.Hi-form.Lo))
			counts[at/(100*time.Microsecond)]++
		}
		var bins []Bin
		for i := time.Duration(0); i < 4000; i++ {
			if counts[i] > 0 {
				bins = append(bins, Bin{i * 100 * time.Microsecond, (i+1)*100*time.Microsecond - 1, counts[i]})
			}
		}
		return bins
	}
	low := 0
	const times = 400
	for range times {
		if KS(draw(500, 0), form, 500).P < 0.05 {
			low++
		}
	}
	if low > 36 { // binomial: 20 expected, 36 and more in 4 of 10,000 times
		t.Errorf("p < 0.05 in %d of %d true cases", low, times)
	}
	off := KS(draw(20_000, 23*ms), form, 20_000)
	if math.Abs(off.D-0.1) > 0.01 || off.P > 1e-6 || off.Slack > 0.001 || !strings.Contains(off.Text, "leaves out") {
		t.Errorf("a tenth away: %+v", off)
	}
	if few := KS(draw(20_000, 23*ms), form, 20); few.P < 0.05 || few.N != 20 {
		t.Errorf("deliveries of 20 messages count as %d, p = %v", few.N, few.P)
	}
	form.Drawn = false
	if even := KS(draw(100, 0), form, 100); !math.IsNaN(even.P) || even.D == 0 {
		t.Errorf("even spacing: %+v, want a D without a P", even)
	}
	if none := KS(nil, form, 0); !math.IsNaN(none.P) || none.D != 0 {
		t.Errorf("nothing: %+v", none)
	}
}

func TestKolmogorovsDistribution(t *testing.T) {
	// The table of the limiting distribution: 1.3581 is exceeded with 5 %, 1.6276 with 1 % (Smirnov 1948).
	for x, want := range map[float64]float64{1.3581: 0.05, 1.6276: 0.01, 0.5712: 0.9} {
		const n = 1e8
		if got := kolmogorov(x/math.Sqrt(n), n); math.Abs(got-want) > 0.0005 {
			t.Errorf("beyond %v: %v, want %v", x, got, want)
		}
	}
	if got := kolmogorov(0, 100); got != 1 {
		t.Errorf("no distance: %v", got)
	}
}
