package reports

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// logTicks are round values (1, 2 and 5 of each decade) that enclose lo to hi on a logarithmic axis;
// when there are many, 1 alone. Both are positive.
func logTicks(lo, hi float64, label func(float64) string) plot.ConstantTicks {
	hi = max(hi, lo*1.01)
	var ticks plot.ConstantTicks
	for _, steps := range [][]float64{{1, 2, 5}, {1}} {
		ticks = nil
		for decade := math.Floor(math.Log10(lo)) - 1; decade <= math.Ceil(math.Log10(hi))+1; decade++ {
			for _, s := range steps {
				v := s * math.Pow(10, decade)
				ticks = append(ticks, plot.Tick{Value: math.Log10(v), Label: tickText(label(roundTo(v)))})
			}
		}
		first := slices.IndexFunc(ticks, func(t plot.Tick) bool { return t.Value > math.Log10(lo) }) - 1
		last := slices.IndexFunc(ticks, func(t plot.Tick) bool { return t.Value >= math.Log10(hi) })
		ticks = ticks[first : last+1]
		if len(ticks) <= 8 {
			break
		}
	}
	return ticks
}

// roundTo takes away what computing a power of ten added to a round value.
func roundTo(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v
	}
	return r
}

// valueTicks are ticks at the given values, which ascend: on a logarithmic axis they are spread out with
// the least and the greatest at its ends, and those too close to their neighbour have no label.
func valueTicks(values []float64, label func(float64) string) plot.ConstantTicks {
	lo, hi := math.Log10(values[0]), math.Log10(values[len(values)-1])
	if hi-lo < 1e-9 {
		hi = lo + 1
	}
	var ticks plot.ConstantTicks
	last := math.Inf(-1)
	for _, v := range values {
		t := plot.Tick{Value: math.Log10(v)}
		if t.Value-last >= (hi-lo)/9 {
			t.Label = tickText(label(v))
			last = t.Value
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// linearTicks are round values from 0 to at least hi.
func linearTicks(hi float64, label func(float64) string) plot.ConstantTicks {
	if !(hi > 0) {
		hi = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(hi/4)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if hi/(step*m) <= 6 {
			step *= m
			break
		}
	}
	var ticks plot.ConstantTicks
	for i := 0; ; i++ {
		v := step * float64(i)
		ticks = append(ticks, plot.Tick{Value: v, Label: tickText(label(v))})
		if v >= hi {
			return ticks
		}
	}
}

// tickText is a figure on an axis: "500 µs", not "500.00 µs".
func tickText(figure string) string {
	v, unit, _ := strings.Cut(figure, " ")
	if strings.Contains(v, ".") {
		v = strings.TrimRight(strings.TrimRight(v, "0"), ".")
	}
	return strings.TrimSpace(v + " " + unit)
}
