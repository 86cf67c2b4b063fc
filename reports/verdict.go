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
		s.Verdict = Verdict{Text: fmt.Sprintf("Only %s was measured: %s %s.", ranked[0].Arm.Name, s.Columns[0].Title, figure(ranked[0].Cells[0]))}
	default:
		s.Verdict = decide(name, ranked)
	}
}

func decide(name string, ranked []Row) Verdict {
	comparisons, adjusted := compareAll(name, ranked)
	best := ranked[0]
	v := Verdict{Sure: true}
	var level []string // arms that the best is not proven better than
	few := false
	for i, other := range ranked[1:] {
		c := comparisons[[2]int{i + 1, 0}]
		p := adjusted[[2]int{i + 1, 0}]
		sentence, verdict := pairSentence(name, best.Arm.Name, other.Arm.Name, c, p)
		v.Pairs = append(v.Pairs, sentence)
		switch verdict {
		case stats.TooSmall:
			few = true
		case stats.More:
		default:
			level = append(level, other.Arm.Name)
		}
	}
	second, last := ranked[1], ranked[len(ranked)-1]
	w := words[name]
	switch {
	case few:
		v.Sure = false
		v.Text = fmt.Sprintf("%s had the best median, %s, then %s, %s. n is too small for a verdict: %d usable runs, %d are needed.",
			best.Arm.Name, best.Cells[0].Text, second.Arm.Name, second.Cells[0].Text, fewest(ranked), stats.MinRuns)
		return v
	case len(level) > 0:
		v.Text = fmt.Sprintf("%s, %s, and %s: no difference found", best.Arm.Name, figure(best.Cells[0]), join(level))
	default:
		c := comparisons[[2]int{1, 0}]
		v.Text = fmt.Sprintf("%s %s, %s: %s", best.Arm.Name, w.best, figure(best.Cells[0]), fmt.Sprintf(w.better, times(c.Ratio), second.Arm.Name))
	}
	if len(ranked) > 2 && !slices.Contains(level, last.Arm.Name) {
		ratio := times(comparisons[[2]int{len(ranked) - 1, 0}].Ratio)
		if len(level) > 0 {
			v.Text += fmt.Sprintf("; %s %s %s", best.Arm.Name, fmt.Sprintf(w.pair, ratio), last.Arm.Name)
		} else {
			v.Text += " and " + fmt.Sprintf(w.better, ratio, last.Arm.Name)
		}
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

// compareAll compares every pair of rows in a figure and corrects for their number.
func compareAll(name string, rows []Row) (map[[2]int]stats.Comparison, map[[2]int]float64) {
	comparisons := map[[2]int]stats.Comparison{}
	var pairs [][2]int
	var ps []float64
	for i := range rows {
		for j := range i {
			pair := [2]int{i, j}
			c := stats.Compare(values(name, rows[i].runs), values(name, rows[j].runs))
			comparisons[pair] = c
			pairs = append(pairs, pair)
			ps = append(ps, c.P)
		}
	}
	adjusted := map[[2]int]float64{}
	for i, p := range stats.Holm(ps) {
		adjusted[pairs[i]] = p
	}
	return comparisons, adjusted
}

// pairSentence says how the better of two arms compares with the worse; c is the worse over the better.
func pairSentence(name, better, worse string, c stats.Comparison, p float64) (string, stats.Verdict) {
	verdict := c.Verdict(p, equivalence)
	switch verdict {
	case stats.TooSmall:
		return fmt.Sprintf("%s and %s: n too small (%d and %d runs)", better, worse, c.A.N, c.B.N), verdict
	case stats.More:
		return fmt.Sprintf("%s %s %s (p = %s)", better, fmt.Sprintf(words[name].pair, times(c.Ratio)), worse, pText(p)), verdict
	case stats.Equivalent:
		return fmt.Sprintf("%s and %s are equivalent within %s", better, worse, percent(equivalence)), verdict
	}
	return fmt.Sprintf("%s and %s: no difference found (p = %s)", better, worse, pText(p)), verdict
}

// relate fills in how each row's headline compares with the reference arm's.
func relate(s *Section, reference string, ranked []Row) {
	var base *Row
	for i := range s.Rows {
		if s.Rows[i].Arm.ArmInfo.Arm.String() == reference && s.Rows[i].Cells[0].N > 0 {
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
