package socketio

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/parser"
)

func TestTypedHandlersDecodeAndAcknowledge(t *testing.T) {
	l := newLab(t, Options{})
	type point struct{ X, Y int }
	l.server.Of("/").OnConnect(func(s *Socket) {
		On(s, "sum", func(_ context.Context, p point) (int, error) { return p.X + p.Y, nil })
		On(s, "blob", func(_ context.Context, b []byte) ([]byte, error) { return append(b, 9), nil })
		On(s, "all", func(_ context.Context, args []parser.Value) (int, error) { return len(args), nil })
		On(s, "known", func(context.Context, int) (int, error) { return 0, &HandlerError{Message: "no", Data: 1} })
		On(s, "secret", func(context.Context, int) (int, error) { return 0, errors.New("password is x") })
		On(s, "panic", func(context.Context, int) (int, error) { panic("on purpose") })
		OnMessage(s, "nothing", func(context.Context, string) error { return nil })
	})
	line := l.join("")
	for _, c := range []struct{ say, hear string }{
		{`20["sum",{"x":1,"y":2}]`, `30[3]`},
		{`21["sum"]`, `31[0]`},
		{`22["sum","text"]`, `32[{"error":{"message":"invalid argument"}}]`},
		{`23["all",1,2,3]`, `33[3]`},
		{`24["known",1]`, `34[{"error":{"message":"no","data":1}}]`},
		{`25["secret",1]`, `35[{"error":{"message":"internal error"}}]`},
		{`26["nothing"]`, `36[]`},
	} {
		line.say(c.say)
		line.expect(c.hear)
	}
	line.say(`2["sum",{"x":1}]`) // wants no acknowledgement
	line.say(`27["panic",1]`)    // gets none, and the connection lives
	line.say(`51-7["blob",{"_placeholder":true,"num":0}]`)
	line.sayBinary(1, 2)
	line.expect(`61-7[{"_placeholder":true,"num":0}]`)
	line.expect("\x01\x02\x09")
}

func TestEventsAreHandledInOrderAndMiddlewaresSeeThemFirst(t *testing.T) {
	l := newLab(t, Options{})
	var r record
	l.server.Of("/").OnConnect(func(s *Socket) {
		s.OnError(func(err error) { r.add("error:" + err.Error()) })
		remove := s.OnAny(func(_ context.Context, e *Event) error { r.add("never"); return nil })
		remove()
		s.OnAny(func(_ context.Context, e *Event) error { r.add("any:" + e.Name); return nil })
		s.Use(func(_ context.Context, e *Event) error {
			if e.Name == "bad" {
				return errors.New("refused")
			}
			return nil
		})
		for _, name := range []string{"a", "bad"} {
			s.OnEvent(name, func(_ context.Context, e *Event) error { r.add(e.Name + string(e.Args[0].JSON)); return nil })
		}
		s.OnEvent("fail", func(context.Context, *Event) error { return errors.New("failed") })
	})
	line := l.join("")
	for _, text := range []string{`2["a",1]`, `2["bad",2]`, `2["a",3]`, `2["fail"]`} {
		line.say(text)
	}
	r.become(t, `any:a a1 any:bad error:refused any:a a3 any:fail error:event "fail": failed`)
}

func TestOutgoingPacketsAreShown(t *testing.T) {
	l := newLab(t, Options{})
	var r record
	l.server.Of("/").OnConnect(func(s *Socket) {
		s.OnAnyOutgoing(func(_ context.Context, e *Event) error { r.add(fmt.Sprint(e.Name, len(e.Args))); return nil })
		s.OnEvent("go", func(ctx context.Context, e *Event) error {
			return errors.Join(s.Emit(ctx, "one", 1), s.Namespace().Emit(ctx, "two", 1, 2), e.Ack(1, 2, 3))
		})
	})
	line := l.join("")
	line.say(`21["go"]`)
	line.expect(`2["one",1]`)
	line.expect(`2["two",1,2]`)
	line.expect(`31[1,2,3]`)
	r.become(t, "one1 two2 3")
}

