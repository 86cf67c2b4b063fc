// Package findings holds what others say of transports against measurements made for it: the claims that
// every introduction to real-time transports makes, and figures that were published. Each statement names
// the experiment that tests it, and the experiment alone decides the verdict.
//
// A program that calls Test must begin as node.IsChild says.
package findings

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"transportlab/bench"
	"transportlab/bench/result"
)

// A Statement is something that was said, and how it is tested.
type Statement struct {
	ID     string `json:"id"`               // "pimentel-2012"
	Group  string `json:"group"`            // result.Claim or result.Literature
	Says   string `json:"says"`             // in our own words
	Source string `json:"source"`           // who said it and when
	Theirs string `json:"theirs,omitempty"` // the published figure; a claim has none
	Method string `json:"method"`           // what is measured to test it
	test   func(ctx context.Context, s *session) (outcome, error)
}

// An outcome is what an experiment found.
type outcome struct {
	ours, verdict, why string
	figures            []result.Extra
}

// All are the statements, claims first, in the order of reports.
func All() []Statement { return slices.Concat(claims(), socketClaims(), delays(), costs()) }

// Find returns the statements of these IDs, or of a group; without any, all.
func Find(ids []string) ([]Statement, error) {
	if len(ids) == 0 {
		return All(), nil
	}
	var found []Statement
	for _, id := range ids {
		before := len(found)
		var known []string
		for _, s := range All() {
			known = append(known, s.ID)
			if s.ID == id || s.Group == id {
				found = append(found, s)
			}
		}
		if len(found) == before {
			return nil, fmt.Errorf("there is no statement %q: choose from %s, %s, or %s", id, result.Claim, result.Literature, strings.Join(known, ", "))
		}
	}
	return found, nil
}

// Options say how to test.
type Options struct {
	Store    string // of the logs, as redislog.Open takes it; "auto"
	Emulator string // of network conditions, as link.Open takes it; "auto"
	// Observe, if set, is called before each statement is tested, with its place from 0.
	Observe func(n int, s Statement)
}

// Test tests statements one after the other. It returns what it has found when ctx ends, with its error; an
// experiment that fails is an error too, since a verdict without a measurement would be an invention.
func Test(ctx context.Context, statements []Statement, o Options) ([]result.Finding, error) {
	s := &session{o: o, documents: map[string]*result.Document{}}
	var found []result.Finding
	for i, st := range statements {
		if o.Observe != nil {
			o.Observe(i, st)
		}
		f, err := st.try(ctx, s)
		if err != nil {
			return found, fmt.Errorf("%s: %w", st.ID, err)
		}
		found = append(found, f)
	}
	return found, nil
}

func (st Statement) try(ctx context.Context, s *session) (result.Finding, error) {
	if err := ctx.Err(); err != nil {
		return result.Finding{}, err
	}
	o, err := st.test(ctx, s)
	return result.Finding{ID: st.ID, Group: st.Group, Says: st.Says, Source: st.Source, Method: st.Method, Theirs: st.Theirs,
		Ours: o.ours, Verdict: o.verdict, Why: o.why, Figures: o.figures}, err
}

// A session is one call of Test. Statements that need the same runs share them.
type session struct {
	o         Options
	documents map[string]*result.Document // by the plan's title
}

// measure runs a plan, once for all statements that ask for one of its title.
func (s *session) measure(ctx context.Context, p bench.Plan) (*result.Document, error) {
	if d := s.documents[p.Title]; d != nil {
		return d, nil
	}
	p.Store, p.Emulator, p.Seed = s.o.Store, s.o.Emulator, 1
	d, err := bench.Run(ctx, p, nil)
	if err != nil {
		return nil, err
	}
	for _, c := range d.Calibration {
		if !c.Passed && !c.Aside {
			return nil, fmt.Errorf("the network is not what was asked for: %s reads %g, not %g", c.Name, c.Read, c.Truth)
		}
	}
	s.documents[p.Title] = d
	return d, nil
}

// verdict of a statement that holds, or does not.
func verdict(holds bool) string {
	if holds {
		return result.Agrees
	}
	return result.Disagrees
}
