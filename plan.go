package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/link"
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// plan is what the flags ask for.
func (c *runCommand) plan(t *terminal) (bench.Plan, error) {
	p := bench.DefaultPlan()
	choose := c.listed
	if c.Matrix != "" {
		choose = c.expanded
	}
	if err := choose(t, &p); err != nil {
		return p, err
	}
	p.Store, p.Target, p.Mine, p.Emulator = c.Redis, c.Target, c.Mine, c.Emulator
	p.Command = append([]string{"transportlab"}, t.args...)
	for i := range p.Workloads {
		c.override(&p.Workloads[i])
	}
	if c.Runs != 0 {
		p.Blocks = c.Runs
	}
	p.Precision, p.MaxBlocks, p.MaxTime = float64(c.Precision), c.MaxRuns, c.MaxTime
	if c.Seed != 0 {
		p.Seed = c.Seed
	}
	asked := p.Options
	p.Options = c.Tuning.options()
	p.Options.Interval = cmp.Or(p.Options.Interval, asked.Interval)
	p.Options.MaxMessage = cmp.Or(p.Options.MaxMessage, asked.MaxMessage)
	if c.Reference != "" {
		p.Reference = c.Reference
	}
	if c.Title != "" {
		p.Title = c.Title
	}
	return p, nil
}

// listed is a plan of the workloads and arms that flags list.
func (c *runCommand) listed(t *terminal, p *bench.Plan) error {
	if len(c.Workloads) > 0 {
		var err error
		if p.Workloads, err = findWorkloads(t.in, c.Workloads); err != nil {
			return err
		}
	}
	return c.arms(p)
}

// expanded is the plan of a matrix.
func (c *runCommand) expanded(t *terminal, p *bench.Plan) error {
	for flag, given := range map[string]bool{"--workloads": len(c.Workloads) > 0, "--transports": len(c.Transports) > 0, "--carriers": len(c.Carriers) > 0,
		"--net": len(c.Nets) > 0, "--proxy": len(c.Proxies) > 0, "--floors": c.Floors} {
		if given {
			return fmt.Errorf("%s and --matrix: a matrix says itself what is compared", flag)
		}
	}
	m, err := findMatrix(t.in, c.Matrix)
	if err != nil {
		return err
	}
	e, err := m.Expand(*p)
	if err != nil {
		return err
	}
	*p = e.Plan
	return nil
}

func (c *runCommand) override(w *workload.Workload) {
	if c.Duration != 0 {
		w.Duration = workload.Duration(c.Duration)
	}
	if c.Warmup != 0 {
		w.Warmup = workload.Duration(c.Warmup)
	}
	if c.Seed != 0 {
		w.Seed = c.Seed
	}
}

func (c *runCommand) arms(p *bench.Plan) error {
	names := slices.Clone(c.Transports)
	if len(names) == 0 {
		for _, a := range p.Arms {
			names = append(names, a.Transport)
		}
	} else {
		p.Title = fmt.Sprintf("%s over one log", strings.Join(names, ", "))
	}
	carriers := c.Carriers
	if len(carriers) == 0 {
		carriers = []string{"h1"}
	}
	var err error
	if p.Arms, err = bench.Arms(names, carriers); err != nil {
		return err
	}
	if c.Floors {
		floors, err := bench.Arms([]string{"null", "tcp"}, []string{"h1"})
		if err != nil {
			return err
		}
		for _, f := range floors {
			if !slices.Contains(p.Arms, f) {
				p.Arms = append(p.Arms, f)
			}
		}
	}
	if err := c.conditions(p); err != nil {
		return err
	}
	if !slices.ContainsFunc(p.Arms, func(a result.Arm) bool { return a.String() == p.Reference }) {
		p.Reference = ""
	}
	return nil
}

// conditions puts the plan's arms under what lies between clients and server.
func (c *runCommand) conditions(p *bench.Plan) error {
	nets, variants := []string{link.Loopback}, []string{""}
	if len(c.Nets) > 0 {
		asked, err := link.ParseList(strings.Join(c.Nets, ","))
		if err != nil {
			return fmt.Errorf("--net: %w", err)
		}
		nets = nil
		for _, n := range asked {
			nets = append(nets, n.Name)
		}
	}
	if len(c.Proxies) > 0 {
		variants = nil
		for _, name := range c.Proxies {
			v := ""
			if name != "none" {
				v = bench.Variant{Proxy: name}.String()
			}
			variants = append(variants, v)
		}
	}
	var err error
	p.Arms, err = bench.Under(p.Arms, nets, variants)
	return err
}

// plain are a document's arms as one meets them first: over HTTP/1.1, nothing between, no floor.
func plain(d *result.Document) (arms []result.Arm) {
	for _, a := range d.Arms {
		if a.Arm.String() == a.Arm.Transport && !a.Floor {
			arms = append(arms, a.Arm)
		}
	}
	return arms
}

// announce says how much is to come, when it is more than one would wait for without asking.
func (c *runCommand) announce(t *terminal, p bench.Plan) {
	if t.quiet || c.Matrix == "" && p.Precision == 0 && !c.Saturation {
		return
	}
	text := fmt.Sprintf("%d runs of %d workloads on %d arms, about %s", p.Runs(), len(p.Workloads), len(p.Arms), p.Estimate().Round(time.Second))
	if p.Precision > 0 {
		text += fmt.Sprintf("; more until every headline is known to ±%.3g %%", 100*p.Precision)
	}
	if c.Saturation {
		text += "; then how much each carries"
	}
	fmt.Fprintln(t.err, text)
}

// A percent is a share that is written "5%" or "0.05".
type percent float64

// UnmarshalText reads one.
func (p *percent) UnmarshalText(text []byte) error {
	digits, hundred := strings.CutSuffix(strings.TrimSpace(string(text)), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if hundred {
		v /= 100
	}
	if err != nil || !(v > 0 && v <= 1) {
		return fmt.Errorf("%q is no share such as 5%%", text)
	}
	*p = percent(v)
	return nil
}
