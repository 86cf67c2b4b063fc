package calibrate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/stats"
)

const ms = time.Millisecond

func TestBinomialIntervalsHoldAllButTheChance(t *testing.T) {
	for _, c := range []struct {
		n      int
		p, out float64
		lo, hi int // computed with exact fractions
	}{
		{200, 0.05, 0.05, 4, 16},
		{200, 0.05, 0.001, 2, 21},
		{1200, 0.5, 0.001, 543, 657},
		{10, 0.5, 0.05, 2, 8},
		{1, 0.5, 0.001, 0, 1},
	} {
		if lo, hi := binomial(c.n, c.p, c.out); lo != c.lo || hi != c.hi {
			t.Errorf("binomial(%d, %g, %g) = %d to %d, want %d to %d", c.n, c.p, c.out, lo, hi, c.lo, c.hi)
		}
	}
}

// Each planted fault makes a check fail, and its absence does not.
func TestVerdicts(t *testing.T) {
	full := stallOf(false)
	other := full
	other.stall.Length = 900 * ms // not what is claimed
	forgiving := distribution{mean: 55 * ms, p50: 5 * ms, p95: 17 * ms, p99: 905 * ms, largest: 1005 * ms}
	run := result.Run{Error: "promises were broken", Accounting: result.Accounting{Lost: 10, Repeated: 10, Reordered: 10, Delivered: 100, Expected: 100}}
	silent := run
	silent.Error = ""
	for _, c := range []struct {
		what   string
		checks []result.Check
		passes bool
	}{
		{"a delay", []result.Check{judgeDelay(5*ms, 5*ms, 5*ms+90*time.Microsecond)}, true},
		{"a delay of 5.5 ms that claims to be 5", []result.Check{judgeDelay(5*ms, 5*ms, 5500*time.Microsecond)}, false},
		{"a short delay 49 µs off", []result.Check{judgeDelay(ms/2, ms/2, ms/2+49*time.Microsecond)}, true},
		{"a short delay 51 µs off", []result.Check{judgeDelay(ms/2, ms/2, ms/2-51*time.Microsecond)}, false},
		{"a burn", []result.Check{judgeBurn(stats.Summary{N: 9, Median: 54_900})}, true},
		{"a burn of 60 µs that claims to be 50", []result.Check{judgeBurn(stats.Summary{N: 9, Median: 60_000})}, false},
		{"a burn that is not there", []result.Check{judgeBurn(stats.Summary{N: 9})}, false},
		{"a stall", judgeStall("stall", full.truth(), full.truth(), ""), true},
		{"a stall that is not what it claims", judgeStall("stall", full.truth(), other.truth(), ""), false},
		{"a tool that does not see a stall", judgeStall("stall", full.truth(), forgiving, ""), false},
		{"faults", judgeFaults(run, 10, 10, 10), true},
		{"one loss more than was found", judgeFaults(run, 11, 10, 10), false},
		{"one repeat less than was found", judgeFaults(run, 10, 9, 10), false},
		{"one swap more than was found", judgeFaults(run, 10, 10, 11), false},
		{"losses that fail nothing", judgeFaults(silent, 10, 10, 10), false},
		{"ten false positives", []result.Check{judgeSame(10, 200)}, true},
		{"forty false positives", []result.Check{judgeSame(40, 200)}, false},
		{"statistics that never find anything", []result.Check{judgeSame(0, 200)}, false},
		{"a fair order", []result.Check{judgeOrder(590, 1200)}, true},
		{"a biased order", []result.Check{judgeOrder(1200, 1200)}, false},
		{"a slightly biased order", []result.Check{judgeOrder(680, 1200)}, false},
		{"a fault that is always caught", []result.Check{judgePower("a", "runs", 20, 20, 0, "")}, true},
		{"a fault that was missed once", []result.Check{judgePower("a", "runs", 19, 20, 0, "")}, false},
		{"a fault that may be missed twice", []result.Check{judgePower("a", "runs", 8, 10, 2, "")}, true},
	} {
		if failed := (Result{Checks: c.checks}).Failed(); (len(failed) == 0) != c.passes {
			t.Errorf("%s: failed %+v", c.what, failed)
		}
	}
}

