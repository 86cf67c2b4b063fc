package reports

import (
	"fmt"
	"math"
	"slices"

	"transportlab/bench/stats"
)

// equivalence is the difference that the verdicts call none: who would choose a transport for 5 %?
const equivalence = 0.05

// A Verdict is the answer that a workload gives, in sentences.
type Verdict struct {
	Text  string   // the answer
	Sure  bool     // whether enough runs stand behind it
	Pairs []string // the best arm against each of the others
	tests []test
}

// A test is one comparison of two arms; the comparison is of the worse over the better.
type test struct {
	better, worse string
	stats.Comparison
	adjusted float64
	verdict  stats.Verdict
}

// words say what being better means for a headline.
var words = map[string]struct{ best, better, pair string }{
	"p50-ns":         {"delivers fastest", "%s times faster than %s", "delivers %s times faster than"},
	"ack-p50-ns":     {"acknowledges fastest", "%s times faster than %s", "acknowledges %s times faster than"},
	"catchup-p50-ns": {"catches up fastest", "%s times faster than %s", "catches up %s times faster than"},
	"B/conn":         {"needs the least memory", "%s times less than %s", "needs %s times less memory per connection than"},
}

// judge fills in a section's verdict and the Relative column. reference is the arm that the column
// compares with; when there is no such row, the best one.
func judge(s *Section, reference string) {
	var ranked []Row // the arms that take part; floors are measures, not contestants
	for _, r := range s.Rows {
		if r.Cells[0].N > 0 && !r.Arm.Floor {
			ranked = append(ranked, r)
		}
	}
	relate(s, reference, ranked)
	name := s.Columns[0].Name
	switch len(ranked) {
	case 0:
		s.Verdict = Verdict{Text: "No run of any transport can be used, so there is no answer."}
	case 1:
		s.Verdict = Verdict{Text: fmt.Sprintf("Only %s was measured: %s %s.", ranked[0].Arm.Short, s.Columns[0].Title, figure(ranked[0].Cells[0]))}
	default:
		s.Verdict = decide(name, ranked)
	}
}

func decide(name string, ranked []Row) Verdict {
	best := ranked[0]
	v := Verdict{Sure: true}
	v.tests = compareAll(name, ranked)
	var level, equal, few []string // arms that the best is not proven better than, those that are as good, and those with too few runs
	var last test                  // the worst that can be judged
	for _, t := range v.tests[:len(ranked)-1] {
		v.Pairs = append(v.Pairs, t.sentence(name))
		switch t.verdict {
		case stats.TooSmall:
			few = append(few, t.worse)
			continue
		case stats.Equivalent:
			equal = append(equal, t.worse)
		case stats.NoDifference, stats.Less:
			level = append(level, t.worse)
		}
		last = t
	}
	second := v.tests[0]
	w := words[name]
	if len(few) == len(ranked)-1 {
		v.Sure = false
		v.Text = fmt.Sprintf("%s had the best median, %s, then %s, %s. n is too small for a verdict: %s, %d are needed.",
			best.Arm.Short, best.Cells[0].Text, second.worse, ranked[1].Cells[0].Text, plural(fewest(ranked), "usable run"), stats.MinRuns)
		return v
	}
	switch {
	case len(level)+len(equal) == 0 && second.verdict == stats.More:
		v.Text = fmt.Sprintf("%s %s, %s: %s", best.Arm.Short, w.best, figure(best.Cells[0]), fmt.Sprintf(w.better, times(second.Ratio), second.worse))
		if last.worse != second.worse {
			v.Text += " and " + fmt.Sprintf(w.better, times(last.Ratio), last.worse)
		}
	default:
		v.Text = fmt.Sprintf("%s has the best median, %s", best.Arm.Short, figure(best.Cells[0]))
		if len(equal) > 0 {
			v.Text += fmt.Sprintf("; equivalent within %s: %s", percent(equivalence), join(equal))
		}
		if len(level) > 0 {
			v.Text += fmt.Sprintf("; no difference to %s was found", join(level))
		}
		if last.verdict == stats.More {
			v.Text += fmt.Sprintf("; it %s %s", fmt.Sprintf(w.pair, times(last.Ratio)), last.worse)
		}
	}
	if len(few) > 0 {
		v.Text += fmt.Sprintf("; %s had too few usable runs to be judged", join(few))
	}
	v.Text += "."
	return v
}