func TestClientAcknowledgesOnceAndForItself(t *testing.T) {
	l := newLab(t, Options{AckTimeout: 50 * time.Millisecond})
	answers := make(chan string, 10)
	arrived := make(chan *Socket, 2)
	l.server.Of("/").OnConnect(func(s *Socket) {
		answerEcho(s)
		arrived <- s
		s.OnEvent("ask", func(ctx context.Context, _ *Event) error {
			v, err := Request[string](ctx, s, "q", []byte{1})
			answers <- fmt.Sprintf("%s %v", v, err != nil)
			return nil
		})
	})
	line, other := l.join(""), l.join("")
	line.say(`2["ask"]`)
	line.expect(`51-0["q",{"_placeholder":true,"num":0}]`)
	line.expect("\x01")
	other.say(`30["forged"]`)
	other.silence()
	line.say(`30["mine"]`)
	line.say(`30["again"]`)
	if got := <-answers; got != "mine false" {
		t.Errorf("got %s", got)
	}
	line.say(`2["ask"]`)
	line.hear()
	line.hear()
	if got := <-answers; got != " true" { // nobody answers
		t.Errorf("got %s", got)
	}
	s := <-arrived
	if len(s.acks) != 0 {
		t.Errorf("%d acknowledgements are still awaited", len(s.acks))
	}
	go func() { // ends with the answer
		_, err := s.EmitWithAck(context.Background(), "never")
		answers <- fmt.Sprint(errors.Is(err, ErrDisconnected))
	}()
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.acks) == 1 }, func() string { return "no question was asked" })
	_ = line.c.CloseNow()
	_ = other.c.CloseNow()
	if got := <-answers; got != "true" && got != "false" {
		t.Errorf("got %s", got)
	}
}

func TestPendingAcknowledgementsAreBounded(t *testing.T) {
	l := newLab(t, Options{MaxPendingAcks: 3})
	arrived := make(chan *Socket, 1)
	l.server.Of("/").OnConnect(func(s *Socket) { arrived <- s })
	l.join("")
	s := <-arrived
	ctx, cancel := context.WithCancel(t.Context())
	failures := make(chan error, 3)
	for range 3 {
		go func() { // ends with ctx
			_, err := s.EmitWithAck(ctx, "q")
			failures <- err
		}()
	}
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.acks) == 3 }, func() string { return "not all were asked" })
	if _, err := s.EmitWithAck(ctx, "q"); !errors.Is(err, ErrTooManyAcks) {
		t.Errorf("a fourth: %v", err)
	}
	cancel()
	for range 3 {
		if err := <-failures; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.acks) == 0 }, func() string { return "some are awaited for ever" })
}

func TestReservedNamesAreNotEmitted(t *testing.T) {
	l := newLab(t, Options{})
	ns := l.server.Of("/")
	for _, name := range []string{"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"} {
		if err := ns.Emit(t.Context(), name); !errors.Is(err, ErrReserved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := ns.ServerSideEmit(t.Context(), "connection"); !errors.Is(err, ErrReserved) {
		t.Errorf("connection: %v", err)
	}
	if err := ns.ServerSideEmit(t.Context(), "x"); !errors.Is(err, ErrNotSupported) {
		t.Errorf("without a cluster: %v", err)
	}
	if err := ns.Emit(t.Context(), "x", make(chan int)); err == nil || !strings.Contains(err.Error(), "argument 1") {
		t.Errorf("channel: %v", err)
	}
}

// A handler that does not keep up slows its client down; the queue stays bounded and nothing is lost.
func TestQueueOfEventsIsBounded(t *testing.T) {
	l := newLab(t, Options{MaxQueuedEvents: 4})
	gate, arrived := make(chan struct{}), make(chan *Socket, 1)
	var handled record
	l.server.Of("/").OnConnect(func(s *Socket) {
		s.OnEvent("x", func(context.Context, *Event) error { <-gate; handled.add("x"); return nil })
		arrived <- s
	})
	line := l.join("")
	s := <-arrived
	for range 50 {
		line.say(`2["x"]`)
	}
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.queue.space != nil }, func() string { return "the queue never fills" })
	s.mu.Lock()
	if n := len(s.queue.tasks); n > 4 {
		t.Errorf("%d events are queued", n)
	}
	s.mu.Unlock()
	close(gate)
	handled.become(t, strings.TrimSpace(strings.Repeat("x ", 50)))
}
