package reports

import (
	"strings"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// latencyColumns are what the latency table of a kind of workload shows.
func latencyColumns(kind workload.Kind) []string {
	switch kind {
	case workload.Idle:
		return nil
	case workload.Ingest:
		return []string{"ack-p50-ns", "ack-p99-ns"}
	case workload.Resume:
		return []string{"catchup-p50-ns", "reconnect-p50-ns", "replayed/reconnect", "p50-ns", "p90-ns", "p99-ns"}
	}
	return []string{"p50-ns", "p90-ns", "p99-ns", "uncorrected-p99-ns", "p999-ns", "age-ns", "ack-p50-ns", "first-p50-ns"}
}

func (r *Report) latencyChapter() Chapter {
	c := Chapter{ID: "latency", Title: "Latency", Lead: []string{
		"How long a message takes from the moment it was due until the client has it: what a user waits for. The median is the usual case; the percentiles above it are what the unlucky see, and on a page that shows a hundred messages somebody is always unlucky.",
		"Medians over runs, with the 95 % interval below each (the range, where there are fewer than six runs). “Relative” compares the first column with the reference."}}
	for _, s := range r.Sections {
		p := Part{ID: "latency-" + s.ID, Title: s.Name}
		if s.Workload.Kind.Closed() {
			p.Text = append(p.Text, "A closed loop: the next message waits for the last one, so these are round trips of a client that is never in a hurry, not to be compared with the other workloads.")
		}
		p.addTable(s.table("Latency: "+s.Name, latencyColumns(s.Workload.Kind), true))
		if len(p.Tables) > 0 {
			p.Terms = terms(latencyColumns(s.Workload.Kind), p.Tables[0])
		}
		p.addChart(percentileChart(s))
		p.addChart(cdfChart(s))
		p.addChart(timelineChart(s, "-timeline", "Median latency over time",
			"How the median went while the run lasted, each stretch the median over runs. A level line is a steady system; one that rises has not settled, and its percentiles say little.",
			false, func(m result.Moment) float64 { return m.P50 }))
		p.addChart(timelineChart(s, "-slowest", "Slowest delivery over time",
			"The slowest delivery of each stretch, the median over runs that were quiet enough for tails. A single peak that all lines share is the machine; one that a single line has is that transport.",
			true, func(m result.Moment) float64 { return m.Max }))
		c.Parts = append(c.Parts, p)
	}
	return c
}

// table is the section's rows in the given metrics; those that no row has are left out. relative adds how
// the headline compares with the reference.
func (s Section) table(caption string, names []string, compare bool) Table {
	t := Table{Caption: caption, Head: []string{"Transport"}}
	names, without := s.known(names)
	for i, name := range names {
		t.Head = append(t.Head, heads[name])
		if i == 0 && compare {
			t.Head = append(t.Head, "relative")
		}
	}
	t.Head = append(t.Head, "runs")
	for _, r := range s.Rows {
		var cells []Entry
		for i, name := range names {
			cells = append(cells, s.entry(&t, r, name))
			if i == 0 && compare {
				cells = append(cells, relative(r.Relative))
			}
		}
		runs := Entry{Text: countOf(r.Runs)}
		if r.Failed > 0 {
			runs.below(countOf(r.Failed) + " failed")
			runs.Note = t.note("Of the runs that do not count, the first: " + r.firstReason(result.ForAll))
		}
		t.addArm(r.Arm, append(cells, runs)...)
		t.Rows[len(t.Rows)-1].Cells[0].Note = t.note(sentenceOrNone(s.label))
	}
	if len(names) == 0 {
		return Table{}
	}
	t.remark(s.floorNote())
	for _, note := range without {
		t.remark(note)
	}
	return t
}

// known are the metrics that some row has, and why others, which their runs could have, are not shown.
func (s Section) known(names []string) (known, without []string) {
	missing := map[string][]string{} // reason → columns
	var reasons []string
	for _, name := range names {
		why := ""
		has := false
		for _, r := range s.Rows {
			has = has || r.cell(name).N > 0
			if len(r.runs) > 0 && why == "" {
				why = r.whyNot(name, len(r.runs))
			}
		}
		switch {
		case has:
			known = append(known, name)
		case why != "":
			if missing[why] == nil {
				reasons = append(reasons, why)
			}
			missing[why] = append(missing[why], heads[name])
		}
	}
	for _, why := range reasons {
		without = append(without, "Not shown: "+strings.Join(missing[why], ", ")+". "+why)
	}
	return known, without
}

// relative is the text of Row.Relative for a column of figures.
func relative(text string) Entry {
	if text == "" {
		return Entry{Text: absent}
	}
	text = strings.Replace(text, "about ", "≈ ", 1)
	figure, note, noted := strings.Cut(text, " (")
	e := Entry{Text: figure}
	if noted {
		e.below(strings.TrimSuffix(note, ")"))
	}
	return e
}

// terms explains those of the metrics whose column the table kept.
func terms(names []string, t Table) []Term {
	var list []Term
	for _, name := range names {
		for _, head := range t.Head {
			if head == heads[name] {
				m := metric(name)
				list = append(list, Term{heads[name], name, m.Title + ". " + m.Explain})
			}
		}
	}
	return list
}
