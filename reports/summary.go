package reports

import "transportlab/bench/stats"

// A Summary is the report's figures for programs: what `transportlab run --json` prints and the page
// holds. Times are nanoseconds, sizes bytes, rates per second.
type Summary struct {
	Title       string            `json:"title"`
	Store       string            `json:"store"`
	Partial     string            `json:"partial,omitempty"`
	Alarms      []string          `json:"alarms,omitempty"`
	Calibration string            `json:"calibration"` // what was found, in a sentence
	Workloads   []WorkloadSummary `json:"workloads"`
}

// A WorkloadSummary is one workload's figures.
type WorkloadSummary struct {
	Workload  string       `json:"workload"`
	Condition string       `json:"condition,omitempty"` // network and proxy; absent for the loopback interface
	Verdict   string       `json:"verdict"`
	Sure      bool         `json:"sure"` // whether enough runs stand behind the verdict
	Arms      []ArmSummary `json:"arms"` // best first, floors last
}

// An ArmSummary is one arm's figures.
type ArmSummary struct {
	Arm     string                  `json:"arm"`
	Floor   bool                    `json:"floor,omitempty"`
	Runs    int                     `json:"runs"`
	Failed  int                     `json:"failed,omitempty"`
	Metrics map[string]MetricValues `json:"metrics"` // by name: "p99-ns"
}

// MetricValues is a median over runs with its interval.
type MetricValues struct {
	Median float64 `json:"median"`
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
	N      int     `json:"n"`
}

// Summary returns the figures.
func (r *Report) Summary() Summary {
	s := Summary{Title: r.Title(), Store: storeText(r.Document.Store), Partial: r.Document.Partial, Alarms: r.Alarms, Calibration: r.CalibrationLine(), Workloads: []WorkloadSummary{}}
	for _, sec := range r.Sections {
		w := WorkloadSummary{Workload: sec.Workload.Name, Condition: sec.Condition, Verdict: sec.Verdict.Text, Sure: sec.Verdict.Sure}
		for _, row := range sec.Rows {
			a := ArmSummary{Arm: row.Arm.ArmInfo.Arm.String(), Floor: row.Arm.Floor, Runs: row.Runs, Failed: row.Failed, Metrics: map[string]MetricValues{}}
			for i, c := range row.Cells {
				if c.N > 0 {
					a.Metrics[sec.Columns[i].Name] = metricValues(c.Summary)
				}
			}
			w.Arms = append(w.Arms, a)
		}
		s.Workloads = append(s.Workloads, w)
	}
	return s
}

func metricValues(s stats.Summary) MetricValues {
	return MetricValues{Median: s.Median, Lo: s.Lo, Hi: s.Hi, N: s.N}
}
