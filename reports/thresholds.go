package reports

import (
	"fmt"
	"strings"

	"transportlab/bench/compare"
	"transportlab/bench/result"
	"transportlab/bench/threshold"
)

// Figure writes a value of a metric with its unit, as tables do: "12.3 µs".
func Figure(m result.Metric, v float64) string { return write(m, v) }

// overstepped are the thresholds that a section's arms do not keep, and those that cannot be judged
// because no run has the figure. Floors are exempt; what needs a baseline is for Against.
func overstepped(s Section) []string {
	var list []string
	for _, text := range s.Workload.Thresholds {
		t, err := threshold.Parse(text)
		if err != nil {
			list = append(list, fmt.Sprintf("%s: %v", s.Workload.Name, err))
			continue
		}
		for _, r := range s.Rows {
			if r.Arm.Floor || t.Relative {
				continue
			}
			c := cell(t.Metric.Name, values(t.Metric.Name, r.runs))
			switch {
			case c.N == 0:
				list = append(list, fmt.Sprintf("%s: %s has no figure for the threshold %s", s.Workload.Name, r.Arm.Name, text))
			case !t.Holds(c.Median):
				list = append(list, fmt.Sprintf("%s: %s oversteps the threshold %s with %s", s.Workload.Name, r.Arm.Name, text, c.Text))
			}
		}
	}
	return list
}

// Against holds the report's workloads against an earlier result, as their thresholds ask ("not worse than baseline
// by 5%"), and returns those that are broken, after adding them to the alarms. A baseline that cannot be compared
// breaks them too. Workloads without such thresholds are left alone.
func (r *Report) Against(baseline *result.Document) []string {
	asked := []string{}
	for _, w := range r.Document.Workloads {
		for _, text := range w.Thresholds {
			if t, err := threshold.Parse(text); err == nil && t.Relative {
				asked = append(asked, w.Name)
				break
			}
		}
	}
	if len(asked) == 0 {
		return nil
	}
	var broken []string
	c, err := compare.Documents(baseline, r.Document, compare.Options{Workloads: asked})
	switch {
	case err != nil:
		broken = []string{fmt.Sprintf("the thresholds of %s cannot be held against the baseline: %v", strings.Join(asked, ", "), err)}
	default:
		broken = c.Broken
		for _, doubt := range c.Warnings {
			r.Alarms = append(r.Alarms, "Of the comparison with the baseline: "+doubt+".")
		}
	}
	r.worse = broken
	for i := range broken {
		r.Alarms = append([]string{strings.ToUpper(broken[i][:1]) + broken[i][1:] + "."}, r.Alarms...)
	}
	return broken
}
