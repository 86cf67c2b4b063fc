package reports

import (
	"slices"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// The percentiles of the curves, of the shares that arrived, and of them those that tables name.
var (
	curvePercentiles = []float64{0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.99}
	cdfPercentiles   = []float64{0, 1, 2.5, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 97.5, 99, 99.9}
	tablePercentiles = []float64{50, 90, 95, 99, 99.9}
	bounds           = []float64{1e6, 1e7, 1e8, 1e9} // in nanoseconds, of the shares in tables
)

// A digest is what the charts need of a run's distribution, so that it is decoded once.
type digest struct {
	at     map[float64]float64 // percentile → nanoseconds; lacks those that the run cannot know
	within []float64           // as bounds: share of messages that took at most that
}

// digests are those of the runs that have a distribution.
func digests(w workload.Workload, runs []result.Run) []digest {
	var list []digest
	for _, r := range runs {
		h := headlineHistogram(w, r)
		if h == nil {
			continue
		}
		decoded, err := h.Decode()
		if err != nil || decoded == nil {
			continue // Document.Check has refused the former
		}
		d := digest{at: map[float64]float64{}, within: make([]float64, len(bounds))}
		for p, v := range decoded.ValueAtPercentiles(slices.Concat(curvePercentiles, cdfPercentiles, tablePercentiles)) {
			// A tail needs messages beyond it, and a machine that was quiet.
			if h.Count >= result.Needed(p) && (p <= 90 || r.Fit(result.ForTail)) {
				d.at[p] = float64(v)
			}
		}
		for _, bar := range decoded.Distribution() {
			for i, bound := range bounds {
				if bar.Count > 0 && float64(bar.To) <= bound {
					d.within[i] += float64(bar.Count)
				}
			}
		}
		for i := range d.within {
			d.within[i] /= float64(h.Count)
		}
		list = append(list, d)
	}
	return list
}

// headlineHistogram is the distribution that a workload is about.
func headlineHistogram(w workload.Workload, r result.Run) *result.Histogram {
	switch w.Kind {
	case workload.Idle:
		return nil
	case workload.Ingest:
		return &r.Ack
	}
	return &r.Delivery
}

// quantiles is, for each percentile, the median over runs of the runs' percentile: runs are never
// pooled. It stops where most runs cannot know the percentile.
func quantiles(ds []digest, percentiles []float64) []float64 {
	var out []float64
	for _, p := range percentiles {
		var at []float64
		for _, d := range ds {
			if v, ok := d.at[p]; ok {
				at = append(at, v)
			}
		}
		if len(at) == 0 || 2*len(at) < len(ds) {
			break
		}
		out = append(out, max(1, stats.Summarize(at).Median)) // axes are logarithmic
	}
	return out
}

// shareWithin is the median over runs of the share of messages that took at most bounds[i].
func shareWithin(ds []digest, i int) float64 {
	var shares []float64
	for _, d := range ds {
		shares = append(shares, d.within[i])
	}
	return stats.Summarize(shares).Median
}
