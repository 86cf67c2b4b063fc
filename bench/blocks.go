package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"transportlab/bench/arrival"
	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
)

// A runner goes through a plan, block after block.
type runner struct {
	plan   Plan
	traces map[string]*arrival.TraceFile
	store  *node.Store
	doc    *result.Document
	began  time.Time

	total int           // runs, as far as is known
	done  time.Duration // what the finished runs should have cost
	due   time.Duration // what all should cost
	wide  *stats.Width  // the headline that is known least well

	mu      sync.Mutex
	observe func(Event)
	event   Event
}

func (r *runner) all(ctx context.Context) error {
	all := r.plan.Workloads
	for block := range r.plan.Blocks {
		r.schedule(block+1, all)
	}
	var failed error
	for block := 1; ; block++ {
		workloads := all
		if block > r.plan.Blocks {
			if workloads = r.unknown(block); len(workloads) == 0 {
				return failed
			}
			r.schedule(block, workloads)
			r.doc.Blocks = block
		}
		err := r.block(ctx, block, workloads)
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			return errors.Join(failed, ErrInterrupted)
		}
	}
}

// schedule adds a block of workloads to what is to be done.
func (r *runner) schedule(block int, workloads []workload.Workload) {
	for _, w := range workloads {
		arms := len(r.plan.armsOf(w, block))
		r.total += arms
		r.due += cost(w) * time.Duration(arms)
	}
}

// block runs each of the workloads once on each of its arms, until ctx ends. Its error joins those of runs that
// failed.
func (r *runner) block(ctx context.Context, block int, workloads []workload.Workload) error {
	var failed error
	order := 0
	for _, w := range workloads {
		arms := r.plan.armsOf(w, block)
		place := slices.IndexFunc(r.plan.Workloads, func(p workload.Workload) bool { return p.Name == w.Name })
		for _, i := range shuffled(r.plan.Seed, block, place, len(arms)) {
			order++
			run, err := r.one(ctx, block, order, w, arms[i])
			if ctx.Err() != nil {
				return failed
			}
			if err != nil {
				run.Error = err.Error()
				failed = errors.Join(failed, &RunError{run, err})
			}
			r.doc.Runs = append(r.doc.Runs, run)
			r.done += cost(w)
			r.tell(func(e *Event) { e.Finished = &run })
		}
	}
	return failed
}

// unknown returns the workloads of which a headline is not yet known as well as the plan asks, none when
// the plan asks for a fixed number of blocks or has come to its bounds; the document then says so.
func (r *runner) unknown(block int) []workload.Workload {
	if r.plan.Precision <= 0 {
		return nil
	}
	wide := stats.Imprecise(r.doc)
	r.wide = widest(stats.Widths(r.doc))
	var open []workload.Workload
	hopeless := false
	for _, w := range r.plan.Workloads {
		of := func(o stats.Width) bool { return o.Workload.Name == w.Name }
		if slices.ContainsFunc(wide, func(o stats.Width) bool { return of(o) && !o.Hopeless }) {
			open = append(open, w)
		}
		hopeless = hopeless || slices.ContainsFunc(wide, of)
	}
	most, longest := r.plan.bounds()
	switch spent := time.Since(r.began); {
	case len(open) == 0 && hopeless:
		r.doc.Stopped = "some arms have no run from which a figure could be taken"
	case len(open) == 0:
	case block > most:
		r.doc.Stopped = fmt.Sprintf("after the greatest number of runs, %d of each", most)
		return nil
	case spent >= longest:
		r.doc.Stopped = fmt.Sprintf("after %s, of which %s were allowed", spent.Round(time.Second), longest)
		return nil
	}
	return open
}

// widest is the headline that is known least well of those of which anything is known.
func widest(list []stats.Width) *stats.Width {
	var most *stats.Width
	for i, w := range list {
		if !w.Hopeless && (most == nil || w.Half > most.Half) {
			most = &list[i]
		}
	}
	return most
}

// shuffled is the order of n arms for one workload of a block.
func shuffled(seed uint64, block, workload, n int) []int {
	return rand.New(rand.NewPCG(seed, uint64(block)<<32|uint64(workload))).Perm(n)
}

func (r *runner) one(ctx context.Context, block, order int, w workload.Workload, a result.Arm) (result.Run, error) {
	number := len(r.doc.Runs) + 1
	r.tell(func(e *Event) {
		*e = Event{Block: block, Blocks: r.doc.Blocks, Number: number, Total: r.total, Workload: w.Name, Arm: a, Widest: r.wide}
	})
	run, err := runOne(ctx, r.plan, w, r.traces[w.Name], a, r.store, prefix(r.began, number), func(p load.Progress) {
		r.tell(func(e *Event) { e.Progress = p })
	})
	run.Block, run.Order = block, order
	return run, err
}

// prefix begins the names of a run's topics, which are new for each run, and equally long, because they travel
// with requests.
func prefix(began time.Time, number int) string {
	return "r" + strconv.FormatInt(began.Unix()%46656+46656, 36) + strconv.Itoa(10_000+number) + "."
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

// left guesses from what the finished runs have taken and should have, and for the first from its schedule.
func (r *runner) left() time.Duration {
	if r.done == 0 {
		return max(r.due-time.Since(r.began), 0)
	}
	return time.Duration(float64(time.Since(r.began)) / float64(r.done) * float64(r.due-r.done))
}
