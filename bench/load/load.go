// Package load gives a workload to one transport and records what becomes of it. It knows connections
// and nothing of what is behind them: whoever calls it starts servers and reads processes.
//
// A run has five parts. Clients connect, and every publisher sends a greeting that all its readers must
// receive, so that each connection is known to work. The warm-up and the measured part then follow their
// schedules; each ends when everything that was acknowledged has arrived, so that counters read between
// the parts belong to whole messages. At last, when it disturbs nothing any more, a few fresh clients
// come, one after the other, to a topic that holds a message.
package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/bench/arrival"
	"transportlab/bench/pace"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/checker"
)

// A Client is a connection and the means to cut it off.
type Client struct {
	transports.Conn
	Cut func() // breaks what carries it, as a dying network does; nil when nothing does
}

// A Config is what a run needs. Workload, Dial and Prefix must be set.
type Config struct {
	Workload workload.Workload  // with defaults
	Trace    *arrival.TraceFile // that the workload names
	Prefix   string             // of topics; another for every run on the same store
	Dial     func(ctx context.Context, topic string, after transports.Cursor) (Client, error)
	Grace    time.Duration // for what is under way when a schedule ends; 10 s
	Late     time.Duration // a send this much after its time counts as late; 10 ms
	Pipeline int           // most sends under way on one connection; 64
	Fresh    int           // fresh clients whose time to first message is taken when the load is over; 5, negative is none
	Hooks    Hooks

	// Pace calls due for the moments of a schedule as they come, as pace.Run does, which is what nil means. Only
	// a test in fake time needs another: pace.Run sleeps by the system's clock.
	Pace func(ctx context.Context, start time.Time, at []time.Duration, due func(from, to int)) (int, error)
}

// Hooks are called between the parts of a run, on its goroutine; nil ones are not. An error ends the run.
type Hooks struct {
	Connected func() error   // every connection works, and nothing is under way
	Start     func() error   // the measured part is about to begin
	End       func() error   // everything has arrived; connections are still open
	Progress  func(Progress) // four times a second, from another goroutine
}

// Progress tells how far a run is.
type Progress struct {
	Part      string        // "connect", "warm-up" or "measure"
	Done      time.Duration // of the schedules of warm-up and measured part together
	Total     time.Duration
	Delivered uint64        // in this part
	Rate      float64       // deliveries a second since the last call
	P50, P99  time.Duration // of the measured part so far, from a sample of the clients
}

// A session is a run under way.
type session struct {
	Config
	w       workload.Workload
	epoch   time.Time // all moments below are nanoseconds since
	check   *checker.Checker
	bodies  arrival.Bodies
	topics  []*topic
	subs    []*subscriber
	pubs    []*publisher
	parts   [3]atomic.Pointer[part] // greeting, warm-up, measured
	now     atomic.Pointer[part]    // the one under way
	figures figures
	line    timeline

	ctx       context.Context // of receivers; its cause is what failed the run
	fail      context.CancelCauseFunc
	receivers sync.WaitGroup
	senders   sync.WaitGroup
	unwelcome error // why fresh clients did not get their message
}

// A topic knows how far it is known to reach.
type topic struct {
	name string
	tail atomic.Uint64 // highest acknowledged offset
}

func (t *topic) reached(offset uint64) {
	for {
		known := t.tail.Load()
		if offset <= known || t.tail.CompareAndSwap(known, offset) {
			return
		}
	}
}

// Run runs the workload once and fills in what it measured in run: times, accounting, latencies; the bytes are
// the caller's. It returns an error when the run failed: a connection broke, or a promise of the transport
// was. When ctx ends, it cleans up and returns ctx's error. No goroutine and no connection outlives it.
func Run(ctx context.Context, c Config, run *result.Run) error {
	s := &session{Config: c, w: c.Workload, epoch: time.Now(), check: checker.New(checker.Options{Whole: true})}
	setDefault(&s.Grace, 10*time.Second)
	setDefault(&s.Late, 10*time.Millisecond)
	setDefault(&s.Pipeline, 64)
	if s.Pace == nil {
		s.Pace = pace.Run
	}
	if s.Fresh == 0 {
		s.Fresh = 5
	}
	s.ctx, s.fail = context.WithCancelCause(ctx)
	stop := s.report()
	err := s.run(run)
	if cause := context.Cause(s.ctx); cause != nil {
		err = cause // the first failure; what the parts noticed is its consequence
	}
	s.fail(errEnded)
	stop()
	s.close()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	return errors.Join(s.account(run), s.unwelcome)
}

var errEnded = errors.New("the run has ended")

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

func (s *session) since() time.Duration { return time.Since(s.epoch) }

func (s *session) run(run *result.Run) error {
	size := s.w.Size
	if s.Trace != nil {
		for _, e := range s.Trace.Entries {
			size = max(size, e.Size)
		}
	}
	s.bodies = arrival.NewBodies(size, s.w.Binary, s.w.Seed)
	if err := s.connect(); err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	if err := s.greet(); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	run.Setup = s.since()
	if err := call(s.Hooks.Connected); err != nil {
		return err
	}
	if s.w.Kind.Sends() && s.w.Warmup > 0 {
		if err := s.play(s.newPart(warmup, time.Duration(s.w.Warmup))); err != nil {
			return fmt.Errorf("warm-up: %w", err)
		}
	}
	if err := call(s.Hooks.Start); err != nil {
		return err
	}
	p := s.newPart(measured, time.Duration(s.w.Duration))
	if err := s.play(p); err != nil {
		return err
	}
	run.Elapsed, run.Window, run.Closed = p.elapsed(s), p.length, s.w.Kind.Closed()
	if err := call(s.Hooks.End); err != nil {
		return err
	}
	// Messages that are missing are the graver news, and whatever lost them may well stop these clients too.
	s.unwelcome = s.welcome()
	return s.ctx.Err()
}

func call(hook func() error) error {
	if hook == nil {
		return nil
	}
	return hook()
}

// report calls the Progress hook until the returned function is called.
func (s *session) report() (stop func()) {
	if s.Hooks.Progress == nil {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() { // ends with quit
		defer close(done)
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		var last uint64
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			p := s.progress()
			p.Rate = max(float64(p.Delivered)-float64(last), 0) * 4
			last = p.Delivered
			s.Hooks.Progress(p)
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

func (s *session) progress() Progress {
	p := Progress{Part: "connect", Total: time.Duration(s.w.Warmup + s.w.Duration)}
	now := s.now.Load()
	if now == nil || now.which == greeting {
		return p
	}
	p.Part, p.Done = "warm-up", min(max(s.since()-now.start, 0), now.length)
	if now.which == measured {
		p.Part = "measure"
		p.Done += time.Duration(s.w.Warmup)
	}
	p.Delivered = now.delivered.Load()
	p.P50, p.P99 = s.figures.delivery[0].Quantile(50), s.figures.delivery[0].Quantile(99)
	return p
}
