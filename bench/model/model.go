// Package model predicts what each transport costs and how long its deliveries take under a load that nobody has
// measured. Costs are sums of terms with a physical meaning — a message sent, a question, a connection, a byte —
// whose prices are fitted on measured runs; latency is the closed form of package theory above a floor that is
// fitted too. How far predictions lie from runs that the fit has not seen is part of every answer.
package model

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"slices"

	"transportlab/bench/result"
)

// A Model knows the prices of every arm that was measured enough.
type Model struct {
	source *Observations
	arms   []arm
	ranges ranges
}

// An arm is one transport; its variants differ in how often clients ask, which the load says.
type arm struct {
	info   result.ArmInfo
	prices map[string]*prices // by law
	errors map[string]Error
}

//go:embed measured.json
var measured []byte

// Default is the model fitted on the measurements that come with the program.
func Default() (*Model, error) {
	o, err := Read(bytes.NewReader(measured))
	if err != nil {
		return nil, fmt.Errorf("measured.json: %w", err)
	}
	return Fit(o)
}

// maxObservations bounds the time of a fit, which leaves out every configuration once.
const maxObservations = 5000

// Fit finds the prices of every arm with runs of enough configurations. Its error names what is missing when no
// arm has.
func Fit(o *Observations) (*Model, error) {
	if n := len(o.Observations); n > maxObservations {
		return nil, fmt.Errorf("%d runs are more than the %d that a model is fitted on", n, maxObservations)
	}
	m := &Model{source: o, ranges: newRanges(o)}
	for _, info := range o.Arms {
		if slices.ContainsFunc(m.arms, func(a arm) bool { return a.info.Arm.Transport == info.Arm.Transport }) {
			continue
		}
		a := arm{info: info, prices: map[string]*prices{}, errors: map[string]Error{}}
		a.info.Arm.Variant = ""
		for _, law := range laws() {
			samples, configurations := o.samples(law, info.Arm.Transport)
			if configurations < leastConfigurations || timetable(info.Arm.Transport) && (law.name == lawP50 || law.name == lawP99) {
				continue
			}
			a.prices[law.name], a.errors[law.name] = fit(law, info.Arm.Transport, samples)
		}
		if a.prices[lawCPU] != nil || a.prices[lawDown] != nil || a.prices[lawP50] != nil {
			m.arms = append(m.arms, a)
		}
	}
	if len(m.arms) == 0 {
		return nil, fmt.Errorf("too few measurements for a model: it needs %d workloads that differ in clients, rate, readers or size for each transport", leastConfigurations)
	}
	return m, nil
}

// samples are a law's figures of a transport, and how many configurations they are of.
func (o *Observations) samples(law law, transport string) ([]sample, int) {
	var list []sample
	seen := map[string]bool{}
	for _, each := range o.Observations {
		v := law.of(each)
		if each.Arm.Transport != transport || v == nil || math.IsNaN(*v) {
			continue
		}
		l, ok := each.load(o.Options, o.push(each.Arm))
		if !ok {
			continue
		}
		group := each.configuration()
		list = append(list, sample{l, *v, group})
		seen[group] = true
	}
	return list, len(seen)
}

func (o *Observations) push(a result.Arm) bool {
	return slices.ContainsFunc(o.Arms, func(info result.ArmInfo) bool { return info.Arm == a && info.Push })
}

// A Fitness is the held-out error of one law for one transport.
type Fitness struct {
	Transport string `json:"transport,omitempty"` // "" is all of them
	Figure    string `json:"figure"`              // "cpu", "memory", "up", "down", "p50", "p99"
	Error
}

// Errors are the held-out errors of everything that was fitted.
func (m *Model) Errors() []Fitness {
	var list []Fitness
	for _, a := range m.arms {
		for _, law := range laws() {
			if e, ok := a.errors[law.name]; ok {
				list = append(list, Fitness{a.info.Arm.Transport, law.name, e})
			}
		}
	}
	return list
}

// Median is the median of the errors' medians; NaN without any.
func Median(errors []Fitness) float64 {
	var values []float64
	for _, e := range errors {
		values = append(values, e.Median)
	}
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// Source says what the model was fitted on.
func (m *Model) Source() *Observations { return m.source }
