// Package workload describes what is asked of a transport: who sends what to whom, when and for how
// long. A Workload is a value; every arm of a comparison is given the same one, and with it the same
// send times and the same bytes. Workloads come from this package's own list ([Builtin]) or from a
// strict YAML or JSON file ([Parse]).
package workload

import (
	"fmt"
	"time"
)

// A Kind is the shape of a workload.
type Kind string

// The kinds.
const (
	RTT    Kind = "rtt"    // closed loop: each client sends, waits for its own message, sends the next
	Push   Kind = "push"   // publishers to clients, a topic each
	Fanout Kind = "fanout" // publishers to all clients on one topic
	Chat   Kind = "chat"   // every client sends to, and receives from, its room
	Ingest Kind = "ingest" // clients send, nobody receives; acknowledgements are what is measured
	Idle   Kind = "idle"   // connected clients and no message
	Burst  Kind = "burst"  // fanout whose messages come many at once
	Resume Kind = "resume" // fanout whose clients are cut off and catch up
)

// A KindInfo explains a Kind.
type KindInfo struct {
	Kind    Kind
	Explain string
}

// Kinds are all of them, in the order in which they are listed.
func Kinds() []KindInfo {
	return []KindInfo{
		{RTT, "closed loop: each client sends a message, waits until it comes back, and sends the next"},
		{Push, "publishers send to topics, each client reads one of them"},
		{Fanout, "publishers send to one topic that all clients read"},
		{Chat, "clients in rooms; every one sends to its room and reads it"},
		{Ingest, "clients send and nobody reads; what is measured is the acknowledgement"},
		{Idle, "clients are connected and nothing is sent: memory, wake-ups and heartbeats"},
		{Burst, "one topic that all clients read, messages coming many at the same instant"},
		{Resume, "one topic that all clients read; they are cut off in turn and catch up"},
	}
}

// Closed tells whether the next message waits for an earlier one, so that a slow server is asked
// less of: its figures are not comparable with those of an open loop.
func (k Kind) Closed() bool { return k == RTT }

// Sends tells whether the workload has messages at all.
func (k Kind) Sends() bool { return k != Idle }

// Delivers tells whether clients receive messages.
func (k Kind) Delivers() bool { return k != Idle && k != Ingest }

// SelfSending tells whether the clients themselves are the publishers.
func (k Kind) SelfSending() bool { return k == RTT || k == Chat || k == Ingest }

// Shared tells whether all clients read one topic.
func (k Kind) Shared() bool { return k == Fanout || k == Burst || k == Resume }

// A Process says how send times are drawn.
type Process string

// The arrival processes.
const (
	Constant Process = "constant" // evenly spaced
	Poisson  Process = "poisson"  // independent of each other: exponential spacing
	Bursts   Process = "burst"    // Burst messages at the same instant, evenly spaced instants
	OnOff    Process = "onoff"    // evenly spaced for On, silent for Off, and again
	Trace    Process = "trace"    // as recorded in a file
)

