package compare

import (
	"fmt"
	"math"
	"slices"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/threshold"
	"transportlab/bench/workload"
)

// hold judges the thresholds. A relative one is broken by a change for the worse that is proven and whose ratio
// of medians is beyond it; an absolute one by the median now. One that no figure can be held against is broken too,
// or a misspelt workload would pass for ever. Floors are exempt.
func (c *Comparison) hold(now *result.Document, o Options) error {
	for _, w := range now.Workloads {
		if o.Workloads != nil && !slices.Contains(o.Workloads, w.Name) {
			continue
		}
		own, err := relative(w)
		if err != nil {
			return err
		}
		for _, t := range own {
			c.judge(t, w)
		}
	}
	for _, t := range o.Thresholds {
		c.judge(t, workload.Workload{})
	}
	return nil
}

// judge holds the cells of one workload, or of all when it has no name, against a threshold.
func (c *Comparison) judge(t threshold.Threshold, w workload.Workload) {
	judged := 0
	for i := range c.Cells {
		cell := &c.Cells[i]
		if cell.Arm.Floor || !t.Speaks(cell.Metric) || w.Name != "" && cell.Workload != w.Name {
			continue
		}
		judged++
		what := fmt.Sprintf("%s: %s", cell.Workload, cell.Arm.Arm)
		switch {
		case !t.Relative:
			if !t.Holds(cell.A.Median) {
				c.breaks(cell, t, fmt.Sprintf("%s oversteps the threshold %s with %s", what, t.Text, value(cell.Metric, cell.A.Median)))
			}
		case cell.Small && !cell.Exact && t.Metric.Name != "":
			c.breaks(cell, t, fmt.Sprintf("%s cannot be held against the threshold %s: %d runs now and %d then, where %d are needed", what, t.Text, cell.A.N, cell.B.N, stats.MinRuns))
		case cell.Worse() && !t.Allows(cell.Metric, cell.Ratio.Median):
			c.breaks(cell, t, fmt.Sprintf("%s has %s times the %s of then, which breaks the threshold %s", what, ratioText(cell.Ratio.Median), cell.Metric.Name, t.Text))
		}
	}
	if judged == 0 {
		where := ""
		if w.Name != "" {
			where = w.Name + ": "
		}
		c.Broken = append(c.Broken, fmt.Sprintf("%sno figure can be held against the threshold %s", where, t.Text))
	}
}

func (c *Comparison) breaks(cell *Cell, t threshold.Threshold, why string) {
	if cell.Broken == "" {
		cell.Broken = t.Text
	}
	c.Broken = append(c.Broken, why)
}

// value writes a figure with its unit.
func value(m result.Metric, v float64) string {
	switch m.Unit {
	case "ns":
		return time.Duration(v).Round(time.Duration(max(1, math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-3)))).String()
	case "1":
		return fmt.Sprintf("%.4g", v)
	}
	return fmt.Sprintf("%.4g %s", v, m.Unit)
}
