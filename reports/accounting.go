package reports

import (
	"fmt"
	"strconv"

	"transportlab/bench/result"
)

func (r *Report) accountingChapter() Chapter {
	c := Chapter{ID: "accounting", Title: "What became of every message", Lead: []string{
		"Summed over the runs. Lost means missing without a gap having been reported, which fails the run; what a gap covers is counted as such. A fast transport that loses messages is not fast."}}
	sums := Part{ID: "accounting-sums"}
	sums.addTable(r.accounting())
	failures := Part{ID: "accounting-failures", Title: "Runs that do not count, and limits of those that do"}
	failures.addTable(r.failures())
	c.Parts = []Part{sums, failures}
	return c
}

func (r *Report) accounting() Table {
	t := Table{Caption: "What became of every message", Head: []string{"Workload", "transport", "runs", "scheduled", "sent", "acknowledged", "expected", "delivered", "lost", "repeated", "reordered", "corrupted", "in gaps", "reconnects", "sent late"}}
	for _, s := range r.Sections {
		if !s.Workload.Kind.Sends() {
			continue
		}
		for _, row := range s.Rows {
			var sum result.Accounting
			for _, run := range row.all {
				sum = add(sum, run.Accounting)
			}
			cells := texts(s.Name, row.Arm.Short, strconv.Itoa(len(row.all)))
			for _, v := range []uint64{sum.Scheduled, sum.Sent, sum.Acked, sum.Expected, sum.Delivered} {
				cells = append(cells, Entry{Text: count(v)})
			}
			for _, v := range []uint64{sum.Lost, sum.Repeated, sum.Reordered, sum.Corrupted} {
				e := Entry{Text: count(v)}
				if v > 0 {
					e.Mark = "bad"
				}
				cells = append(cells, e)
			}
			for _, v := range []uint64{sum.GapSize, sum.Reconnects, sum.Late} {
				cells = append(cells, Entry{Text: count(v)})
			}
			t.Rows = append(t.Rows, TableRow{Quiet: row.Arm.Floor, Cells: cells})
		}
	}
	return t
}

func add(a, b result.Accounting) result.Accounting {
	return result.Accounting{
		Scheduled: a.Scheduled + b.Scheduled, Sent: a.Sent + b.Sent, Late: a.Late + b.Late, Dropped: a.Dropped + b.Dropped,
		Failed: a.Failed + b.Failed, Acked: a.Acked + b.Acked, Expected: a.Expected + b.Expected, Delivered: a.Delivered + b.Delivered,
		Lost: a.Lost + b.Lost, Repeated: a.Repeated + b.Repeated, Reordered: a.Reordered + b.Reordered, Corrupted: a.Corrupted + b.Corrupted,
		Gaps: a.Gaps + b.Gaps, GapSize: a.GapSize + b.GapSize, Reconnects: a.Reconnects + b.Reconnects,
	}
}

// maxFailures bounds the list of failures; the rest is in the data.
const maxFailures = 100

func (r *Report) failures() Table {
	t := Table{Caption: "Runs that do not count, and limits of those that do", Head: []string{"Run", "workload", "transport", "not used for", "because"}}
	more := 0
	for _, run := range r.Document.Runs {
		var reasons [][2]string
		if run.Error != "" {
			reasons = append(reasons, [2]string{"anything", run.Error})
		}
		for _, u := range run.Unfit {
			what := "anything"
			if u.For == result.ForTail {
				what = "tails"
			}
			reasons = append(reasons, [2]string{what, u.Reason})
		}
		for _, reason := range reasons {
			if len(t.Rows) == maxFailures {
				more++
				continue
			}
			t.add(fmt.Sprintf("block %d, place %d", run.Block, run.Order), run.Workload, r.arm(run.Arm).Name, reason[0], reason[1])
		}
	}
	if more > 0 {
		t.remark(fmt.Sprintf("%s more are in result.json.", countOf(more)))
	}
	t.Fold = plural(len(t.Rows), "entry")
	return t
}
