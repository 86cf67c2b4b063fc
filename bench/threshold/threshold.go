// Package threshold reads what a workload's file or a flag says must hold of a measurement:
//
//	p99<20ms                        a limit for the median over runs, in a unit that suits the metric
//	wireB/msg<200                   without a unit it is in the metric's own
//	msgs/s>=1000
//	p99<+10%                        a limit for the change against a baseline: less than a tenth more
//	msgs/s>-5%                      and less than a twentieth less
//	not worse than baseline by 5%   for every metric that the workload's table shows
//	p99 not worse than baseline by 5%
//
// Metrics have the names of benchmark output, "p99-ns"; the unit "-ns" and the dashes may be left out.
package threshold

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// A Threshold is one of them.
type Threshold struct {
	Text     string        // as it was written
	Metric   result.Metric // what it limits; without a name it is every metric that is looked at
	Op       string        // "<", "<=", ">" or ">="; "" is "not worse by"
	Limit    float64       // in the metric's unit; of a relative one, the change as a share: 0.1, -0.05
	Relative bool          // it limits the change against a baseline
}

var (
	absoluteForm = regexp.MustCompile(`^([A-Za-z0-9/-]+) ?(<=|>=|<|>) ?([0-9.]+) ?([A-Za-zµ%/]*)$`)
	changeForm   = regexp.MustCompile(`^([A-Za-z0-9/-]+) ?(<=|>=|<|>) ?([+-][0-9.]+) ?%$`)
	worseForm    = regexp.MustCompile(`^(?:([A-Za-z0-9/-]+) )?not worse than baseline by ([0-9.]+) ?%$`)
)

// Parse reads a threshold. Its error says what is wrong with it, and lists the metrics when it names none.
func Parse(text string) (Threshold, error) {
	t, err := parse(strings.Join(strings.Fields(text), " "))
	if err != nil {
		return Threshold{}, fmt.Errorf("threshold %q: %w", text, err)
	}
	t.Text = text
	return t, nil
}

func parse(text string) (t Threshold, err error) {
	if parts := worseForm.FindStringSubmatch(text); parts != nil {
		t.Relative = true
		if parts[1] != "" {
			if t.Metric, err = metric(parts[1]); err != nil {
				return t, err
			}
		}
		t.Limit, err = percent(parts[2])
		return t, err
	}
	if parts := changeForm.FindStringSubmatch(text); parts != nil {
		t.Relative, t.Op = true, parts[2]
		if t.Metric, err = metric(parts[1]); err != nil {
			return t, err
		}
		if t.Limit, err = percent(parts[3]); err != nil {
			return t, err
		}
		if up := t.Op[0] == '<'; up == t.Metric.Higher {
			return t, fmt.Errorf("%s is better when it is %s, which needs no limit", t.Metric.Name, map[bool]string{true: "higher", false: "lower"}[t.Metric.Higher])
		}
		return t, nil
	}
	parts := absoluteForm.FindStringSubmatch(text)
	if parts == nil {
		return t, errors.New(`want a metric, <, <=, > or >=, and a figure, as in "p99<20ms", or "p99<+10%", or "not worse than baseline by 5%"`)
	}
	if t.Metric, err = metric(parts[1]); err != nil {
		return t, err
	}
	t.Op = parts[2]
	t.Limit, err = limit(parts[3], parts[4], t.Metric.Unit)
	return t, err
}

// metric returns the metric of that name, whole or short; its error lists them.
func metric(name string) (result.Metric, error) {
	if m, ok := Find(name); ok {
		return m, nil
	}
	return result.Metric{}, fmt.Errorf("there is no metric %q: choose from %s", name, strings.Join(Names(), ", "))
}

// Find returns the metric that a name stands for, without its unit and dashes if need be: "p99", "wireB/msg".
func Find(name string) (result.Metric, bool) {
	if m, ok := result.FindMetric(name); ok {
		return m, true
	}
	i := slices.IndexFunc(result.Metrics(), func(m result.Metric) bool { return short(m.Name) == short(name) })
	if i < 0 {
		return result.Metric{}, false
	}
	return result.Metrics()[i], true
}

// Names are those of all metrics.
func Names() []string {
	var names []string
	for _, m := range result.Metrics() {
		names = append(names, m.Name)
	}
	return names
}

func short(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(name), "-ns", ""), "-", "")
}

func percent(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", text)
	}
	if !(v > -100 && v <= 1e6) {
		return 0, fmt.Errorf("%s %% is not between -100 and 1,000,000", text)
	}
	return v / 100, nil
}

// limit reads a figure in a unit that suits the metric's; without one it is in the metric's own.
func limit(digits, unit, of string) (float64, error) {
	if of == "ns" && unit != "" {
		d, err := time.ParseDuration(digits + unit)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration such as 20ms or 1.5s", digits+unit)
		}
		return float64(d), nil
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", digits)
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
		return 0, fmt.Errorf("%q is no unit of %s", unit, map[string]string{"B": "bytes", "1/s": "a rate", "1": "a number", "ns": "time"}[of])
	}
	return v * scale, nil
}

// Speaks tells whether the threshold is about a metric.
func (t Threshold) Speaks(of result.Metric) bool {
	return t.Metric.Name == "" || t.Metric.Name == of.Name
}

// Holds tells whether an absolute threshold holds of a value.
func (t Threshold) Holds(v float64) bool { return holds(t.Op, v, t.Limit) }

// Allows tells whether a relative threshold allows a metric to be ratio times its baseline.
func (t Threshold) Allows(of result.Metric, ratio float64) bool {
	const rounding = 1e-9 // of the limit: 1.1 and 1+0.1 differ
	switch {
	case t.Op != "":
		return holds(t.Op, ratio, 1+t.Limit)
	case of.Higher:
		return ratio >= 1-t.Limit-rounding
	}
	return ratio <= 1+t.Limit+rounding
}

func holds(op string, v, limit float64) bool {
	switch {
	case math.IsNaN(v):
		return false
	case op == "<":
		return v < limit
	case op == "<=":
		return v <= limit
	case op == ">":
		return v > limit
	}
	return v >= limit
}

// Check returns an error that names the first threshold of the workloads that cannot be read, or that needs a
// baseline where there is none, so that it is said before anything is measured.
func Check(ws []workload.Workload, baseline bool) error {
	for _, w := range ws {
		for _, text := range w.Thresholds {
			t, err := Parse(text)
			if err != nil {
				return fmt.Errorf("workload %s: %w", w.Name, err)
			}
			if t.Relative && !baseline {
				return fmt.Errorf("workload %s: threshold %q needs a baseline: name an earlier result with --baseline", w.Name, text)
			}
		}
	}
	return nil
}
