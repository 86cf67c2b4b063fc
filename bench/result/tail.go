package result

import (
	"fmt"
	"math"
)

// Beyond is how many samples must be expected beyond a percentile for a run to have it. The number of those
// that are beyond is binomial: with 10 its standard deviation is a third of it; with one, the percentile is
// the luck of a single message (David and Nagaraja, Order Statistics, 2003, section 7.1, on how far a sample's
// quantile is from the distribution's).
const Beyond = 10

// Needed is how many samples a percentile above the median needs: Beyond/(1-p). For p99 that is 1,000, for
// p99.9 10,000. The median and what is below it need one.
func Needed(percentile float64) uint64 {
	if percentile <= 50 {
		return 1
	}
	return uint64(math.Ceil(Beyond/(1-percentile/100) - 1e-6))
}

// Refused returns why a run must not be said to have the metric: too few samples beyond its percentile. It is
// empty when it may, or has none at all; what else a run is unfit for stands in Run.Unfit.
func (m Metric) Refused(r Run) string {
	if m.percentile == 0 {
		return ""
	}
	h := m.from(r)
	if h == nil || h.Count == 0 || h.Count >= Needed(m.percentile) {
		return ""
	}
	return fmt.Sprintf("p%v needs %d samples in a run, %d beyond it; there were %d", m.percentile, Needed(m.percentile), Beyond, h.Count)
}

// quantile is one of the figures at a histogram's head; false when it is empty.
func quantile(h *Histogram, percentile float64) (float64, bool) {
	if h == nil || h.Count == 0 {
		return 0, false
	}
	switch percentile {
	case 50:
		return float64(h.P50), true
	case 90:
		return float64(h.P90), true
	case 99:
		return float64(h.P99), true
	case 99.9:
		return float64(h.P999), true
	}
	return 0, false
}
