package reports

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// Join makes one document of several, whose runs follow each other. It refuses to mix results that
// cannot be compared — another store, other options, another machine, a workload of the same name that
// asks something else — unless force is set. Runs of different documents were not interleaved, so that
// a machine that changed in between is unfair to one of them; the joined document says so.
func Join(documents []*result.Document, force bool) (*result.Document, error) {
	if len(documents) == 0 {
		return nil, errors.New("no results to report")
	}
	joined := *documents[0]
	if len(documents) == 1 {
		return &joined, nil
	}
	joined.Workloads, joined.Arms, joined.Nets = slices.Clone(joined.Workloads), slices.Clone(joined.Arms), slices.Clone(joined.Nets)
	joined.Runs = slices.Clone(joined.Runs)
	joined.Command = nil
	for i, d := range documents[1:] {
		if err := alike(documents[0], d); err != nil && !force {
			return nil, fmt.Errorf("result %d cannot be compared with the first: %w (--force joins them all the same)", i+2, err)
		}
		for _, w := range d.Workloads {
			at := slices.IndexFunc(joined.Workloads, func(o workload.Workload) bool { return o.Name == w.Name })
			if at < 0 {
				joined.Workloads = append(joined.Workloads, w)
			}
		}
		for _, a := range d.Arms {
			if !slices.ContainsFunc(joined.Arms, func(o result.ArmInfo) bool { return o.Arm == a.Arm }) {
				joined.Arms = append(joined.Arms, a)
			}
		}
		for _, n := range d.Nets {
			if !slices.ContainsFunc(joined.Nets, func(o result.Net) bool { return o.Name == n.Name }) {
				joined.Nets = append(joined.Nets, n)
			}
		}
		for _, r := range d.Runs {
			r.Block += joined.Blocks
			joined.Runs = append(joined.Runs, r)
		}
		joined.Blocks += d.Blocks
		joined.Calibration = append(slices.Clone(joined.Calibration), d.Calibration...)
		joined.Knees = append(slices.Clone(joined.Knees), d.Knees...)
		joined.Scalings = append(slices.Clone(joined.Scalings), d.Scalings...)
		for _, f := range d.Findings {
			if !slices.ContainsFunc(joined.Findings, func(o result.Finding) bool { return o.ID == f.ID }) {
				joined.Findings = append(slices.Clone(joined.Findings), f)
			}
		}
		if c := d.Capacity; c != nil && (joined.Capacity == nil || c.Rate < joined.Capacity.Rate) {
			joined.Capacity = c // the lesser is what all of them can rely on
		}
		if d.Precision != joined.Precision {
			joined.Precision = 0
		}
		joined.Finished = d.Finished
	}
	note := fmt.Sprintf("%d results were joined; runs of different results did not take turns", len(documents))
	if joined.Partial != "" {
		note += "; " + joined.Partial
	}
	joined.Partial = note
	return &joined, nil
}

// alike names the first thing in which two documents differ that makes their figures differ.
func alike(a, b *result.Document) error {
	switch {
	case a.Store.Kind != b.Store.Kind || a.Store.Version != b.Store.Version:
		return fmt.Errorf("the store is %s, not %s", storeText(b.Store), storeText(a.Store))
	case !reflect.DeepEqual(a.Options, b.Options):
		return errors.New("the options differ")
	case a.Environment.CPU != b.Environment.CPU || a.Environment.Cores != b.Environment.Cores:
		return errors.New("the machine is another")
	}
	for _, w := range b.Workloads {
		for _, o := range a.Workloads {
			if o.Name == w.Name && !reflect.DeepEqual(o, w) {
				return fmt.Errorf("the workload %s asks something else", w.Name)
			}
		}
	}
	return nil
}
