package reports

import (
	"cmp"
	"fmt"
	"strings"

	"transportlab/bench/workload"
)

// A trait is a property of the transports that no measurement shows but that decides often enough:
// transport name → answer, where a number in brackets is a footnote.
type trait struct {
	question string
	answers  map[string]string
}

var traits = []trait{
	{"The server speaks first", map[string]string{"polling": "no", "ajax": "no", "longpoll": "yes", "streaming": "yes", "websocket": "yes", "socketio": "yes"}},
	{"One connection both ways", map[string]string{"polling": "no", "ajax": "no", "longpoll": "no", "streaming": "no", "websocket": "yes", "socketio": "yes"}},
	{"Passes proxies that buffer answers", map[string]string{"polling": "yes", "ajax": "yes", "longpoll": "yes", "streaming": "no [1]", "websocket": "yes [2]", "socketio": "yes [3]"}},
	{"HTTP/1.1 connections that a page keeps", map[string]string{"polling": "0", "ajax": "0", "longpoll": "1 [4]", "streaming": "1 [4]", "websocket": "0 [5]", "socketio": "0 [5]"}},
	{"Shares one HTTP/2 connection", map[string]string{"polling": "yes", "ajax": "yes", "longpoll": "yes", "streaming": "yes", "websocket": "no [6]", "socketio": "no [6]"}},
	{"Binary data as it is", map[string]string{"polling": "yes", "ajax": "yes", "longpoll": "yes", "streaming": "no [7]", "websocket": "yes", "socketio": "yes"}},
	{"The browser connects again by itself", map[string]string{"polling": "yes", "ajax": "yes", "longpoll": "no [8]", "streaming": "yes", "websocket": "no [8]", "socketio": "library"}},
	{"Resumes where it broke off", map[string]string{"polling": "yes [9]", "ajax": "yes [9]", "longpoll": "yes [9]", "streaming": "yes [10]", "websocket": "yes [9]", "socketio": "yes [9]"}},
	{"A reader that is too slow", map[string]string{"polling": "asks later", "ajax": "asks later", "longpoll": "asks later", "streaming": "is cut off [11]", "websocket": "is cut off [11]", "socketio": "is cut off [11]"}},
}

// footnotes of traits, from 1.
var footnotes = []string{
	"Unless the proxy is told not to: the server sends X-Accel-Buffering: no, Cache-Control: no-transform and Incremental: ?1, which not every proxy heeds.",
	"The proxy must pass the Upgrade on; some corporate ones do not.",
	"It falls back to long polling where the upgrade fails.",
	"Of six that a browser allows to one host over HTTP/1.1, shared by all its tabs; the seventh waits for ever.",
	"WebSockets are counted apart: 255 in Chromium, 200 in Firefox.",
	"It needs a TCP connection of its own; WebSockets inside HTTP/2 (RFC 8441) are not spoken here.",
	"Server-Sent Events are UTF-8 text, so binary data travels as base64, a third larger; the same stream as NDJSON has the same limit.",
	"A few lines of script do it; the client holds the cursor, so nothing is lost.",
	"The client says after which offset it goes on; what was sent meanwhile comes first, and what is gone is reported as a gap.",
	"The browser itself sends Last-Event-ID, which is the cursor.",
	"What it has not read waits in the log, not in the server's memory. After some seconds without progress its connection is ended, and it goes on at its cursor when it comes back.",
}

// traitNames are the transports that traits answer for, in the order of its columns.
func (r *Report) traitNames() []Arm {
	var names []Arm
	seen := map[string]bool{}
	for _, a := range r.Arms {
		if _, known := traits[0].answers[a.ArmInfo.Arm.Transport]; known && !seen[a.ArmInfo.Arm.Transport] {
			seen[a.ArmInfo.Arm.Transport] = true
			names = append(names, Arm{ArmInfo: a.ArmInfo, Name: cmp.Or(a.Title, a.ArmInfo.Arm.Transport)})
		}
	}
	return names
}

func (r *Report) guideChapter() Chapter {
	c := Chapter{ID: "guide", Title: "Which transport when"}
	t := Table{Caption: "Which transport when, as measured", Prose: true, Head: []string{"Situation", "Choose", "Measured"}}
	for _, a := range r.Guide {
		choose := Entry{Text: a.Choose}
		if !a.Sure {
			choose.Note = t.note("The best median of too few runs for a test: an indication.")
		}
		t.Rows = append(t.Rows, TableRow{Cells: []Entry{{Text: a.Situation, Link: a.chapter + "-" + a.Section}, choose, {Text: a.Measured}}})
	}
	measured := Part{ID: "guide-measured"}
	measured.addTable(t)
	properties := Part{ID: "guide-properties", Text: []string{"What a look at the protocols tells, and what was measured of it:"}}
	properties.addTable(r.traitTable())
	if len(properties.Tables) == 0 {
		properties.Text = nil
	}
	c.Parts = []Part{measured, properties}
	return c
}

// traitTable answers for the transports that the report has. Its last rows are measured.
func (r *Report) traitTable() Table {
	t := Table{Caption: "Properties of the transports", Head: []string{"Property"}}
	names := r.traitNames()
	if len(names) == 0 {
		return Table{}
	}
	for _, arm := range names {
		t.Head = append(t.Head, arm.Name)
	}
	for _, each := range traits {
		row := texts(each.question)
		for _, arm := range names {
			text, number, noted := strings.Cut(each.answers[arm.ArmInfo.Arm.Transport], " [")
			e := Entry{Text: text}
			if noted {
				var n int
				if _, err := fmt.Sscanf(number, "%d]", &n); err == nil && n >= 1 && n <= len(footnotes) {
					e.Note = t.note(footnotes[n-1])
				}
			}
			row = append(row, e)
		}
		t.Rows = append(t.Rows, TableRow{Cells: row})
	}
	for _, s := range r.Sections {
		for _, m := range s.traitRows() {
			row := texts(m.question)
			found := 0
			for _, arm := range names {
				e := Entry{Text: absent}
				for _, r := range s.Rows {
					if c := r.cell(m.metric); r.Arm.ArmInfo.Arm.Transport == arm.ArmInfo.Arm.Transport && c.N > 0 && e.Text == absent {
						e.Text = c.Text
						found++
					}
				}
				row = append(row, e)
			}
			if found > 0 {
				t.Rows = append(t.Rows, TableRow{Cells: row})
			}
		}
	}
	return t
}

type measuredTrait struct{ question, metric string }

// traitRows are what a section has measured of the properties above.
func (s Section) traitRows() []measuredTrait {
	var list []measuredTrait
	if s.Workload.Kind == workload.Resume {
		list = append(list, measuredTrait{"Catching up after a cut, measured: " + s.Name, "catchup-p50-ns"})
	}
	if strings.Contains(s.Condition, "proxy") && s.Workload.Kind.Delivers() {
		list = append(list, measuredTrait{"Median latency, measured: " + s.Name, "p50-ns"})
	}
	if s.Workload.Binary {
		list = append(list, measuredTrait{"Bytes of a binary message of " + size(float64(s.Workload.Size)) + ", measured: " + s.Name, "wire-B/msg"})
	}
	return list
}
