package result

import "fmt"

// Check returns an error that names what is missing or contradicts itself in d.
func (d *Document) Check() error {
	if d.Format != Format || d.Version != Version {
		return fmt.Errorf("format %q version %d is not %q version %d", d.Format, d.Version, Format, Version)
	}
	workloads := map[string]bool{}
	for i, w := range d.Workloads {
		if err := w.Check(); err != nil {
			return fmt.Errorf("workloads[%d]: %w", i, err)
		}
		if workloads[w.Name] {
			return fmt.Errorf("workloads[%d]: %s is there twice", i, w.Name)
		}
		workloads[w.Name] = true
	}
	arms := map[Arm]bool{}
	for i, a := range d.Arms {
		switch {
		case a.Arm.Transport == "" || a.Arm.Carrier == "" || a.Arm.Net == "":
			return fmt.Errorf("arms[%d]: transport, carrier and net must be named", i)
		case arms[a.Arm]:
			return fmt.Errorf("arms[%d]: %s is there twice", i, a.Arm)
		}
		arms[a.Arm] = true
	}
	for i, r := range d.Runs {
		switch {
		case !workloads[r.Workload]:
			return fmt.Errorf("runs[%d]: workload %q is not described", i, r.Workload)
		case !arms[r.Arm]:
			return fmt.Errorf("runs[%d]: arm %s is not described", i, r.Arm)
		case r.Block < 1 || r.Order < 1:
			return fmt.Errorf("runs[%d]: block and order count from 1", i)
		}
		for name, h := range r.histograms() {
			if _, err := h.Decode(); err != nil {
				return fmt.Errorf("runs[%d].%s: %w", i, name, err)
			}
		}
	}
	return nil
}

func (r Run) histograms() map[string]Histogram {
	hs := map[string]Histogram{
		"delivery": r.Delivery, "uncorrected": r.Uncorrected, "ack": r.Ack, "lateness": r.Lateness,
		"noise.timer": r.Noise.Timer, "connections.dial": r.Connections.Dial,
	}
	if r.CatchUp != nil {
		hs["catch_up"] = *r.CatchUp
	}
	if r.FirstMessage != nil {
		hs["first_message"] = *r.FirstMessage
	}
	if r.Reconnect != nil {
		hs["reconnect"] = *r.Reconnect
	}
	if r.Age != nil {
		hs["age.peak"] = r.Age.Peak
	}
	return hs
}
