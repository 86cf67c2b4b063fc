package transports_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"transportlab/transports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flaky is a transport over one log in memory whose Dial and connections fail as they are told to.
type flaky struct {
	mu      sync.Mutex
	refuse  error // Dial's error
	dials   []time.Time
	after   []transports.Cursor // what each Dial asked for
	log     []transports.Message
	conns   []*flakyConn
	loseAck int // so many Sends are stored and then fail
}

func (f *flaky) Info() transports.Info                      { return transports.Info{Name: "flaky"} }
func (f *flaky) NewServer(transports.Log) transports.Server { panic("it has none") }

func (f *flaky) Dial(_ context.Context, target transports.Target) (transports.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials = append(f.dials, time.Now())
	f.after = append(f.after, target.After)
	if f.refuse != nil {
		return nil, f.refuse
	}
	c := &flakyConn{f: f, at: target.After.Offset, broken: make(chan struct{})}
	f.conns = append(f.conns, c)
	return c, nil
}

// breakAll ends every connection with an error.
func (f *flaky) breakAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

type flakyConn struct {
	f      *flaky
	at     uint64
	once   sync.Once
	broken chan struct{}
}

func (c *flakyConn) Close() error {
	c.once.Do(func() { close(c.broken) })
	return nil
}

func (c *flakyConn) isBroken() bool {
	select {
	case <-c.broken:
		return true
	default:
		return false
	}
}

func (c *flakyConn) Send(_ context.Context, m transports.Message) (transports.Cursor, error) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	if c.isBroken() {
		return transports.Cursor{}, io.ErrUnexpectedEOF
	}
	for i, old := range c.f.log {
		if old.ID == m.ID {
			return transports.Cursor{Epoch: "e", Offset: uint64(i + 1)}, nil
		}
	}
	c.f.log = append(c.f.log, m)
	if c.f.loseAck > 0 {
		c.f.loseAck--
		return transports.Cursor{}, io.ErrUnexpectedEOF
	}
	return transports.Cursor{Epoch: "e", Offset: uint64(len(c.f.log))}, nil
}

func (c *flakyConn) Recv(ctx context.Context) (transports.Message, error) {
	for {
		c.f.mu.Lock()
		if int(c.at) < len(c.f.log) && !c.isBroken() {
			c.at++
			m := c.f.log[c.at-1]
			m.Cursor = transports.Cursor{Epoch: "e", Offset: c.at}
			c.f.mu.Unlock()
			return m, nil
		}
		c.f.mu.Unlock()
		select {
		case <-ctx.Done():
			return transports.Message{}, ctx.Err()
		case <-c.broken:
			return transports.Message{}, io.ErrUnexpectedEOF
		case <-time.After(time.Millisecond):
		}
	}
}

func TestRedialSendsAgainUnderTheSameID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{loseAck: 3}
		c := transports.Redial(t.Context(), f, transports.Target{Topic: "t"}, transports.Backoff{})
		defer c.Close()
		at, err := c.Send(t.Context(), transports.Message{Data: []byte("x")})
		if err != nil || at.Offset != 1 || len(f.log) != 1 {
			t.Errorf("stored %d times, at %v, %v; want once, at 1", len(f.log), at, err)
		}
	})
}

func TestRedialResumesAtItsCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{}
		c := transports.Redial(t.Context(), f, transports.Target{Topic: "t"}, transports.Backoff{})
		defer c.Close()
		for i := range 50 {
			if _, err := c.Send(t.Context(), transports.Message{ID: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
			if i%7 == 0 {
				f.breakAll()
			}
			m, err := c.Recv(t.Context())
			if err != nil || m.Offset != uint64(i+1) {
				t.Fatalf("received %v, %v; want offset %d", m, err, i+1)
			}
		}
		if last := f.after[len(f.after)-1]; last.Offset < 40 {
			t.Errorf("the last dial asked for what comes after %v", last)
		}
	})
}

func TestRedialBacksOffWithFullJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{refuse: transports.ErrDraining} // RetryAfter is a second
		c := transports.Redial(t.Context(), f, transports.Target{Topic: "t"}, transports.Backoff{Min: time.Second, Max: 30 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if _, err := c.Recv(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Recv returned %v", err)
		}
		c.Close()
		most, distinct := 2*time.Second, map[time.Duration]bool{}
		for i := 1; i < len(f.dials); i++ {
			pause := f.dials[i].Sub(f.dials[i-1])
			if pause < time.Second || pause > min(most, 31*time.Second)+time.Second {
				t.Errorf("pause %d was %v, want at least what the server asked for and at most %v", i, pause, most)
			}
			distinct[pause] = true
			most = min(2*most, time.Minute)
		}
		if len(f.dials) < 20 || len(f.dials) > 200 || len(distinct) < len(f.dials)-2 {
			t.Errorf("%d dials in ten minutes with %d different pauses", len(f.dials), len(distinct))
		}
	})
}

func TestRedialStopsAtErrorsThatDoNotPass(t *testing.T) {
	for _, final := range []error{transports.ErrUnauthorized, transports.ErrForbidden, transports.ErrorByClose(4999)} {
		f := &flaky{refuse: final}
		c := transports.Redial(t.Context(), f, transports.Target{Topic: "t"}, transports.Backoff{})
		for range 2 {
			if _, err := c.Recv(t.Context()); !errors.Is(err, final) {
				t.Errorf("Recv returned %v, want %v", err, final)
			}
		}
		if len(f.dials) != 1 {
			t.Errorf("%v: dialled %d times, want once", final, len(f.dials))
		}
		c.Close()
	}
}

func TestUnknownCloseCodesBelow4500AreRetried(t *testing.T) {
	for code, want := range map[int]bool{1000: true, 3000: true, 4001: true, 4499: true, 4500: false, 4999: false} {
		e := transports.ErrorByClose(code)
		if code == 1000 {
			continue // ErrClosed: an end, not a failure
		}
		if e.Retryable != want {
			t.Errorf("close code %d: retryable %v", code, e.Retryable)
		}
	}
}

func TestRedialCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{refuse: io.ErrUnexpectedEOF}
		c := transports.Redial(t.Context(), f, transports.Target{Topic: "t"}, transports.Backoff{Min: time.Hour, Max: time.Hour})
		done := make(chan error, 2)
		go func() { _, err := c.Recv(t.Context()); done <- err }()
		go func() { _, err := c.Send(t.Context(), transports.Message{}); done <- err }()
		time.Sleep(time.Second)
		c.Close()
		for range 2 {
			if err := <-done; !errors.Is(err, transports.ErrClosed) {
				t.Errorf("a pending call returned %v, want ErrClosed", err)
			}
		}
	})
}
