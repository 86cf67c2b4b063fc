package result

import (
	"slices"
	"time"
)

// A Run is one workload given once to one arm, with a server of its own. It is the unit of replication:
// samples of different runs are never pooled.
type Run struct {
	Block    int           `json:"block"`            // from 1; within a block every arm runs every workload once
	Order    int           `json:"order"`            // place within the block, from 1
	Workload string        `json:"workload"`         // name of one of the document's workloads
	Arm      Arm           `json:"arm"`              // one of the document's arms
	Started  time.Time     `json:"started"`          // wall clock
	Setup    time.Duration `json:"setup"`            // until server and clients were ready
	Elapsed  time.Duration `json:"elapsed"`          // the measured part: from its first intended send until all was delivered
	Window   time.Duration `json:"window"`           // what the schedule of the measured part spans
	Error    string        `json:"error,omitempty"`  // why the run failed; its figures are then not to be used
	Unfit    []Unfit       `json:"unfit,omitempty"`  // what the run's figures must not be used for, and why
	Closed   bool          `json:"closed,omitempty"` // closed loop: not comparable with open-loop figures

	Accounting   Accounting  `json:"accounting"`              // what became of every message
	Delivery     Histogram   `json:"delivery"`                // intended send to Recv; rtt: send to own Recv
	Uncorrected  Histogram   `json:"uncorrected"`             // actual send to Recv: what a coordinated-omission tool would show
	Ack          Histogram   `json:"ack"`                     // actual send to Send's return
	Age          *Age        `json:"age,omitempty"`           // of information, at the clients
	CatchUp      *Histogram  `json:"catch_up,omitempty"`      // resume: dial after a cut to having all that was missed
	Bytes        *Bytes      `json:"bytes,omitempty"`         // on the carrier; nil when it has no meter
	FirstMessage *Histogram  `json:"first_message,omitempty"` // Dial's call to the first Recv's return, the log holding a message: fresh connection, request and delivery
	Reconnect    *Histogram  `json:"reconnect,omitempty"`     // resume: Dial's call to its return after a cut
	Replayed     uint64      `json:"replayed,omitempty"`      // resume: deliveries of what a client had missed when it came back
	Wire         *Wire       `json:"wire,omitempty"`          // on the link, by the kernel's count; nil when it cannot be read
	Timeline     []Moment    `json:"timeline,omitempty"`      // latency over the measured part
	Connections  Connections `json:"connections"`             // clients' and publishers'
	Server       *Process    `json:"server,omitempty"`        // nil when its process cannot be read
	Driver       Process     `json:"driver"`                  // what measuring itself cost
	Lateness     Histogram   `json:"lateness"`                // intended send to actual send
	Noise        Noise       `json:"noise"`                   // what else disturbed the machine
	Extra        []Extra     `json:"extra,omitempty"`         // further figures of this run
}

// Uses that a run can be unfit for.
const (
	ForTail = "tail" // percentiles above p90
	ForAll  = "all"  // every figure
)

// An Unfit says what a run must not be used for.
type Unfit struct {
	For    string `json:"for"`    // "tail" or "all"
	Reason string `json:"reason"` // for people: "timers were 3.1ms late at p99"
}

// Fit tells whether the run's figures may be used for the given purpose.
func (r Run) Fit(purpose string) bool {
	return r.Error == "" && !slices.ContainsFunc(r.Unfit, func(u Unfit) bool { return u.For == ForAll || u.For == purpose })
}

// Accounting counts messages: those sent in the measured part, and what the clients saw of them.
type Accounting struct {
	Scheduled  uint64 `json:"scheduled"`  // that should have been sent
	Sent       uint64 `json:"sent"`       // that were
	Late       uint64 `json:"late"`       // of them, sent later than the limit after their intended time
	Dropped    uint64 `json:"dropped"`    // never sent, because the run was over
	Failed     uint64 `json:"failed"`     // sent and answered by an error
	Acked      uint64 `json:"acked"`      // sent and acknowledged
	Expected   uint64 `json:"expected"`   // deliveries that the acknowledged messages should cause
	Delivered  uint64 `json:"delivered"`  // deliveries, each message to each client once
	Lost       uint64 `json:"lost"`       // deliveries that are missing and not covered by a gap
	Repeated   uint64 `json:"repeated"`   // deliveries of what a client had already
	Reordered  uint64 `json:"reordered"`  // deliveries out of the topic's order
	Corrupted  uint64 `json:"corrupted"`  // deliveries with data other than what was sent
	Gaps       uint64 `json:"gaps"`       // gaps that clients were told of
	GapSize    uint64 `json:"gap_size"`   // deliveries that those gaps cover
	Reconnects uint64 `json:"reconnects"` // dials after a connection ended
}

// Age is how old the newest thing is that a client knows, over time (Kaul, Yates, Gruteser 2012): the
// figure by which pull transports are judged, since what nobody asked for yet is already ageing.
type Age struct {
	Mean time.Duration `json:"mean"` // over time and clients
	Peak Histogram     `json:"peak"` // just before each delivery
}

// Connections counts connections and what setting them up took.
type Connections struct {
	Clients    int       `json:"clients"`    // that receive
	Publishers int       `json:"publishers"` // that send and do not receive
	Dial       Histogram `json:"dial"`       // Dial's call to its return
}

// Noise is what a sentinel saw while the run lasted.
type Noise struct {
	Timer  Histogram     `json:"timer"`  // how late a thread that sleeps for a millisecond wakes up
	Stolen time.Duration `json:"stolen"` // CPU time that the hypervisor gave to others, all cores together
}

// An Extra is a figure that only some runs have.
type Extra struct {
	Name  string  `json:"name"`  // as in benchmark output: "poll-requests/msg"
	Value float64 `json:"value"` // in the unit that the name ends with
}
