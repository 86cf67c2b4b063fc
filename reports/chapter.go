package reports

import (
	"strconv"
)

// A Chapter is one subject of a report. It is the same on the page and in Markdown.
type Chapter struct {
	ID, Title string
	Lead      []string // what is shown, and what it means for the reader
	Parts     []Part
}

// A Part of a chapter; most are about one workload.
type Part struct {
	ID     string // for anchors
	Title  string // empty where the chapter has one part
	Text   []string
	Strong string // the one sentence to take away
	List   []string
	Tables []Table
	Charts []Chart
	Terms  []Term // what the columns mean
}

// A Term is a word and its meaning.
type Term struct{ Word, Code, Meaning string }

func (p Part) empty() bool {
	return len(p.Text) == 0 && p.Strong == "" && len(p.List) == 0 && len(p.Tables) == 0 && len(p.Charts) == 0
}

// addTable adds a table unless it is empty.
func (p *Part) addTable(t Table) {
	if len(t.Rows) > 0 {
		p.Tables = append(p.Tables, t)
	}
}

// addChart adds a chart unless there was nothing to draw.
func (p *Part) addChart(c Chart) {
	if c.ID != "" {
		p.Charts = append(p.Charts, c)
	}
}

// chapters puts the report together: those that the document has something for, in the order in which
// a reader asks.
func (r *Report) chapters() []Chapter {
	var list []Chapter
	for _, make := range []func() Chapter{
		r.guideChapter, r.latencyChapter, r.overheadChapter, r.costChapter, r.saturationChapter, r.networkChapter, r.sweepChapter,
		r.theoryChapter, r.findingsChapter, r.calibrationChapter, r.statisticsChapter, r.accountingChapter, r.environmentChapter,
		guaranteesChapter, methodChapter,
	} {
		c := make()
		parts := c.Parts[:0:0]
		for _, p := range c.Parts {
			if !p.empty() {
				parts = append(parts, p)
			}
		}
		if c.Parts = parts; len(parts) > 0 {
			list = append(list, c)
		}
	}
	identify(list)
	return list
}

// identify gives every part, chart and table an anchor that no other has.
func identify(list []Chapter) {
	taken := map[string]bool{"answer": true, "data": true, "summary": true}
	unique := func(id string) string {
		name := id
		for n := 2; taken[name]; n++ {
			name = id + "-" + strconv.Itoa(n)
		}
		taken[name] = true
		return name
	}
	for _, c := range list {
		taken[c.ID] = true
	}
	for _, c := range list {
		for i := range c.Parts {
			p := &c.Parts[i]
			if p.ID == "" {
				p.ID = c.ID + "-part"
			}
			p.ID = unique(p.ID)
			for k := range p.Tables {
				p.Tables[k].ID = unique(p.ID + "-table")
			}
			for k := range p.Charts {
				p.Charts[k].ID = unique(p.Charts[k].ID)
				p.Charts[k].Table.ID = unique(p.Charts[k].ID + "-numbers")
			}
		}
	}
}

// Charts are the plots of all chapters.
func (r *Report) Charts() []Chart {
	var list []Chart
	for _, c := range r.Chapters {
		for _, p := range c.Parts {
			list = append(list, p.Charts...)
		}
	}
	return list
}
