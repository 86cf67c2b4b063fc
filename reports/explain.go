package reports

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"transportlab/bench/workload"
)

var processes = map[workload.Process]string{workload.Constant: "even", workload.Poisson: "random (Poisson)", workload.Bursts: "bursty", workload.OnOff: "on-off", workload.Trace: "recorded"}

// explain is what a workload asks, in a sentence.
func explain(w workload.Workload) string {
	var parts []string
	if w.Kind.Closed() {
		parts = append(parts, fmt.Sprintf("%s, one message at a time each (closed loop)", clients(w.Clients)))
	} else {
		parts = append(parts, clients(w.Clients))
		if w.Kind.Sends() {
			parts = append(parts, fmt.Sprintf("%s messages a second in all, %s arrivals", significant(w.Rate), processes[w.Arrival.Process]))
		}
	}
	if w.Kind.Sends() {
		kind := "text"
		if w.Binary {
			kind = "binary"
		}
		parts = append(parts, fmt.Sprintf("%s of %s", size(float64(w.Size)), kind))
	}
	parts = append(parts, "measured for "+setting(time.Duration(w.Duration)))
	sentence := strings.Join(parts, "; ") + "."
	if w.Explain != "" {
		sentence = strings.TrimSuffix(w.Explain, ".") + ". " + sentence
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

func clients(n int) string {
	if n == 1 {
		return "1 client"
	}
	return thousands(fmt.Sprint(n)) + " clients"
}

// slug is a name as part of a file name or anchor: at most 80 bytes.
func slug(name string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	for strings.Contains(out, "--") {
		out = strings.ReplaceAll(out, "--", "-")
	}
	return cmp.Or(strings.Trim(out[:min(len(out), 80)], "-"), "workload")
}
