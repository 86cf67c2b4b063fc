package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// Format and Version identify files of observations.
const (
	Format  = "transportlab-model"
	Version = 1
)

// Observations are what measured runs say of costs: all that a model is fitted on, without the runs' distributions.
type Observations struct {
	Format       string             `json:"format"`
	Version      int                `json:"version"`
	Started      time.Time          `json:"started"` // of the first measurement
	Environment  result.Environment `json:"environment"`
	Store        result.Store       `json:"store"`
	Options      result.Options     `json:"options"`
	Arms         []result.ArmInfo   `json:"arms"`
	Observations []Observation      `json:"observations"`
}

// An Observation is a run. Figures that it does not have are missing.
type Observation struct {
	Arm        result.Arm       `json:"arm"`
	Kind       workload.Kind    `json:"kind"`
	Clients    int              `json:"clients"`
	Publishers int              `json:"publishers"`
	Topics     int              `json:"topics"`
	Size       int              `json:"size,omitempty"`
	Rate       float64          `json:"rate,omitempty"`    // messages a second of all publishers, asked
	Process    workload.Process `json:"process,omitempty"` // of arrivals
	Burst      int              `json:"burst,omitempty"`
	Lasted     float64          `json:"lasted"`               // seconds of load, warm-up and measured part
	Sends      float64          `json:"sends,omitempty"`      // messages a second, acknowledged
	Deliveries float64          `json:"deliveries,omitempty"` // a second
	CPU        *float64         `json:"cpu,omitempty"`        // of the server, less its idle floor: seconds a second
	Memory     *float64         `json:"memory,omitempty"`     // of the server: growth from before the first client to the end of the load, bytes
	Up         *float64         `json:"up,omitempty"`         // bytes a second of all connections, client to server
	Down       *float64         `json:"down,omitempty"`       // server to client
	P50        *float64         `json:"p50,omitempty"`        // of delivery, seconds
	P99        *float64         `json:"p99,omitempty"`
}

// Observe takes the observations out of documents: runs over plain connections on the loopback interface whose
// figures may be used. Documents of different machines, stores or options are refused.
func Observe(documents ...*result.Document) (*Observations, error) {
	if len(documents) == 0 {
		return nil, errors.New("no measurement")
	}
	first := documents[0]
	o := &Observations{Format: Format, Version: Version, Started: first.Started, Environment: first.Environment, Store: first.Store, Options: first.Options}
	for _, d := range documents {
		switch a, b := first.Environment, d.Environment; {
		case a.CPU != b.CPU || a.Cores != b.Cores:
			return nil, fmt.Errorf("measurements of two machines make no model: %s and %s", a.CPU, b.CPU)
		case first.Store.Kind != d.Store.Kind:
			return nil, fmt.Errorf("measurements over two stores make no model: %s and %s", first.Store.Kind, d.Store.Kind)
		case !reflect.DeepEqual(first.Options, d.Options):
			return nil, errors.New("measurements with two sets of options make no model: clients would ask more often in one")
		}
		workloads := map[string]workload.Workload{}
		for _, w := range d.Workloads {
			workloads[w.Name] = w
		}
		for _, a := range d.Arms {
			if !a.Floor && a.Arm.Carrier == "h1" && a.Arm.Net == "loopback" {
				o.Arms = append(o.Arms, a)
			}
		}
		for _, r := range d.Runs {
			if seen, ok := observe(r, workloads[r.Workload], d.Environment.Cores); ok {
				o.Observations = append(o.Observations, seen)
			}
		}
	}
	if len(o.Observations) == 0 {
		return nil, errors.New("no run over HTTP/1.1 on the loopback interface is fit for a model")
	}
	return o, nil
}

// busy is the share of all processors beyond which server and driver were in each other's way, and clients asked
// less often than they should.
const busy = 0.85

