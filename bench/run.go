package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/probe"
	"transportlab/bench/result"
	"transportlab/bench/stats"
)

// An Event tells how far a plan is. Run reports one four times a second, and one at the end of each run.
type Event struct {
	Block, Blocks int           // the block under way, from 1
	Number, Total int           // of the runs: the one under way, from 1
	Workload      string        // of the run under way
	Arm           result.Arm    // of the run under way
	Progress      load.Progress // of the run under way
	Left          time.Duration // until the end of the plan, by what the runs so far have taken
	Finished      *result.Run   // set once, when the run has ended
	Widest        *stats.Width  // of a plan with a precision: the headline that is known least well; nil before MinRuns blocks
}

// A RunError is a run that failed; its figures are not to be used.
type RunError struct {
	Run result.Run
	Err error
}

func (e *RunError) Error() string {
	return fmt.Sprintf("block %d, %s, %s: %v", e.Run.Block, e.Run.Workload, e.Run.Arm, e.Err)
}

func (e *RunError) Unwrap() error { return e.Err }

// ErrInterrupted says that a plan was broken off; the document holds the runs that were finished.
var ErrInterrupted = errors.New("interrupted")

// Run measures what the plan asks for. Within a block every arm runs every workload once, workload after
// workload, the arms of each in an order of their own; so whatever changes on the machine meanwhile meets
// all arms alike. A plan with a Precision goes on with further blocks of the workloads that are not known
// well enough; the document then says how often it ran and, in Stopped, whether it came so far.
//
// The document is not nil even when there is an error: it holds what was measured. The error joins a
// *RunError for every run that failed (a promise of a transport was broken, a connection died) with
// ErrInterrupted when ctx ended. Nothing that Run started outlives it. observe may be nil; its calls do
// not overlap.
func Run(ctx context.Context, p Plan, observe func(Event)) (*result.Document, error) {
	if p.Store == "" {
		p.Store = "auto"
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	traces, err := p.traces()
	if err != nil {
		return nil, err
	}
	defer undisturbed()()
	d := p.document()
	store, err := node.StartStore(ctx, p.Store)
	if err != nil {
		return d, err
	}
	d.Store = result.Store{Kind: store.Info.Kind, Version: store.Info.Version, Address: store.Info.Address}
	if p.links, err = openLinks(ctx, p, d); err != nil {
		return d, errors.Join(err, store.Close())
	}
	r := &runner{plan: p, traces: traces, store: store, doc: d, observe: observe, began: time.Now()}
	err = r.all(ctx)
	d.Finished = time.Now().UTC()
	if ctx.Err() != nil {
		d.Partial = fmt.Sprintf("interrupted after %d of %d runs", len(d.Runs), r.total)
	}
	return d, errors.Join(err, p.links.Close(), store.Close())
}

// NewDocument returns the plan's document, without runs, to be filled in by Saturate.
func NewDocument(p Plan) *result.Document {
	return p.document()
}

// document is the plan's, without runs.
func (p Plan) document() *result.Document {
	o := p.options()
	d := &result.Document{
		Format: result.Format, Version: result.Version, Title: p.Title, Started: time.Now().UTC(), Command: p.Command,
		Seed: p.Seed, Blocks: p.Blocks, Precision: p.Precision, Reference: p.Reference, Environment: probe.Environment(), Workloads: p.Workloads,
		Options: result.Options{Interval: o.Interval, Hold: o.Hold, Batch: o.Batch, MaxMessage: o.MaxMessage,
			Heartbeat: o.Heartbeat, Compression: o.Compression, MessageRate: o.MessageRate, Origins: o.Origins},
	}
	d.Environment.Target = p.Target
	if d.Reference == "" {
		d.Reference = p.Arms[0].String()
	}
	for _, a := range p.Arms {
		if t, err := find(a.Transport, o); err == nil {
			d.Arms = append(d.Arms, result.ArmInfo{Arm: a, Title: t.Info().Title, Push: t.Info().Push, Floor: t.Info().Floor})
		}
	}
	return d
}
