package transporttest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/transports"
	"transportlab/transports/null"
	"transportlab/transports/polling"
	"transportlab/transports/streaming"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A recorder is a test that is meant to fail.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	texts  []string
	failed bool
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	r.texts = append(r.texts, fmt.Sprintf(format, args...))
}

func (r *recorder) Helper()           {}
func (r *recorder) FailNow()          { panic(r) } // ends the case's own goroutine
func (r *recorder) Fatal(args ...any) { r.Errorf("%s", fmt.Sprint(args...)); r.FailNow() }
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.FailNow()
}

// play runs one case over a transport and returns what the kit said.
func play(t *testing.T, k *kit, c testCase, carrierName string) []string {
	r := &recorder{TB: t}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(r) {
				panic(p)
			}
		}()
		k.runCase(r, c, carrierName)
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.texts
}

// A broken transport keeps all promises but one.
type broken struct {
	transports.Transport
	dial   func(transports.Target) transports.Target
	wrap   func(transports.Conn) transports.Conn
	server func(transports.Server) transports.Server
	info   func(transports.Info) transports.Info
}

func (b broken) Info() transports.Info {
	if b.info != nil {
		return b.info(b.Transport.Info())
	}
	return b.Transport.Info()
}

func (b broken) NewServer(log transports.Log) transports.Server {
	if b.server != nil {
		return b.server(b.Transport.NewServer(log))
	}
	return b.Transport.NewServer(log)
}

func (b broken) Dial(ctx context.Context, target transports.Target) (transports.Conn, error) {
	if b.dial != nil {
		target = b.dial(target)
	}
	c, err := b.Transport.Dial(ctx, target)
	if err == nil && b.wrap != nil {
		c = b.wrap(c)
	}
	return c, err
}

// A changed connection has its own Send, Recv or Close.
type changed struct {
	transports.Conn
	send  func(ctx context.Context, m transports.Message) (transports.Cursor, error)
	recv  func(ctx context.Context) (transports.Message, error)
	close func() error
}

func (c *changed) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	if c.send != nil {
		return c.send(ctx, m)
	}
	return c.Conn.Send(ctx, m)
}

func (c *changed) Recv(ctx context.Context) (transports.Message, error) {
	if c.recv != nil {
		return c.recv(ctx)
	}
	return c.Conn.Recv(ctx)
}

func (c *changed) Close() error {
	if c.close != nil {
		return c.close()
	}
	return c.Conn.Close()
}

// recvs changes Recv.
func recvs(change func(c transports.Conn) func(context.Context) (transports.Message, error)) func(transports.Conn) transports.Conn {
	return func(c transports.Conn) transports.Conn { return &changed{Conn: c, recv: change(c)} }
}

func drops(c transports.Conn) func(context.Context) (transports.Message, error) {
	n := 0
	return func(ctx context.Context) (transports.Message, error) {
		if n++; n%10 == 0 {
			c.Recv(ctx)
		}
		return c.Recv(ctx)
	}
}

func repeats(c transports.Conn) func(context.Context) (transports.Message, error) {
	n := 0
	var last transports.Message
	return func(ctx context.Context) (transports.Message, error) {
		if n++; n%10 == 0 {
			return last, nil
		}
		m, err := c.Recv(ctx)
		last = m
		return m, err
	}
}

func reorders(c transports.Conn) func(context.Context) (transports.Message, error) {
	n := 0
	var held []transports.Message
	return func(ctx context.Context) (transports.Message, error) {
		if n++; n%10 == 0 {
			m, err := c.Recv(ctx)
			if err != nil {
				return m, err
			}
			held = append(held, m)
		} else if len(held) > 0 {
			m := held[0]
			held = nil
			return m, nil
		}
		return c.Recv(ctx)
	}
}

func swallowsGaps(c transports.Conn) func(context.Context) (transports.Message, error) {
	return func(ctx context.Context) (transports.Message, error) {
		for {
			m, err := c.Recv(ctx)
			var gap *transports.GapError
			if !errors.As(err, &gap) {
				return m, err
			}
		}
	}
}

func reusesBuffer(c transports.Conn) func(context.Context) (transports.Message, error) {
	buf := make([]byte, 64<<10)
	return func(ctx context.Context) (transports.Message, error) {
		m, err := c.Recv(ctx)
		m.Data = buf[:copy(buf, m.Data)]
		return m, err
	}
}

