package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"transportlab/bench/arrival"
	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/probe"
	"transportlab/bench/result"
	"transportlab/bench/workload"
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
// all arms alike.
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
	r := &runner{plan: p, traces: traces, store: store, doc: d, observe: observe, began: time.Now()}
	err = r.all(ctx)
	d.Finished = time.Now().UTC()
	if ctx.Err() != nil {
		d.Partial = fmt.Sprintf("interrupted after %d of %d runs", len(d.Runs), r.total())
	}
	return d, errors.Join(err, store.Close())
}

// document is the plan's, without runs.
func (p Plan) document() *result.Document {
	o := p.options()
	d := &result.Document{
		Format: result.Format, Version: result.Version, Title: p.Title, Started: time.Now().UTC(), Command: p.Command,
		Seed: p.Seed, Blocks: p.Blocks, Reference: p.Reference, Environment: probe.Environment(), Workloads: p.Workloads,
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

// A runner goes through a plan.
type runner struct {
	plan   Plan
	traces map[string]*arrival.TraceFile
	store  *node.Store
	doc    *result.Document
	began  time.Time

	mu      sync.Mutex
	observe func(Event)
	event   Event
}

func (r *runner) total() int { return r.plan.Blocks * len(r.plan.Workloads) * len(r.plan.Arms) }

func (r *runner) all(ctx context.Context) error {
	var failed error
	for block := 1; block <= r.plan.Blocks; block++ {
		order := 0
		for n, w := range r.plan.Workloads {
			for _, i := range shuffled(r.plan.Seed, block, n, len(r.plan.Arms)) {
				order++
				run, err := r.one(ctx, block, order, w, r.plan.Arms[i])
				if ctx.Err() != nil {
					return errors.Join(failed, ErrInterrupted)
				}
				if err != nil {
					run.Error = err.Error()
					failed = errors.Join(failed, &RunError{run, err})
				}
				r.doc.Runs = append(r.doc.Runs, run)
				r.tell(func(e *Event) { e.Finished = &run })
			}
		}
	}
	return failed
}

// shuffled is the order of n arms for one workload of a block.
func shuffled(seed uint64, block, workload, n int) []int {
	return rand.New(rand.NewPCG(seed, uint64(block)<<32|uint64(workload))).Perm(n)
}

func (r *runner) one(ctx context.Context, block, order int, w workload.Workload, a result.Arm) (result.Run, error) {
	number := len(r.doc.Runs) + 1
	r.tell(func(e *Event) {
		*e = Event{Block: block, Blocks: r.plan.Blocks, Number: number, Total: r.total(), Workload: w.Name, Arm: a}
	})
	// Topics are new for each run, and their names equally long, because they travel with requests.
	prefix := "r" + strconv.FormatInt(r.began.Unix()%46656+46656, 36) + strconv.Itoa(10_000+number) + "."
	run, err := runOne(ctx, r.plan, w, r.traces[w.Name], a, r.store, prefix, func(p load.Progress) {
		r.tell(func(e *Event) { e.Progress = p })
	})
	run.Block, run.Order = block, order
	return run, err
}

// tell changes the event and reports it.
func (r *runner) tell(change func(*Event)) {
	if r.observe == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.event)
	r.event.Left = r.left()
	r.observe(r.event)
	r.event.Finished = nil
}

// left guesses from what the finished runs have taken, and for the first from its schedule.
func (r *runner) left() time.Duration {
	n := len(r.doc.Runs)
	if n == 0 {
		var once time.Duration
		for _, w := range r.plan.Workloads {
			once += time.Duration(w.Warmup+w.Duration) + 500*time.Millisecond
		}
		return max(once*time.Duration(r.plan.Blocks*len(r.plan.Arms))-time.Since(r.began), 0)
	}
	each := time.Since(r.began) / time.Duration(n)
	return each * time.Duration(r.total()-n)
}
