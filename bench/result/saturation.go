package result

import "time"

// A Knee is the highest rate that an arm carries within limits, found by bisection: Lo held, Hi failed in two
// tries.
type Knee struct {
	Workload string        `json:"workload"` // whose rate was varied
	Arm      Arm           `json:"arm"`
	Limit    time.Duration `json:"limit"` // of the delivery latency's p99
	Rate     float64       `json:"rate"`  // messages a second of all publishers, the middle of Lo and Hi; Lo when Hi is not known
	Lo       float64       `json:"lo"`    // highest rate that held; 0 when none did
	Hi       float64       `json:"hi"`    // lowest rate that did not; 0 when none did, or the driver's own limit came first
	Bound    string        `json:"bound"` // what ended the search: "p99", "late", "lost", "backlog" (latency grew all the time), "driver", "stopped" (nothing failed, or it was broken off)
	Steps    []Step        `json:"steps"` // every rate that was tried, in the order of trying
}

// A Step is one load of a search or sweep and what came of it.
type Step struct {
	Load   float64       `json:"load"`   // messages a second, or clients
	Out    float64       `json:"out"`    // deliveries a second
	P50    time.Duration `json:"p50"`    // of delivery
	P99    time.Duration `json:"p99"`    // of delivery
	Late   float64       `json:"late"`   // share of sends that were late or dropped
	CPU    time.Duration `json:"cpu"`    // of the server, per delivery
	Held   bool          `json:"held"`   // within the limits
	Reason string        `json:"reason"` // why not
}

// A Scaling is the universal scalability law (Gunther 1993) fitted to a sweep over clients:
// X(N) = Lambda·N / (1 + Sigma·(N-1) + Kappa·N·(N-1)).
type Scaling struct {
	Workload string  `json:"workload"`
	Arm      Arm     `json:"arm"`
	Lambda   float64 `json:"lambda"`         // deliveries a second of one client
	Sigma    float64 `json:"sigma"`          // contention: share that does not run in parallel
	Kappa    float64 `json:"kappa"`          // coherency: price of agreeing with each other
	Peak     float64 `json:"peak,omitempty"` // clients at which throughput is greatest; 0 is beyond what was measured
	R2       float64 `json:"r2"`             // share of the variance that the law explains
	Steps    []Step  `json:"steps"`          // measured, by clients
}
