package findings

import (
	"fmt"
	"math"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/all"
)

const ms = workload.Duration(time.Millisecond)

func arm(name, net, variant string) result.Arm {
	return result.Arm{Transport: name, Carrier: "h1", Net: net, Variant: variant}
}

func find(name string, o transports.Options) (transports.Transport, error) { return all.Find(name, o) }

// of summarizes a figure over the runs of an arm.
func of(d *result.Document, a result.Arm, w string, value func(result.Run) (float64, bool)) (stats.Summary, error) {
	var values []float64
	for _, r := range d.Runs {
		if r.Arm != a || r.Workload != w || !r.Fit(result.ForAll) {
			continue
		}
		if v, ok := value(r); ok {
			values = append(values, v)
		}
	}
	s := stats.Summarize(values)
	if s.N == 0 {
		return s, fmt.Errorf("no run of %s can be used for %s", a, w)
	}
	return s, nil
}

// metric summarizes one of result.Metrics.
func metric(d *result.Document, a result.Arm, w, name string) (stats.Summary, error) {
	m, ok := result.FindMetric(name)
	if !ok {
		return stats.Summary{}, fmt.Errorf("there is no metric %s", name)
	}
	return of(d, a, w, m.Value)
}

func mean(r result.Run) (float64, bool) { return float64(r.Delivery.Mean), r.Delivery.Count > 0 }

// within tells whether a figure lies in a range that is widened by a share on either side.
func within(v, lo, hi, slack float64) bool { return v >= lo*(1-slack) && v <= hi*(1+slack) }

func millis(ns float64) string { return fmt.Sprintf("%.4g ms", ns/1e6) }

func interval(s stats.Summary, unit func(float64) string) string {
	if s.Small {
		return fmt.Sprintf("%s (%s to %s in %d runs)", unit(s.Median), unit(s.Lo), unit(s.Hi), s.N)
	}
	return fmt.Sprintf("%s (95 %%: %s to %s)", unit(s.Median), unit(s.Lo), unit(s.Hi))
}

func extra(name string, value float64) result.Extra {
	return result.Extra{Name: name, Value: math.Round(value*1e4) / 1e4}
}
