package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// busy is a connected socket of a server that takes a POST only when the test reads from server.sent.
func busy(t *testing.T, o Options, f func(t *testing.T, server *fakeServer, s *Socket)) {
	start(t, o, func(t *testing.T, server *fakeServer, m *Manager) {
		server.sent = make(chan string)
		s := m.Socket("/", SocketOptions{})
		s.Connect()
		server.expect(t, "40")
		server.polls <- `40{"sid":"s1"}`
		if err := s.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		f(t, server, s)
		s.Disconnect()
		server.expect(t, "41", "1")
	})
}

func emit(t *testing.T, s interface {
	Emit(ctx context.Context, event string, args ...any) error
}, event string) {
	t.Helper()
	if err := s.Emit(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func TestVolatileEventsAreDroppedWhileTheConnectionIsBusy(t *testing.T) {
	busy(t, Options{}, func(t *testing.T, server *fakeServer, s *Socket) {
		emit(t, s, "first")
		emit(t, s.Volatile(), "dropped")
		if _, err := s.Volatile().EmitWithAck(t.Context(), "dropped"); !errors.Is(err, ErrNotWritable) {
			t.Errorf("error %v", err)
		}
		server.expect(t, `42["first"]`)
		synctest.Wait()
		emit(t, s.Volatile(), "sent")
		server.expect(t, `42["sent"]`)
	})
}

func TestEmitWaitsWhileTooMuchWaitsToBeWritten(t *testing.T) {
	busy(t, Options{WriteBuffer: 10}, func(t *testing.T, server *fakeServer, s *Socket) {
		emit(t, s, "more than ten bytes")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Emit(ctx, "second"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		sent := make(chan error, 1)
		go func() { sent <- s.Emit(t.Context(), "third") }() // ends when there is room
		synctest.Wait()
		if len(sent) > 0 {
			t.Fatal("Emit did not wait")
		}
		server.expect(t, `42["more than ten bytes"]`)
		if err := <-sent; err != nil {
			t.Error(err)
		}
		server.expect(t, `42["third"]`)
	})
}

func TestEmitThatWaitsKeepsItsEventForTheNextConnection(t *testing.T) {
	busy(t, Options{WriteBuffer: 10}, func(t *testing.T, server *fakeServer, s *Socket) {
		emit(t, s, "lost with its connection")
		sent := make(chan error, 1)
		go func() { sent <- s.Emit(t.Context(), "kept") }() // ends when there is room
		synctest.Wait()
		server.polls <- "1"
		if err := <-sent; err != nil {
			t.Error(err)
		}
		server.expect(t, `42["lost with its connection"]`, "40") // the POST was under way
		server.polls <- `40{"sid":"s2"}`
		server.expect(t, `42["kept"]`)
	})
}
