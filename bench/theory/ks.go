package theory

import (
	"fmt"
	"math"
	"time"

	"transportlab/bench/result"
)

// A Bin is how many values a histogram counts between Lo and Hi, both included.
type Bin struct {
	Lo, Hi time.Duration
	Count  uint64
}

// Bins are a histogram's bins that are not empty, rising; nil when it counts nothing.
func Bins(h result.Histogram) ([]Bin, error) {
	d, err := h.Decode()
	if err != nil || d == nil {
		return nil, err
	}
	var bins []Bin
	for _, b := range d.Distribution() {
		if b.Count > 0 {
			bins = append(bins, Bin{time.Duration(b.From), time.Duration(b.To), uint64(b.Count)})
		}
	}
	return bins, nil
}

// A Test is how far a measured distribution lies from a form (Kolmogorov 1933).
type Test struct {
	D     float64 // largest distance between the two cumulative distributions, at the edges of bins
	Slack float64 // by so much the true distance may be larger, for lack of knowing where in its bin a value lies
	N     uint64  // values that count as independent
	P     float64 // chance of a D as large if the form were true and N right; NaN where that means nothing
	Text  string  // what may be concluded
}

// KS holds the bins of a run's deliveries against a form. messages is how many different messages they are
// deliveries of: those of one message to many clients depend on each other, so that it is the messages that count.
// Without bins or without a CDF the test is zero, with NaN for P.
//
// P assumes that values are independent, and that the form leaves nothing out. The first holds where send times
// are drawn at random (Form.Drawn), else P is NaN. The second never quite does: a form knows the floor as one
// figure, while it varies from message to message, so that with enough messages P becomes small however good the form
// is. D is the figure to judge by.
func KS(bins []Bin, f Form, messages uint64) Test {
	t := Test{P: math.NaN(), Text: "There is nothing to compare."}
	total := uint64(0)
	for _, b := range bins {
		total += b.Count
	}
	if total == 0 || f.CDF == nil {
		return t
	}
	below := uint64(0)
	for _, b := range bins {
		before := float64(below) / float64(total)
		below += b.Count
		after := float64(below) / float64(total)
		from, to := f.CDF(b.Lo-1), f.CDF(b.Hi)
		t.D = math.Max(t.D, math.Max(math.Abs(before-from), math.Abs(after-to)))
		t.Slack = math.Max(t.Slack, math.Min(after-before, to-from))
	}
	t.N = min(total, messages)
	switch {
	case !f.Spread:
		t.Text = "The form is a single moment, or has one; any spread of the machine's lies far from it, and only medians can be compared."
	case !f.Drawn:
		t.Text = fmt.Sprintf("The distributions lie at most %.1f points of a hundred apart. Messages came at even distances, not at random, so that there is no chance to state.", 100*t.D)
	default:
		t.P = kolmogorov(t.D, float64(t.N))
		t.Text = fmt.Sprintf("The distributions lie at most %.1f points of a hundred apart; were the form all there is, %s independent messages would lie at least as far apart with p = %s. ",
			100*t.D, fmt.Sprint(t.N), pText(t.P))
		if t.P < 0.05 {
			t.Text += "That is too unlikely for chance: there is something that the form leaves out, such as the floor's spread, and D says how much it matters."
		} else {
			t.Text += "That is compatible with chance."
		}
	}
	return t
}

// kolmogorov is the asymptotic chance that n values of a distribution lie at least d from it, with Stephens's
// correction for small n (1970).
func kolmogorov(d, n float64) float64 {
	root := math.Sqrt(n)
	x := d * (root + 0.12 + 0.11/root)
	if x < 0.2 { // the series below does not converge there, and the sum is 1 to all digits
		return 1
	}
	sum, sign := 0.0, 1.0
	for k := 1.0; k <= 100; k++ {
		term := math.Exp(-2 * k * k * x * x)
		sum += sign * term
		if term < 1e-12 {
			break
		}
		sign = -sign
	}
	return math.Max(0, math.Min(1, 2*sum))
}

func pText(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}
