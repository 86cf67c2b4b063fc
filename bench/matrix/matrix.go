// Package matrix says what to measure by its dimensions: which workloads in which sizes and with how many
// clients, over which transports, carriers, networks, proxies and options. A matrix comes from a strict YAML
// file ([Parse]) or from this package's own list ([Builtin]); [Matrix.Expand] multiplies it out into a plan,
// and says which combinations it left out and why.
package matrix

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"transportlab/bench"
	"transportlab/bench/workload"
)

// Bounds of a matrix: what a report can show, and what can be multiplied out at once.
const (
	MaxArms         = 64
	MaxWorkloads    = 64
	MaxParts        = 64
	MaxCombinations = 20_000 // of workloads and arms, those that are left out among them
)

// A Matrix is what a file says. Each of its parts is multiplied out by itself; what two parts have in common is
// measured once.
type Matrix struct {
	Title     string              `yaml:"title"`     // of the report
	Explain   string              `yaml:"explain"`   // what it is for, in a sentence
	Runs      int                 `yaml:"runs"`      // how often every arm runs each workload; as the plan's default
	Seed      uint64              `yaml:"seed"`      // of the order of the runs; 1
	Interval  workload.Duration   `yaml:"interval"`  // polling, ajax: time between the starts of two requests, where a part sweeps none; as the plan's default
	Reference string              `yaml:"reference"` // arm that the others are compared with
	Define    []workload.Workload `yaml:"define"`    // workloads of the file's own, as in a workload file
	Parts     []Part              `yaml:"parts"`

	name   string
	source *workload.Source
}

// A Part is a product of dimensions. Those that it leaves out have one value, in parentheses.
type Part struct {
	Explain string `yaml:"explain"` // what it is to show
	Runs    int    `yaml:"runs"`    // how often its arms run its workloads, where no part asks for more (the matrix's)

	Workloads []string          `yaml:"workloads"` // built-in ones or those that the file defines
	Sizes     []string          `yaml:"sizes"`     // of messages: 16B, 1KiB, 1MiB (the workload's own)
	Contents  []string          `yaml:"contents"`  // text, binary (the workload's own)
	Clients   []int             `yaml:"clients"`   // (the workload's own)
	Rates     []float64         `yaml:"rates"`     // messages a second (the workload's own)
	Duration  workload.Duration `yaml:"duration"`  // of the measured part (the workload's own)
	Warmup    workload.Duration `yaml:"warmup"`    // (the workload's own)

	Transports  []string            `yaml:"transports"`
	Carriers    []string            `yaml:"carriers"`    // h1, h1tls, h2c, h2 (h1)
	Nets        []string            `yaml:"nets"`        // loopback, lan, broadband, 4g, satellite, or "rtt=50ms,loss=1%" (loopback)
	Proxies     []string            `yaml:"proxies"`     // none, or as --proxy takes them (none)
	Compression []string            `yaml:"compression"` // none, deflate (of WebSocket messages), gzip (by a proxy) (none)
	Headers     []string            `yaml:"headers"`     // go, browser (go)
	Intervals   []workload.Duration `yaml:"intervals"`   // polling, ajax: time between the starts of two requests (the matrix's)

	Exclude []Exclusion `yaml:"exclude"`
}

// An Exclusion leaves combinations of its part out: those that agree with every dimension it names.
type Exclusion struct {
	Because string `yaml:"because"` // why, for people

	Workloads   []string            `yaml:"workloads"`
	Sizes       []string            `yaml:"sizes"`
	Contents    []string            `yaml:"contents"`
	Clients     []int               `yaml:"clients"`
	Rates       []float64           `yaml:"rates"`
	Transports  []string            `yaml:"transports"`
	Carriers    []string            `yaml:"carriers"`
	Nets        []string            `yaml:"nets"`
	Proxies     []string            `yaml:"proxies"`
	Compression []string            `yaml:"compression"`
	Headers     []string            `yaml:"headers"`
	Intervals   []workload.Duration `yaml:"intervals"`
}

// Parse reads a matrix file. An unknown key, a wrong type, a value that no dimension has and a workload that
// cannot be run are errors that point at the line.
func Parse(r io.Reader, name string) (*Matrix, error) {
	source, err := workload.ReadSource(r, name)
	if err != nil {
		return nil, err
	}
	m := &Matrix{name: name, source: source}
	if err := source.Decode(m); err != nil {
		return nil, err
	}
	for i, w := range m.Define {
		m.Define[i] = w.WithDefaults()
	}
	if err := m.check(); err != nil {
		return nil, source.Wrong("$", err)
	}
	if _, err := m.Expand(bench.DefaultPlan()); err != nil {
		return nil, err
	}
	return m, nil
}

// An Expansion is a matrix, multiplied out.
type Expansion struct {
	Plan bench.Plan
	Left []Left // what was left out, in the order of the file
}

// Left are combinations that were left out for one reason.
type Left struct {
	Part    int    `json:"part"` // from 1
	What    string `json:"what"` // the first of them: "push on websocket/h2"
	Because string `json:"because"`
	Count   int    `json:"count"` // of them
}

// Expand multiplies the matrix out. What it says replaces the plan's workloads and arms; what it leaves open is
// the plan's. Its error is that of a matrix too large, or of an arm that this machine does not have.
func (m *Matrix) Expand(p bench.Plan) (*Expansion, error) {
	e := &expander{matrix: m, plan: p, workloads: map[string]int{}}
	e.plan.Workloads, e.plan.Arms, e.plan.Pairs = nil, nil, map[string][]bench.Pair{}
	if m.Title != "" {
		e.plan.Title = m.Title
	}
	if m.Runs != 0 {
		e.plan.Blocks = m.Runs
	}
	if m.Seed != 0 {
		e.plan.Seed = m.Seed
	}
	if m.Interval != 0 {
		e.plan.Options.Interval = time.Duration(m.Interval)
	}
	for i := range m.Parts {
		if err := e.part(i); err != nil {
			return nil, m.at(err)
		}
	}
	if err := e.bounds(); err != nil {
		return nil, m.at(err)
	}
	e.plan.Reference = m.Reference
	if err := e.plan.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return &Expansion{e.plan, e.left}, nil
}

func (m *Matrix) at(err error) error {
	var fe *workload.FieldError
	if errors.As(err, &fe) && m.source != nil {
		return m.source.Wrong("$", err)
	}
	return fmt.Errorf("%s: %w", m.name, err)
}

func (e *expander) bounds() error {
	switch w, a := len(e.plan.Workloads), len(e.plan.Arms); {
	case w > MaxWorkloads:
		return wrong("parts", "together they have %d workloads; a report shows at most %d", w, MaxWorkloads)
	case a > MaxArms:
		return wrong("parts", "together they have %d arms; a report shows at most %d", a, MaxArms)
	}
	largest := slices.MaxFunc(e.plan.Workloads, func(a, b workload.Workload) int { return a.Size - b.Size }).Size
	if largest > e.plan.Options.WithDefaults().MaxMessage {
		e.plan.Options.MaxMessage = largest
	}
	return nil
}

func wrong(field, format string, args ...any) error {
	return &workload.FieldError{Field: field, Message: fmt.Sprintf(format, args...)}
}