// fewest is the smallest number of runs that a row has for its headline.
func fewest(rows []Row) int {
	n := rows[0].Cells[0].N
	for _, r := range rows {
		n = min(n, r.Cells[0].N)
	}
	return n
}

// fewPairs is up to how many arms all their pairs are shown.
const fewPairs = 8

// compareAll compares rows, which come best first: the best with each of the others, and then, when there
// are few, the others with each other. All pairs are tested and corrected for, shown or not.
func compareAll(name string, rows []Row) []test {
	figures := make([][]float64, len(rows))
	for i, r := range rows {
		figures[i] = values(name, r.runs)
	}
	var ps []float64
	var pairs [][2]int
	for better := range rows {
		for worse := better + 1; worse < len(rows); worse++ {
			pairs = append(pairs, [2]int{better, worse})
			ps = append(ps, stats.PValue(figures[worse], figures[better]))
		}
	}
	adjusted := stats.Holm(ps)
	var tests []test
	for i, pair := range pairs {
		better, worse := pair[0], pair[1]
		if better > 0 && len(rows) > fewPairs {
			break
		}
		t := test{better: rows[better].Arm.Short, worse: rows[worse].Arm.Short, Comparison: stats.Compare(figures[worse], figures[better]), adjusted: adjusted[i]}
		t.verdict = t.Verdict(t.adjusted, equivalence)
		tests = append(tests, t)
	}
	return tests
}

// sentence says how the better of two arms compares with the worse.
func (t test) sentence(name string) string {
	switch t.verdict {
	case stats.TooSmall:
		return fmt.Sprintf("%s and %s: n too small (%d and %d runs)", t.better, t.worse, t.B.N, t.A.N)
	case stats.More:
		return fmt.Sprintf("%s %s %s (p = %s)", t.better, fmt.Sprintf(words[name].pair, times(t.Ratio)), t.worse, pText(t.adjusted))
	case stats.Equivalent:
		return fmt.Sprintf("%s and %s are equivalent within %s", t.better, t.worse, percent(equivalence))
	}
	return fmt.Sprintf("%s and %s: no difference found (p = %s)", t.better, t.worse, pText(t.adjusted))
}

// relate fills in how each row's headline compares with the reference arm's.
func relate(s *Section, reference string, ranked []Row) {
	var base *Row
	for i := range s.Rows {
		if a := s.Rows[i].Arm.ArmInfo.Arm; (a.String() == reference || plain(a).String() == reference) && s.Rows[i].Cells[0].N > 0 {
			base = &s.Rows[i]
		}
	}
	if base == nil {
		if len(ranked) == 0 {
			return
		}
		base = &s.Rows[slices.IndexFunc(s.Rows, func(r Row) bool { return r.Arm.ArmInfo.Arm == ranked[0].Arm.ArmInfo.Arm })]
	}
	name := s.Columns[0].Name
	against := values(name, base.runs)
	for i := range s.Rows {
		row := &s.Rows[i]
		switch {
		case row == base:
			row.Relative = "1 (reference)"
		case row.Cells[0].N > 0:
			row.Relative = times(stats.Compare(values(name, row.runs), against).Ratio)
		}
	}
}

// times is a ratio with half its interval: "2.31 ± 0.10", or "about 2.31" when the runs are too few
// for one. An interval too lopsided for ± is written out.
func times(r stats.Summary) string {
	if math.IsNaN(r.Median) || math.IsInf(r.Median, 0) {
		return "–"
	}
	margin := (r.Hi - r.Lo) / 2
	if r.Small || !(margin > 0) || math.IsInf(margin, 0) {
		if r.Small {
			return "about " + significant(r.Median)
		}
		return significant(r.Median)
	}
	if margin > r.Median/2 {
		return fmt.Sprintf("%s (%s–%s)", significant(r.Median), significant(r.Lo), significant(r.Hi))
	}
	return plusMinus(r.Median, margin)
}

// figure is a cell in running text.
func figure(c Cell) string {
	if c.Interval == "" {
		return c.Text
	}
	return fmt.Sprintf("%s (%s)", c.Text, c.Interval)
}

func pText(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

func join(names []string) string {
	switch n := len(names); n {
	case 1:
		return names[0]
	case 2:
		return names[0] + " and " + names[1]
	default:
		return fmt.Sprintf("%s and %d more", names[0], n-1)
	}
}
