package model

import (
	"fmt"
	"math"
	"strings"
)

// warn says how far the advice can be trusted.
func (a *Advice) warn(m *Model) {
	e := m.source.Environment
	warn := func(format string, args ...any) { a.Warnings = append(a.Warnings, fmt.Sprintf(format, args...)) }
	var beyond, busy []string
	for _, b := range a.Beyond {
		measured := fmt.Sprintf("%.3g times the most measured", b.Factor)
		if b.Asked < b.Lo {
			measured = fmt.Sprintf("%.3g times below the least measured", b.Factor)
		}
		beyond = append(beyond, fmt.Sprintf("%s %s (%s)", number(b.Asked), b.What, measured))
	}
	if len(beyond) > 0 {
		warn("the prediction goes on in a straight line where nobody has measured: %s", join(beyond))
	}
	for _, p := range a.Ranked {
		if p.Cores > usable*float64(e.Cores) {
			busy = append(busy, fmt.Sprintf("%s %.3g", p.Title, p.Cores))
		}
	}
	if len(busy) > 0 {
		warn("one server on the %d processors that were measured would not do, and how several share the work was not measured; processors kept busy: %s", e.Cores, join(busy))
	}
	var blind []string
	for _, p := range a.Ranked {
		if p.Blind && !timetable(p.Transport) {
			blind = append(blind, p.Title)
		}
	}
	if len(blind) > 0 {
		warn("how late the latest come was not measured well enough for %s, so that p99 is a lower bound there", join(blind))
	}
	if len(a.Ranked) == 0 {
		warn("no transport meets what must hold")
	}
	warn("costs are those of %s with %d processors, %s and %s %s; another machine pays other prices: measure there and use --from", strings.TrimSpace(e.CPU), e.Cores, e.Go, m.source.Store.Kind, m.source.Store.Version)
	if m.source.Options.Heartbeat > 0 && a.Ask.Rate < 1/m.source.Options.Heartbeat.Seconds() {
		warn("heartbeats every %s are not in the bytes", text(m.source.Options.Heartbeat))
	}
	warn("recent messages that the log keeps in memory are not in it; redislog.Options bounds them")
	if e.Modified {
		warn("the program that was measured had changes that were not committed")
	}
}

// multiple writes a ratio with two digits.
func multiple(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.2g", v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return number(math.Round(v/unit) * unit)
}

// number writes a quantity with its thousands apart.
func number(v float64) string {
	s := fmt.Sprintf("%.4g", v)
	if v >= 1000 {
		s = fmt.Sprintf("%.0f", v)
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
	}
	return s
}

func join(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
