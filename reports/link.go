package reports

import (
	"fmt"
	"math"
	"slices"

	"transportlab/bench/result"
	"transportlab/bench/stats"
)

// linkTable is the kernel's own count, beside what the connections' meters and the interface say: three
// instruments that must agree.
func linkTable(s Section) Table {
	t := Table{Caption: "The link: " + s.Name, Fold: "The link by three counts: the connections' meters, TCP_INFO, the interface",
		Head: []string{"Transport", "segments/msg", "sent again", "metered", "TCP payload", "with headers", "interface", "difference"}}
	for _, r := range s.Rows {
		var segments, again, metered, payload, total, counted, difference []float64
		for _, run := range r.runs {
			n := float64(run.Accounting.Messages())
			if run.Wire == nil {
				continue
			}
			w := *run.Wire
			if n > 0 {
				segments = append(segments, float64(w.Up.Segments+w.Down.Segments)/n)
			}
			again = append(again, float64(w.Up.Retransmitted+w.Down.Retransmitted))
			payload = append(payload, float64(w.Up.Bytes+w.Down.Bytes))
			all := float64(w.Up.Total() + w.Down.Total())
			total = append(total, all)
			if run.Bytes != nil {
				metered = append(metered, float64(run.Bytes.Steady.Up.Total()+run.Bytes.Steady.Down.Total()))
			}
			if w.Interface != nil && all > 0 {
				counted = append(counted, w.Interface.Up+w.Interface.Down)
				difference = append(difference, (w.Interface.Up+w.Interface.Down)/all-1)
			}
		}
		if len(total) == 0 {
			continue
		}
		middle := func(vs []float64, text func(float64) string) string {
			if len(vs) == 0 {
				return absent
			}
			return text(stats.Summarize(vs).Median)
		}
		t.addArm(r.Arm, texts(middle(segments, significant), middle(again, significant), middle(metered, size), middle(payload, size), middle(total, size),
			middle(counted, size), middle(difference, func(v float64) string { return fmt.Sprintf("%+.2f %%", 100*v) }))...)
	}
	if len(t.Rows) > 0 {
		t.dropEmpty()
		t.remark("Medians over runs of the whole measured part. The interface counts everything that crosses it, so its difference includes what others sent; 66 bytes are counted for each segment, as Ethernet, IPv4 and TCP with timestamps need them.")
	}
	return t
}

// maxExtras bounds the columns of further figures.
const maxExtras = 12

// extraTable holds figures that only some runs have, under the names that they came with.
func extraTable(s Section) Table {
	t := Table{Caption: "Further figures: " + s.Name, Fold: "Further figures of these runs", Head: []string{"Transport"}}
	var names []string
	for _, r := range s.Rows {
		for _, run := range r.runs {
			for _, e := range run.Extra {
				if !slices.Contains(names, e.Name) && len(names) < maxExtras {
					names = append(names, e.Name)
				}
			}
		}
	}
	if len(names) == 0 {
		return Table{}
	}
	t.Head = append(t.Head, names...)
	for _, r := range s.Rows {
		var cells []Entry
		for _, name := range names {
			c := extraCell(r.runs, name)
			e := Entry{Text: absent}
			if c.N > 0 {
				e.Text = significant(c.Median)
				if lo, hi := significant(c.Lo), significant(c.Hi); lo != hi {
					e.below(between(lo, hi))
				}
			}
			cells = append(cells, e)
		}
		t.addArm(r.Arm, cells...)
	}
	return t
}

func extraCell(runs []result.Run, name string) stats.Summary {
	var vs []float64
	for _, run := range runs {
		for _, e := range run.Extra {
			if e.Name == name && !math.IsInf(e.Value, 0) {
				vs = append(vs, e.Value)
			}
		}
	}
	return stats.Summarize(vs)
}
