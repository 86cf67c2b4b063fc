package main

import (
	"time"

	"transportlab/bench/model"
	"transportlab/bench/result"
)

// A predictionJSON is a model.Prediction for programs: durations in nanoseconds, what is not known null.
type predictionJSON struct {
	Transport string                 `json:"transport"`
	Interval  time.Duration          `json:"interval,omitempty"`
	Mean      *float64               `json:"mean_ns"`
	P50       *float64               `json:"p50_ns"`
	P99       *float64               `json:"p99_ns"`
	Form      string                 `json:"form,omitempty"`       // of the latency
	Bytes     *float64               `json:"bytes_per_message"`    // of a client
	Traffic   *float64               `json:"bytes_per_second"`     // of a client
	Asked     float64                `json:"questions_per_second"` // of a client
	Cores     *float64               `json:"cores"`
	Memory    *float64               `json:"memory"` // bytes
	Score     *float64               `json:"score"`
	Why       string                 `json:"why,omitempty"`
	Excluded  []string               `json:"excluded,omitempty"`
	Notes     []string               `json:"notes,omitempty"`
	Errors    map[string]model.Error `json:"errors"` // held-out, by figure
}

func adviceJSON(a *model.Advice, m *model.Model) any {
	list := func(ps []model.Prediction) []predictionJSON {
		out := []predictionJSON{}
		for _, p := range ps {
			out = append(out, predictionJSON{p.Transport, p.Interval, nanoseconds(p.Mean), nanoseconds(p.P50), nanoseconds(p.P99), p.Form.Text,
				number(p.Bytes), number(p.Traffic), p.Asked, number(p.Cores), number(p.Memory), number(p.Score), p.Why, p.Excluded, p.Notes, p.Errors})
		}
		return out
	}
	return struct {
		Ask      model.Ask          `json:"ask"`
		Ranked   []predictionJSON   `json:"ranked"`
		Excluded []predictionJSON   `json:"excluded"`
		Level    int                `json:"level"` // how many of the first cannot be told apart
		Beyond   []model.Beyond     `json:"beyond"`
		Errors   []model.Fitness    `json:"errors"` // held-out, by figure
		Error    *float64           `json:"error"`  // by how much a score may be off
		Warnings []string           `json:"warnings"`
		Machine  result.Environment `json:"machine"` // that was measured
	}{a.Ask, list(a.Ranked), list(a.Excluded), a.Level, append([]model.Beyond{}, a.Beyond...), a.Errors, number(a.Error), a.Warnings, m.Source().Environment}
}

func nanoseconds(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	return number(float64(d))
}