// A Workload says what is asked of a transport. The zero value of a field is its default; WithDefaults
// fills it in and Check finds what cannot be run.
type Workload struct {
	Name       string   `json:"name" yaml:"name"`                                 // as in benchmark names: [a-z0-9-], at most 40 bytes
	Explain    string   `json:"explain,omitempty" yaml:"explain,omitempty"`       // what it stands for, in a sentence
	Kind       Kind     `json:"kind" yaml:"kind"`                                 // rtt, push, fanout, chat, ingest, idle, burst or resume
	Clients    int      `json:"clients" yaml:"clients"`                           // connected clients; 1
	Publishers int      `json:"publishers" yaml:"publishers,omitempty"`           // connections that send, dealt to topics in turn: one per topic (rtt, chat, ingest: the clients themselves; idle: none)
	Topics     int      `json:"topics" yaml:"topics"`                             // topics; clients, and messages, are dealt to them in turn. 1 (rtt, push, ingest: one per client)
	Size       int      `json:"size" yaml:"size"`                                 // bytes of a message's data; 64
	Binary     bool     `json:"binary" yaml:"binary"`                             // data is every byte value; otherwise printable text
	Arrival    Arrival  `json:"arrival" yaml:"arrival"`                           // when messages are sent (rtt: at once after the last)
	Rate       float64  `json:"rate" yaml:"rate"`                                 // messages a second of all publishers together; 10
	Duration   Duration `json:"duration" yaml:"duration"`                         // length of the measured part; 5s
	Warmup     Duration `json:"warmup" yaml:"warmup"`                             // the same load before it, not measured; 1s
	Seed       uint64   `json:"seed" yaml:"seed"`                                 // of send times and data; 1
	Cut        Cut      `json:"cut" yaml:"cut,omitempty"`                         // resume alone: how clients are cut off
	Thresholds []string `json:"thresholds,omitempty" yaml:"thresholds,omitempty"` // what must hold, such as "p99-ns<20ms"
}

// Arrival says when messages are sent.
type Arrival struct {
	Process Process  `json:"process" yaml:"process"`                 // constant, poisson, burst, onoff or trace; constant (burst: burst)
	Burst   int      `json:"burst,omitempty" yaml:"burst,omitempty"` // burst: messages at one instant; 50
	On      Duration `json:"on,omitempty" yaml:"on,omitempty"`       // onoff: length of the loud part; 1s
	Off     Duration `json:"off,omitempty" yaml:"off,omitempty"`     // onoff: length of the silent part; 1s
	Trace   string   `json:"trace,omitempty" yaml:"trace,omitempty"` // trace: a file, or the name of a trace that is built in
	Speed   float64  `json:"speed,omitempty" yaml:"speed,omitempty"` // trace: 2 is twice as fast as recorded; 1
	Digest  string   `json:"digest,omitempty" yaml:"-"`              // trace: SHA-256 of the file that was played
}

// Cut says how the clients of a resume workload are cut off: in turn, one each Every, for Away.
type Cut struct {
	Every Duration `json:"every,omitempty" yaml:"every,omitempty"` // time between two cuts; 500ms
	Away  Duration `json:"away,omitempty" yaml:"away,omitempty"`   // how long a client stays away before it dials again; 200ms
}

// A Duration is a time.Duration that is written "1m30s" in files.
type Duration time.Duration

// String returns the usual form: "1m30s".
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 500ms or 1m30s", text)
	}
	*d = Duration(v)
	return nil
}

// WithDefaults returns w with its zero fields filled in.
func (w Workload) WithDefaults() Workload {
	set(&w.Clients, 1)
	if w.Kind == RTT || w.Kind == Push || w.Kind == Ingest {
		set(&w.Topics, w.Clients)
	}
	set(&w.Topics, 1)
	switch {
	case w.Kind.SelfSending():
		set(&w.Publishers, w.Clients)
	case w.Kind.Sends():
		set(&w.Publishers, w.Topics)
	}
	set(&w.Size, 64)
	set(&w.Rate, 10)
	set(&w.Duration, Duration(5*time.Second))
	set(&w.Warmup, Duration(time.Second))
	set(&w.Seed, 1)
	if w.Arrival.Process == "" {
		w.Arrival.Process = Constant
		if w.Kind == Burst {
			w.Arrival.Process = Bursts
		}
	}
	switch w.Arrival.Process {
	case Bursts:
		set(&w.Arrival.Burst, 50)
	case OnOff:
		set(&w.Arrival.On, Duration(time.Second))
		set(&w.Arrival.Off, Duration(time.Second))
	case Trace:
		set(&w.Arrival.Speed, 1)
	}
	if w.Kind == Resume {
		set(&w.Cut.Every, Duration(500*time.Millisecond))
		set(&w.Cut.Away, Duration(200*time.Millisecond))
	}
	return w
}

func set[T int | uint64 | float64 | Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