func TestTheTruthOfTheStallTestIsThatOfTheLiterature(t *testing.T) {
	truth := stallOf(false).truth()
	for what, c := range map[string][2]time.Duration{
		"mean": {truth.mean, 55 * ms}, "p50": {truth.p50, 5 * ms}, "p95": {truth.p95, 505 * ms}, "p99": {truth.p99, 905 * ms}, "largest": {truth.largest, 1005 * ms},
	} {
		if diff := (c[0] - c[1]).Abs(); diff > edge {
			t.Errorf("%s is %s, want %s", what, c[0], c[1])
		}
	}
}

func TestDifferencesAreThoseOfReports(t *testing.T) {
	low, high := []float64{1, 2, 3, 4, 5, 6}, []float64{11, 12, 13, 14, 15, 16}
	if a, b, c := differs(low, high), differs(high, low), differs(low, low); a != stats.Less || b != stats.More || c != stats.NoDifference {
		t.Errorf("verdicts %q, %q, %q", a, b, c)
	}
}

func TestABiasedOrderIsReadFromTheRuns(t *testing.T) {
	var runs []result.Run
	for block := range 300 {
		for order, name := range []string{armA, armB} { // never the other way round
			runs = append(runs, result.Run{Block: block + 1, Order: order + 1, Arm: variants("null", name)[0]})
		}
	}
	if c := judgeOrder(first(runs, armA), 300); c.Passed || c.Read != 300 {
		t.Errorf("%+v", c)
	}
}

func TestSearchFindsTheHighestRateThatHolds(t *testing.T) {
	for _, limit := range []float64{100, 300, 4000, 5000, 123_456, 1e9} {
		tries := 0
		got, err := search(func(rate float64) (attempt, error) {
			tries++
			return attempt{lateness: time.Duration(rate), held: rate <= limit}, nil
		})
		switch {
		case err != nil || tries > 60:
			t.Errorf("limit %g: %v after %d tries", limit, err, tries)
		case limit < leastRate && got != (result.Capacity{}):
			t.Errorf("limit %g: found %+v, want nothing", limit, got)
		case limit >= leastRate && limit <= mostRate && (got.Rate > limit || got.Rate < limit/1.11 || got.Lateness != time.Duration(got.Rate)):
			t.Errorf("limit %g: found %+v", limit, got)
		case limit > mostRate && got.Rate < mostRate/2:
			t.Errorf("no limit: found %+v", got)
		}
	}
}

func TestSearchForgivesAMoment(t *testing.T) {
	tries := map[float64]int{}
	got, err := search(func(rate float64) (attempt, error) {
		tries[rate]++
		late := rate == 16_000 && tries[rate] < 2 || rate == 32_000 && tries[rate] < 3
		return attempt{held: rate <= 64_000 && !late, disturbed: rate == 32_000}, nil
	})
	if err != nil || got.Rate < 64_000/1.11 {
		t.Errorf("found %+v, %v", got, err)
	}
	boom := fmt.Errorf("boom")
	if _, err := search(func(float64) (attempt, error) { return attempt{}, boom }); err != boom {
		t.Errorf("error %v", err)
	}
}

func TestVegetasReportIsOfAnsweredRequests(t *testing.T) {
	const whole = `{"latencies":{"mean":23,"50th":7,"95th":207,"99th":274,"max":280},"requests":200,"success":1,"errors":[]}`
	d, sent, err := parseVegeta([]byte(whole))
	if err != nil || sent != 200 || d != (distribution{23, 7, 207, 274, 280}) {
		t.Errorf("%+v of %d, %v", d, sent, err)
	}
	for what, report := range map[string]string{
		"no JSON":      "Requests [total] 200",
		"none":         strings.Replace(whole, `"requests":200`, `"requests":0`, 1),
		"some refused": strings.Replace(whole, `"success":1`, `"success":0.99`, 1),
	} {
		if d, _, err := parseVegeta([]byte(report)); err == nil {
			t.Errorf("%s: %+v", what, d)
		}
	}
}
