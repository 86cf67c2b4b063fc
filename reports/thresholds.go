package reports

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// A threshold is what a workload's file says must hold of every transport's median over runs:
// "p99-ns<20ms", "wire-B/msg<=200", "msgs/s>=1000".
type threshold struct {
	text   string
	metric result.Metric
	op     string
	limit  float64 // in the metric's unit
}

var thresholdForm = regexp.MustCompile(`^([A-Za-z0-9/-]+)(<=|>=|<|>)([0-9.]+)([A-Za-zµ%/]*)$`)

// CheckThresholds returns an error that names the first threshold of the workloads that no metric can
// be held against, so that it is said before anything is measured.
func CheckThresholds(ws []workload.Workload) error {
	for _, w := range ws {
		for _, text := range w.Thresholds {
			if _, err := parseThreshold(text); err != nil {
				return fmt.Errorf("workload %s: threshold %q: %w", w.Name, text, err)
			}
		}
	}
	return nil
}

func parseThreshold(text string) (threshold, error) {
	parts := thresholdForm.FindStringSubmatch(text)
	if parts == nil {
		return threshold{}, fmt.Errorf(`want a metric, <, <=, > or >=, and a figure, as in "p99-ns<20ms"`)
	}
	m, ok := result.FindMetric(parts[1])
	if !ok {
		var names []string
		for _, each := range result.Metrics() {
			names = append(names, each.Name)
		}
		return threshold{}, fmt.Errorf("there is no metric %q: choose from %s", parts[1], strings.Join(names, ", "))
	}
	limit, err := parseLimit(parts[3], parts[4], m.Unit)
	return threshold{text, m, parts[2], limit}, err
}

// parseLimit reads a figure in a unit that suits the metric's; without one it is in the metric's own.
func parseLimit(digits, unit, of string) (float64, error) {
	if of == "ns" && unit != "" {
		d, err := time.ParseDuration(digits + unit)
		return float64(d), err
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, err
	}
	scales := map[string]map[string]float64{
		"B":   {"": 1, "B": 1, "kB": 1e3, "KiB": 1 << 10, "MB": 1e6, "MiB": 1 << 20},
		"1/s": {"": 1, "/s": 1},
	}[of]
	if scales == nil {
		scales = map[string]float64{"": 1}
	}
	scale, ok := scales[unit]
	if !ok {
		return 0, fmt.Errorf("%q is no unit of %s", unit, of)
	}
	return v * scale, nil
}

func (t threshold) holds(v float64) bool {
	switch t.op {
	case "<":
		return v < t.limit
	case "<=":
		return v <= t.limit
	case ">":
		return v > t.limit
	}
	return v >= t.limit
}

// overstepped are the thresholds that a section's arms do not keep, and those that cannot be judged
// because no run has the figure. Floors are exempt.
func overstepped(s Section) []string {
	var list []string
	for _, text := range s.Workload.Thresholds {
		t, err := parseThreshold(text)
		if err != nil {
			list = append(list, fmt.Sprintf("%s: threshold %s: %v", s.Workload.Name, text, err))
			continue
		}
		for _, r := range s.Rows {
			if r.Arm.Floor {
				continue
			}
			c := cell(t.metric.Name, values(t.metric.Name, r.runs))
			switch {
			case c.N == 0:
				list = append(list, fmt.Sprintf("%s: %s has no figure for the threshold %s", s.Workload.Name, r.Arm.Name, text))
			case !t.holds(c.Median):
				list = append(list, fmt.Sprintf("%s: %s oversteps the threshold %s with %s", s.Workload.Name, r.Arm.Name, text, c.Text))
			}
		}
	}
	return list
}
