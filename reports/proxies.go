package reports

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"transportlab/bench/result"
	"transportlab/bench/stats"
)

// Proxies as a condition names them.
const (
	heeding  = "nginx"          // heeds the headers that let streams pass
	ignoring = "nginx-ignoring" // does not, as if they were missing
)

// proxies say what each does to what passes through it.
var proxies = map[string]string{
	heeding:      "buffers and compresses answers, unless they say X-Accel-Buffering: no",
	ignoring:     "buffers and compresses every answer, whatever it says: what streams meet whose headers are missing",
	"haproxy":    "ends connections that are silent for 50 s, its usual setting in Debian",
	"haproxy-2s": "ends connections that are silent for 2 s",
}

// proxyOf is the proxy that a condition names, empty when it has none.
func proxyOf(condition string) string {
	_, name, _ := strings.Cut(condition, "proxy ")
	return name
}

// missingHeaders shows what a stream costs whose headers are left out: a proxy that heeds them beside one
// that does not.
func missingHeaders(workload string, sections []Section) Table {
	t := Table{Caption: "Without the headers that let streams pass: " + workload, Head: []string{"Transport", "with them", "without", "times slower", "delivered without"}}
	for _, with := range sections {
		for _, without := range sections {
			if proxyOf(with.Condition) != heeding || proxyOf(without.Condition) != ignoring ||
				strings.TrimSuffix(with.Condition, heeding) != strings.TrimSuffix(without.Condition, ignoring) {
				continue
			}
			name := with.Columns[0].Name
			for _, row := range with.Rows {
				for _, other := range without.Rows {
					if plain(row.Arm.ArmInfo.Arm) != plain(other.Arm.ArmInfo.Arm) {
						continue
					}
					a, b := row.cell(name), other.cell(name)
					ratio := Entry{Text: absent}
					if a.N > 0 && b.N > 0 {
						ratio = relative(times(stats.Compare(values(name, other.runs), values(name, row.runs)).Ratio))
					}
					t.addArm(row.Arm, Entry{Text: cmp.Or(a.Text, absent), Note: t.note(row.whyNot(name, len(row.runs)-a.N))},
						Entry{Text: cmp.Or(b.Text, absent), Note: t.note(other.whyNot(name, len(other.runs)-b.N))}, ratio, Entry{Text: delivered(other.all)})
				}
			}
		}
	}
	if len(t.Rows) > 0 {
		t.remark("The server sends X-Accel-Buffering: no, Cache-Control: no-transform and Incremental: ?1 with every stream. Here the same proxy stands in front of it twice: once it heeds them, once it does not, as if they had been forgotten.")
	}
	return t
}

// delivered is the share of the deliveries that came, failed runs among them.
func delivered(runs []result.Run) string {
	var sum result.Accounting
	for _, r := range runs {
		sum = add(sum, r.Accounting)
	}
	share := float64(sum.Delivered) / float64(sum.Expected)
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return absent
	}
	return fmt.Sprintf("%.1f %%", 100*share)
}
