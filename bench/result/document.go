// Package result is the document that a measurement leaves behind: raw figures of every run, and all
// that is needed to judge them. Every report is a pure function of such documents and can be made again
// later, by a newer program or by somebody else's.
//
// A document is JSON of one version; [Schema] describes it. [Read] refuses any other version and any
// field that it does not know, so that nothing is silently left out of a report. All times are
// nanoseconds, all sizes bytes, all rates per second, unless a field's name says otherwise.
package result

import (
	"time"

	"transportlab/bench/workload"
)

// Format and Version identify the documents of this package.
const (
	Format  = "transportlab-result"
	Version = 1
)

// A Document is everything that one invocation measured.
type Document struct {
	Format      string              `json:"format"`                // "transportlab-result"
	Version     int                 `json:"version"`               // 1
	Title       string              `json:"title"`                 // what was asked, in a few words
	Started     time.Time           `json:"started"`               // wall clock at the start
	Finished    time.Time           `json:"finished"`              // wall clock at the end
	Partial     string              `json:"partial,omitempty"`     // why runs are missing; empty when none are
	Command     []string            `json:"command,omitempty"`     // the command line that made the document
	Seed        uint64              `json:"seed"`                  // of the order of the arms
	Blocks      int                 `json:"blocks"`                // how often every arm was asked to run each workload
	Reference   string              `json:"reference,omitempty"`   // the arm that the others are compared with, as Arm.String
	Environment Environment         `json:"environment"`           // where it was measured
	Store       Store               `json:"store"`                 // what held the log
	Options     Options             `json:"options"`               // settings that all transports shared
	Nets        []Net               `json:"nets,omitempty"`        // network conditions that arms refer to
	Workloads   []workload.Workload `json:"workloads"`             // what was asked of every arm
	Arms        []ArmInfo           `json:"arms"`                  // what was compared
	Calibration []Check             `json:"calibration,omitempty"` // known truths and what was read for them
	Capacity    *Capacity           `json:"capacity,omitempty"`    // what the driver itself can do here
	Precision   float64             `json:"precision,omitempty"`   // half-width of the headline's interval that was asked for, as a share of the median; 0 is a fixed number of blocks
	Stopped     string              `json:"stopped,omitempty"`     // why runs ended before every headline was known as well as Precision asks; empty when all are
	Knees       []Knee              `json:"knees,omitempty"`       // where arms saturate
	Scalings    []Scaling           `json:"scalings,omitempty"`    // how arms scale with clients
	Findings    []Finding           `json:"findings,omitempty"`    // claims and published results held against measurements
	Runs        []Run               `json:"runs"`                  // in the order in which they ran
}

// Environment is the machine and the program.
type Environment struct {
	OS         string            `json:"os"`                 // GOOS
	Arch       string            `json:"arch"`               // GOARCH
	Kernel     string            `json:"kernel"`             // release
	CPU        string            `json:"cpu"`                // model name
	Cores      int               `json:"cores"`              // logical processors that this process may use
	Memory     uint64            `json:"memory"`             // bytes of the machine
	Go         string            `json:"go"`                 // version that built the program
	GOMAXPROCS int               `json:"gomaxprocs"`         // of the driver
	Congestion string            `json:"congestion"`         // TCP congestion control
	Sysctls    map[string]string `json:"sysctls,omitempty"`  // kernel settings that matter
	Revision   string            `json:"revision,omitempty"` // of the program's sources
	Modified   bool              `json:"modified,omitempty"` // the sources differed from that revision
	Target     string            `json:"target,omitempty"`   // the server, when it was not started by the driver
}

// Store says what held the log.
type Store struct {
	Kind    string `json:"kind"`              // "redis", "miniredis", "memory"
	Version string `json:"version,omitempty"` // of the server
	Address string `json:"address,omitempty"` // without credentials
}

// Options are transports.Options as the runs used them, defaults filled in.
type Options struct {
	Interval    time.Duration `json:"interval"`          // polling, ajax: time between the starts of two requests
	Hold        time.Duration `json:"hold"`              // longpoll: longest time a request is held
	Batch       int           `json:"batch"`             // most messages in one answer, event or frame
	MaxMessage  int           `json:"max_message"`       // largest message
	Heartbeat   time.Duration `json:"heartbeat"`         // push transports: longest silence on an idle connection
	Compression bool          `json:"compression"`       // whether messages are compressed
	MessageRate int           `json:"message_rate"`      // messages a second that one connection may send
	Origins     []string      `json:"origins,omitempty"` // foreign origins that browsers may use
}

// A Net is a network condition between clients and server.
type Net struct {
	Name      string        `json:"name"`                // as in Arm.Net
	Emulator  string        `json:"emulator"`            // "none", "wrapper" or "relay"
	Label     string        `json:"label,omitempty"`     // what the emulator cannot do, for every row
	RTT       time.Duration `json:"rtt,omitempty"`       // asked
	Bandwidth float64       `json:"bandwidth,omitempty"` // asked, bit/s; 0 is unlimited
	Loss      float64       `json:"loss,omitempty"`      // asked, of packets, 0 to 1
	Jitter    time.Duration `json:"jitter,omitempty"`    // asked, standard deviation of the one-way delay
	Achieved  *Achieved     `json:"achieved,omitempty"`  // what a calibration at the start found
}

// Achieved is what a network emulator was found to do.
type Achieved struct {
	RTT       time.Duration `json:"rtt"`       // median
	Connect   time.Duration `json:"connect"`   // median of a TCP handshake
	Bandwidth float64       `json:"bandwidth"` // bit/s
	Loss      float64       `json:"loss"`      // of packets, 0 to 1
}

// A Check is one row of a calibration: a truth that was injected, and what was read.
type Check struct {
	Name      string  `json:"name"`            // what was injected
	Unit      string  `json:"unit"`            // of the three figures
	Truth     float64 `json:"truth"`           // injected
	Read      float64 `json:"read"`            // found
	Tolerance float64 `json:"tolerance"`       // largest difference that passes
	Passed    bool    `json:"passed"`          // whether it did
	Aside     bool    `json:"aside,omitempty"` // shown for comparison: another tool's answer, which fails nothing
	Note      string  `json:"note,omitempty"`  // how the row is to be read
}

// Capacity is the highest load at which the driver keeps its schedule against the null transport.
type Capacity struct {
	Rate     float64       `json:"rate"`     // messages a second
	Lateness time.Duration `json:"lateness"` // p99 of the schedule's lateness there
}
