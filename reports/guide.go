package reports

import (
	"cmp"
	"fmt"
	"slices"

	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// An Advice is one row of "which transport when": a situation, and what the measurements say to it.
type Advice struct {
	Situation string
	Choose    string
	Measured  string
	Section   string // anchor of the workload that it rests on
	Sure      bool   // enough runs, and the first is told apart from the second
}

// situations are what readers come with, each with the figure that decides it and the kinds of workload
// that can answer it, best first.
var situations = []struct {
	text   string
	metric string
	kinds  []workload.Kind
}{
	{"A page shows events as they happen", "p50-ns", []workload.Kind{workload.Fanout, workload.Push, workload.Burst}},
	{"The slowest messages matter too", "p99-ns", []workload.Kind{workload.Fanout, workload.Push, workload.Burst}},
	{"Users write to each other", "p50-ns", []workload.Kind{workload.Chat, workload.RTT}},
	{"Clients mostly send", "ack-p50-ns", []workload.Kind{workload.Ingest, workload.Chat}},
	{"Connections break often", "catchup-p50-ns", []workload.Kind{workload.Resume}},
	{"Traffic is paid for", "wire-B/msg", []workload.Kind{workload.Push, workload.Fanout, workload.Chat}},
	{"Server processors are scarce", "cpu-ns/msg", []workload.Kind{workload.Fanout, workload.Push, workload.Chat}},
	{"Many clients wait, little happens: memory", "B/conn", []workload.Kind{workload.Idle}},
	{"Many clients wait, little happens: traffic", "idle-B/min", []workload.Kind{workload.Idle}},
}

// guide answers each situation that the measurements can answer.
func guide(sections []Section) []Advice {
	var list []Advice
	for _, s := range situations {
		for _, kind := range s.kinds {
			i := slices.IndexFunc(sections, func(sec Section) bool { return sec.Workload.Kind == kind })
			if i < 0 {
				continue
			}
			if a, ok := advise(s.text, s.metric, sections[i]); ok {
				list = append(list, a)
				break
			}
		}
	}
	return list
}

func advise(situation, name string, s Section) (Advice, bool) {
	type entry struct {
		arm    string
		cell   Cell
		values []float64
	}
	var entries []entry
	for _, r := range s.Rows {
		if r.Arm.Floor {
			continue
		}
		c := cell(name, values(name, r.runs))
		if c.N == 0 {
			return Advice{}, false // who was not measured may be the best
		}
		entries = append(entries, entry{r.Arm.Name, c, values(name, r.runs)})
	}
	if len(entries) < 2 {
		return Advice{}, false
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.cell.Median, b.cell.Median) })
	first, second, last := entries[0], entries[1], entries[len(entries)-1]
	a := Advice{Situation: situation, Choose: first.arm, Section: s.ID}
	c := stats.Compare(second.values, first.values)
	verdict := c.Verdict(c.P, equivalence)
	a.Sure = verdict != stats.TooSmall
	if verdict == stats.Equivalent || verdict == stats.NoDifference || metric(name).Exact && first.cell.Median == second.cell.Median {
		a.Choose += " or " + second.arm
	}
	a.Measured = fmt.Sprintf("%s; %s %s", first.cell.Text, second.arm, second.cell.Text)
	if len(entries) > 2 {
		a.Measured += fmt.Sprintf("; %s %s", last.arm, last.cell.Text)
	}
	return a, true
}

// traits are properties of the transports that no measurement shows but that decide often enough:
// transport name → answer, where a number in brackets is a footnote.
var traits = []struct {
	question string
	answers  map[string]string
}{
	{"The server speaks first", map[string]string{"polling": "no", "ajax": "no", "longpoll": "yes", "streaming": "yes", "websocket": "yes", "socketio": "yes"}},
	{"One connection both ways", map[string]string{"polling": "no", "ajax": "no", "longpoll": "no", "streaming": "no", "websocket": "yes", "socketio": "yes"}},
	{"Passes proxies that buffer answers", map[string]string{"polling": "yes", "ajax": "yes", "longpoll": "yes", "streaming": "no [1]", "websocket": "yes [2]", "socketio": "yes [3]"}},
	{"HTTP/1.1 connections that a page keeps", map[string]string{"polling": "0", "ajax": "0", "longpoll": "1 [4]", "streaming": "1 [4]", "websocket": "0 [5]", "socketio": "0 [5]"}},
	{"Shares one HTTP/2 connection", map[string]string{"polling": "yes", "ajax": "yes", "longpoll": "yes", "streaming": "yes", "websocket": "no [6]", "socketio": "no [6]"}},
	{"Binary data as it is", map[string]string{"polling": "yes", "ajax": "yes", "longpoll": "yes", "streaming": "no [7]", "websocket": "yes", "socketio": "yes"}},
	{"The browser connects again by itself", map[string]string{"polling": "yes", "ajax": "yes", "longpoll": "no [8]", "streaming": "yes", "websocket": "no [8]", "socketio": "library"}},
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
}

// TraitNames are the transports that traits answer for, in the order of its columns.
func (r *Report) TraitNames() []Arm {
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