// observe is false for runs that say nothing of steady costs: closed loops, which ask less of a slow server, clients
// that are cut off, and a machine that had no time left.
func observe(r result.Run, w workload.Workload, cores int) (Observation, bool) {
	switch {
	case !r.Fit(result.ForAll), r.Arm.Carrier != "h1", r.Arm.Net != "loopback", r.Elapsed <= 0,
		w.Kind.Closed(), w.Kind == workload.Resume, w.Kind == workload.Chat, w.Kind == workload.Ingest, w.Arrival.Process == workload.Trace:
		return Observation{}, false
	}
	s := r.Elapsed.Seconds()
	if r.Server != nil && (r.Server.CPU+r.Driver.CPU).Seconds() > busy*s*float64(cores) {
		return Observation{}, false
	}
	o := Observation{Arm: r.Arm, Kind: w.Kind, Clients: r.Connections.Clients, Publishers: r.Connections.Publishers, Topics: w.Topics,
		Lasted: s + time.Duration(w.Warmup).Seconds(), Sends: float64(r.Accounting.Acked) / s, Deliveries: float64(r.Accounting.Delivered) / s}
	if w.Kind.Sends() {
		o.Size, o.Rate, o.Process, o.Burst = w.Size, w.Rate, w.Arrival.Process, w.Arrival.Burst
	}
	if p := r.Server; p != nil {
		o.CPU = present(max(p.CPU-p.Idle, 0).Seconds() / s)
		if p.After.RSS > p.Before.RSS {
			o.Memory = present(float64(p.After.RSS - p.Before.RSS))
		}
	}
	if b := r.Bytes; b != nil {
		o.Up, o.Down = present(float64(b.Steady.Up.Total())/s), present(float64(b.Steady.Down.Total())/s)
	}
	if m, ok := result.FindMetric("p50-ns"); ok {
		if v, ok := m.Value(r); ok {
			o.P50 = present(v / 1e9)
		}
	}
	if m, ok := result.FindMetric("p99-ns"); ok {
		if v, ok := m.Value(r); ok {
			o.P99 = present(v / 1e9)
		}
	}
	return o, true
}

func present(v float64) *float64 { return &v }

// Write writes the observations as JSON, one to a line so that changes can be read.
func (o *Observations) Write(w io.Writer) error {
	head := *o
	head.Observations = nil
	text, err := json.MarshalIndent(head, "", " ")
	if err != nil {
		return err
	}
	const empty = `"observations": null`
	at := len(text) - len(empty) - len("\n}")
	if string(text[at:at+len(empty)]) != empty {
		return errors.New("observations are not the last field")
	}
	text = append(text[:at], `"observations": [`...)
	for i, each := range o.Observations {
		if i > 0 {
			text = append(text, ',')
		}
		line, err := json.Marshal(each)
		if err != nil {
			return err
		}
		text = append(append(text, "\n  "...), line...)
	}
	_, err = w.Write(append(text, "\n ]\n}\n"...))
	return err
}

// maxFile is the largest file of observations in bytes.
const maxFile = 64 << 20

// ErrFormat says that a file is none of observations.
var ErrFormat = errors.New("not a file of observations")

// Read reads what Write wrote, and checks it. What is no such file at all is ErrFormat.
func Read(r io.Reader) (*Observations, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("larger than %d bytes: %w", maxFile, ErrFormat)
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Format != Format {
		return nil, ErrFormat
	}
	if head.Version != Version {
		return nil, fmt.Errorf("observations have version %d, this program reads version %d", head.Version, Version)
	}
	o := new(Observations)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(o); err != nil {
		return nil, err
	}
	for i, each := range o.Observations {
		if err := each.check(); err != nil {
			return nil, fmt.Errorf("observations[%d]: %w", i, err)
		}
	}
	return o, nil
}

func (o Observation) check() error {
	if o.Arm.Transport == "" || o.Clients < 1 || o.Publishers < 0 || o.Topics < 0 || o.Size < 0 {
		return errors.New("arm, clients, publishers, topics or size are missing or negative")
	}
	for name, v := range map[string]*float64{"rate": &o.Rate, "sends": &o.Sends, "deliveries": &o.Deliveries, "cpu": o.CPU, "memory": o.Memory, "up": o.Up, "down": o.Down, "p50": o.P50, "p99": o.P99} {
		if v != nil && (*v < 0 || math.IsNaN(*v) || math.IsInf(*v, 0)) {
			return fmt.Errorf("%s is %v", name, *v)
		}
	}
	return nil
}
