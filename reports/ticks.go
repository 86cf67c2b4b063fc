package reports

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
)

// logTicks are round values (1, 2 and 5 of each decade) that enclose lo to hi on a logarithmic axis;
// when there are many, 1 alone. Values are nanoseconds and labelled as durations.
func logTicks(lo, hi float64) plot.ConstantTicks {
	lo = max(lo, 1)
	hi = max(hi, lo*1.01)
	var ticks plot.ConstantTicks
	for _, steps := range [][]float64{{1, 2, 5}, {1}} {
		ticks = nil
		for decade := math.Floor(math.Log10(lo)) - 1; decade <= math.Ceil(math.Log10(hi))+1; decade++ {
			for _, s := range steps {
				v := s * math.Pow(10, decade)
				ticks = append(ticks, plot.Tick{Value: math.Log10(v), Label: tickText(duration(math.Round(v)))})
			}
		}
		first := slices.IndexFunc(ticks, func(t plot.Tick) bool { return t.Value > math.Log10(lo) }) - 1
		last := slices.IndexFunc(ticks, func(t plot.Tick) bool { return t.Value >= math.Log10(hi) })
		ticks = ticks[first : last+1]
		if len(ticks) <= 10 {
			break
		}
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