// A deafServer does nothing when it is first told to shut down.
type deafServer struct {
	transports.Server
	told atomic.Bool
}

func (s *deafServer) Shutdown(ctx context.Context) error {
	if !s.told.Swap(true) {
		return nil
	}
	return s.Server.Shutdown(ctx)
}

// Each promise of the table is broken by one transport at least, and the kit says which.
func TestBrokenTransportsAreCaught(t *testing.T) {
	recv := func(change func(transports.Conn) func(context.Context) (transports.Message, error)) broken {
		return broken{wrap: recvs(change)}
	}
	send := func(change func(c transports.Conn, ctx context.Context, m transports.Message) (transports.Cursor, error)) broken {
		return broken{wrap: func(c transports.Conn) transports.Conn {
			return &changed{Conn: c, send: func(ctx context.Context, m transports.Message) (transports.Cursor, error) { return change(c, ctx, m) }}
		}}
	}
	var leaked []context.CancelFunc
	defer func() {
		for _, stop := range leaked {
			stop()
		}
	}()
	var mu sync.Mutex
	for name, tc := range map[string]struct {
		broken broken
		over   New    // nil: the direct call
		on     string // the carrier
		cases  string // each of them must fail
	}{
		"drops":               {broken: recv(drops), cases: "fan-out,duplex,bodies,batches,slow reader,seams,resume"},
		"repeats":             {broken: recv(repeats), cases: "fan-out,duplex,bodies,batches,slow reader,seams,resume"},
		"reorders":            {broken: recv(reorders), cases: "fan-out,duplex,bodies,batches,slow reader,seams,resume"},
		"swallows gaps":       {broken: recv(swallowsGaps), cases: "trimmed,ahead,epoch,outrun reader"},
		"uses a buffer twice": {broken: recv(reusesBuffer), cases: "bodies"},
		"receives without an ID": {broken: recv(func(c transports.Conn) func(context.Context) (transports.Message, error) {
			return func(ctx context.Context) (transports.Message, error) { m, err := c.Recv(ctx); m.ID = ""; return m, err }
		}), cases: "echo,bodies"},
		"forgets what is binary": {broken: recv(func(c transports.Conn) func(context.Context) (transports.Message, error) {
			return func(ctx context.Context) (transports.Message, error) {
				m, err := c.Recv(ctx)
				m.Binary = false
				return m, err
			}
		}), cases: "bodies"},
		"ignores Recv's context": {broken: recv(func(c transports.Conn) func(context.Context) (transports.Message, error) {
			return func(context.Context) (transports.Message, error) { return c.Recv(context.Background()) }
		}), cases: "context"},
		"ends with Recv's context": {broken: recv(func(c transports.Conn) func(context.Context) (transports.Message, error) {
			return func(ctx context.Context) (transports.Message, error) {
				m, err := c.Recv(ctx)
				if ctx.Err() != nil {
					c.Close()
				}
				return m, err
			}
		}), cases: "context"},
		"ignores Send's context": {broken: send(func(c transports.Conn, _ context.Context, m transports.Message) (transports.Cursor, error) {
			return c.Send(context.Background(), m)
		}), cases: "context"},
		"sends under another ID": {broken: send(func(c transports.Conn, ctx context.Context, m transports.Message) (transports.Cursor, error) {
			m.ID = ""
			return c.Send(ctx, m)
		}), cases: "retry,conflict,echo"},
		"acknowledges the next": {broken: send(func(c transports.Conn, ctx context.Context, m transports.Message) (transports.Cursor, error) {
			at, err := c.Send(ctx, m)
			at.Offset++
			return at, err
		}), cases: "echo,fan-out"},
		"acknowledges, stores not": {broken: send(func(c transports.Conn, ctx context.Context, m transports.Message) (transports.Cursor, error) {
			return transports.Cursor{Epoch: "e", Offset: 1}, nil
		}), cases: "echo,fan-out,duplex"},
		"takes conflicts": {broken: send(func(c transports.Conn, ctx context.Context, m transports.Message) (transports.Cursor, error) {
			at, err := c.Send(ctx, m)
			if errors.Is(err, transports.ErrConflict) {
				err = nil
			}
			return at, err
		}), cases: "conflict"},
		"cuts what is too large": {broken: send(func(c transports.Conn, ctx context.Context, m transports.Message) (transports.Cursor, error) {
			m.Data = m.Data[:min(len(m.Data), 16<<10)]
			return c.Send(ctx, m)
		}), cases: "size"},
		"ends with a refusal": {broken: send(func(c transports.Conn, ctx context.Context, m transports.Message) (transports.Cursor, error) {
			at, err := c.Send(ctx, m)
			if err != nil {
				c.Close()
			}
			return at, err
		}), cases: "size,conflict"},
		"mends text": {broken: send(func(c transports.Conn, ctx context.Context, m transports.Message) (transports.Cursor, error) {
			m.Data = []byte(strings.ToValidUTF8(string(m.Data), "?"))
			return c.Send(ctx, m)
		}), cases: "malformed"},
		"hides errors": {broken: send(func(c transports.Conn, ctx context.Context, m transports.Message) (transports.Cursor, error) {
			at, err := c.Send(ctx, m)
			if err != nil {
				err = errors.New("failed")
			}
			return at, err
		}), cases: "unavailable,size,conflict,close,malformed"},
		"outlives Close":          {broken: broken{wrap: func(c transports.Conn) transports.Conn { return &changed{Conn: c, close: func() error { return nil }} }}, cases: "close"},
		"begins at the beginning": {broken: broken{dial: func(to transports.Target) transports.Target { to.After = transports.Cursor{}; return to }}, cases: "resume,trimmed,ahead"},
		"begins one too late":     {broken: broken{dial: func(to transports.Target) transports.Target { to.After.Offset += min(to.After.Offset, 1); return to }}, cases: "resume"},
		"mixes topics":            {broken: broken{dial: func(to transports.Target) transports.Target { to.Topic = "t"; return to }}, cases: "topics,dial"},
		"leaks a goroutine": {broken: broken{wrap: func(c transports.Conn) transports.Conn {
			ctx, stop := context.WithCancel(context.Background())
			mu.Lock()
			leaked = append(leaked, stop)
			mu.Unlock()
			go func() { <-ctx.Done() }()
			return c
		}}, cases: "leaks"},
		"asks all the time": {over: polling.New, on: "h1", broken: broken{info: func(i transports.Info) transports.Info { i.Push = true; return i }}, cases: "quiet"},
		"has no heartbeat":  {over: func(o transports.Options) transports.Transport { o.Heartbeat = time.Hour; return streaming.New(o) }, on: "h1", cases: "heartbeat"},
		"connects for every request": {over: polling.New, on: "h1", broken: broken{dial: func(to transports.Target) transports.Target {
			to.Header = http.Header{"Connection": {"close"}}
			return to
		}}, cases: "connections"},
		"tells nobody":            {over: streaming.New, on: "h1", broken: broken{server: func(s transports.Server) transports.Server { return &deafServer{Server: s} }}, cases: "drain"},
		"begins anew after a cut": {over: streaming.New, on: "h2c", broken: broken{dial: func(to transports.Target) transports.Target { to.After = transports.Cursor{}; return to }}, cases: "cut,killed,drain under load"},
		"does not show credentials": {over: polling.New, on: "h1", broken: broken{dial: func(to transports.Target) transports.Target {
			to.Header = http.Header{"Authorization": {"good"}}
			return to
		}}, cases: "unauthorized"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			if tc.cases != "leaks" {
				t.Parallel()
			}
			k := newKit(func(log transports.Log, o transports.Options) transports.Transport {
				b := tc.broken
				if tc.over == nil {
					b.Transport = null.New(log, o)
				} else {
					b.Transport = tc.over(o)
				}
				return b
			})
			k.patience = 300 * time.Millisecond
			if tc.on == "" {
				tc.on = noCarrier
			}
			for _, want := range strings.Split(tc.cases, ",") {
				c := caseNamed(t, want)
				texts := play(t, k, c, tc.on)
				if len(texts) == 0 {
					t.Errorf("a transport that %s passes %q", name, want)
				} else if !strings.Contains(texts[0], c.promise) {
					t.Errorf("case %q does not say which promise was broken: %s", want, texts[0])
				}
			}
		})
	}
}

func caseNamed(t *testing.T, name string) testCase {
	t.Helper()
	for _, c := range append(slices.Clone(cases), httpCases...) {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("there is no case %q", name)
	return testCase{}
}
