package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/socketio/parser"
)

func TestReconnectionFollowsTheBackoffAndTellsInOrder(t *testing.T) {
	start(t, Options{Reconnection: Reconnection{Attempts: 4, RandomizationFactor: -1}}, func(t *testing.T, server *fakeServer, m *Manager) {
		server.down.Store(true)
		var events, refusals notes
		m.OnError(func(err error) { events.add("error %v", errors.Is(err, errDown)) })
		m.OnReconnectAttempt(func(n int) { events.add("attempt %d", n) })
		m.OnReconnectError(func(err error) { events.add("reconnect_error %v", errors.Is(err, errDown)) })
		m.OnReconnectFailed(func() { events.add("reconnect_failed") })
		s := m.Socket("/", SocketOptions{})
		s.OnConnectError(func(err error) { refusals.add("%v", errors.Is(err, errDown)) })
		s.Connect()
		time.Sleep(time.Minute)
		server.begun.expect(t, "0s", "1s", "3s", "7s", "12s")
		events.expect(t, "error true",
			"attempt 1", "error true", "reconnect_error true", "attempt 2", "error true", "reconnect_error true",
			"attempt 3", "error true", "reconnect_error true",
			"attempt 4", "error true", "reconnect_failed", "reconnect_error true")
		refusals.expect(t, "true", "true", "true", "true", "true")
		if !s.Active() {
			t.Error("socket is not active")
		}
		server.down.Store(false)
		s.Connect()
		server.expect(t, "40")
		server.polls <- `40{"sid":"s1"}`
		if err := s.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestBackoffBeginsAnewAfterSuccess(t *testing.T) {
	start(t, Options{Reconnection: Reconnection{RandomizationFactor: -1}}, func(t *testing.T, server *fakeServer, m *Manager) {
		server.down.Store(true)
		reconnected := make(chan int, 10)
		m.OnReconnect(func(attempt int) { reconnected <- attempt })
		m.Socket("/", SocketOptions{}).Connect()
		time.Sleep(4 * time.Second)
		server.down.Store(false)
		if n := <-reconnected; n != 3 {
			t.Errorf("reconnected at attempt %d", n)
		}
		server.polls <- "1"
		if n := <-reconnected; n != 1 {
			t.Errorf("reconnected at attempt %d", n)
		}
		server.begun.expect(t, "0s", "1s", "3s", "7s", "8s")
	})
}

func TestDisconnectEndsAttempts(t *testing.T) {
	start(t, Options{}, func(t *testing.T, server *fakeServer, m *Manager) {
		server.down.Store(true)
		s := m.Socket("/", SocketOptions{})
		s.Connect()
		time.Sleep(200 * time.Millisecond)
		s.Disconnect()
		time.Sleep(time.Minute)
		server.begun.expect(t, "0s")
	})
}

func TestOpeningTakesAtMostTimeout(t *testing.T) {
	start(t, Options{Timeout: 3 * time.Second, Reconnection: Reconnection{Disabled: true}}, func(t *testing.T, server *fakeServer, m *Manager) {
		server.hang.Store(true)
		failed := make(chan error, 1)
		m.OnError(func(err error) { failed <- err })
		m.Socket("/", SocketOptions{}).Connect()
		if err := <-failed; !errors.Is(err, ErrTimeout) || time.Since(server.start) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(server.start), err)
		}
	})
}

// The trace of section "connection state recovery": the client shows where it was, and what it missed comes first.
func TestRecoveryTrace(t *testing.T) {
	start(t, Options{Reconnection: Reconnection{RandomizationFactor: -1}}, func(t *testing.T, server *fakeServer, m *Manager) {
		auth := map[string]any{"token": "1"}
		s := m.Socket("/", SocketOptions{Auth: auth})
		var events notes
		s.OnAny(func(_ context.Context, e *Event) error { events.add("%s", e.Name); return nil })
		s.OnConnect(func(context.Context) { events.add("connect, recovered %v", s.Recovered()) })
		s.Connect()
		server.expect(t, `40{"token":"1"}`)
		server.polls <- `40{"sid":"s1","pid":"p1"}` + "\x1e" + `42["hi","a","o1"]`
		server.polls <- `451-["bin",{"_placeholder":true,"num":0},"o2"]` + "\x1ebAQI="
		server.polls <- `420["ask","no offset"]` // it wants an acknowledgement
		synctest.Wait()
		server.polls <- "1"
		server.expect(t, `40{"offset":"o2","pid":"p1","token":"1"}`)
		server.polls <- `42["missed",1,"o3"]`
		server.polls <- `40{"sid":"s1","pid":"p1"}`
		synctest.Wait()
		events.expect(t, "connect, recovered false", "hi", "bin", "ask", "missed", "connect, recovered true")
		server.polls <- "1"
		server.expect(t, `40{"offset":"o3","pid":"p1","token":"1"}`)
		server.polls <- `40{"sid":"s2","pid":"p2"}` // a new session
		synctest.Wait()
		if s.Recovered() || s.ID() != "s2" {
			t.Errorf("recovered %v, id %s", s.Recovered(), s.ID())
		}
		if len(auth) != 1 {
			t.Errorf("the user's credentials were changed: %v", auth)
		}
		server.polls <- "1"
		server.expect(t, `40{"pid":"p2","token":"1"}`)
	})
}

func TestAuthFuncIsAskedForEachConnect(t *testing.T) {
	start(t, Options{}, func(t *testing.T, server *fakeServer, m *Manager) {
		n := 0 // the calls come one after the other
		errAuth := errors.New("no token today")
		s := m.Socket("/admin", SocketOptions{AuthFunc: func(context.Context) (any, error) {
			if n++; n == 3 {
				return nil, errAuth
			}
			time.Sleep(time.Second) // events that are emitted meanwhile wait
			return map[string]int{"n": n}, nil
		}})
		s.Connect()
		if err := s.Emit(t.Context(), "early"); err != nil {
			t.Fatal(err)
		}
		server.expect(t, `40/admin,{"n":1}`)
		server.polls <- `40/admin,{"sid":"s1"}`
		server.expect(t, `42/admin,["early"]`)
		server.polls <- "1"
		server.expect(t, `40/admin,{"n":2}`)
		server.polls <- "1"
		synctest.Wait()
		if err := s.Wait(t.Context()); !errors.Is(err, errAuth) || s.Active() {
			t.Errorf("error %v, active %v", err, s.Active())
		}
	})
}

func TestRetriesSendOneEventAtATimeUntilAcknowledged(t *testing.T) {
	start(t, Options{Reconnection: Reconnection{RandomizationFactor: -1}}, func(t *testing.T, server *fakeServer, m *Manager) {
		s := m.Socket("/", SocketOptions{Retries: 2, AckTimeout: time.Second})
		var results notes
		emit := func(event string) {
			go func() {
				answer, err := s.EmitWithAck(t.Context(), event)
				results.add("%s %s %v", event, parser.Array(answer...).JSON, err)
			}()
			synctest.Wait()
		}
		emit("a")
		emit("b")
		s.Connect()
		server.expect(t, "40")
		server.polls <- `40{"sid":"s1"}`
		server.expect(t, `420["a"]`)
		emit("c")
		if len(server.sent) > 0 {
			t.Fatalf("%q was sent while an event is in flight", <-server.sent)
		}
		time.Sleep(time.Second)
		server.expect(t, `421["a"]`) // the first repetition
		server.polls <- `430["too late"]` + "\x1e" + `431["yes"]`
		server.expect(t, `422["b"]`)
		server.polls <- "1"
		server.expect(t, "40")
		server.polls <- `40{"sid":"s2"}`
		server.expect(t, `423["b"]`, `424["b"]`, `425["c"]`) // two repetitions, then its sender hears of it
		synctest.Wait()
		server.polls <- `435[]`
		synctest.Wait()
		if err := s.Volatile().Emit(t.Context(), "volatile"); err != nil {
			t.Fatal(err)
		}
		server.expect(t, `42["volatile"]`)
		results.expect(t, `a ["yes"] <nil>`, `b [] wait for the acknowledgement of "b": operation has timed out`, `c [] <nil>`)
	})
}

func TestServersThatBreakTheProtocolAreLeft(t *testing.T) {
	for _, payload := range []string{
		`4`, `49`, `42`, `42{}`, `42["connect"]`, `450-["x"]`, `4511-["x"]`, `451-["x"]`, `43[]`, `44`, `41{}`, "bAQI=",
		`451-["x",{"_placeholder":true,"num":0}]` + "\x1e" + `42["y"]`, `42["a"]x`, `42[{"toString":"x"}]`,
	} {
		start(t, Options{Reconnection: Reconnection{Disabled: true}}, func(t *testing.T, server *fakeServer, m *Manager) {
			s := m.Socket("/", SocketOptions{})
			left := make(chan Reason, 1)
			s.OnDisconnect(func(r Reason, err error) {
				if !errors.Is(err, parser.ErrMalformed) {
					t.Errorf("packet %q: error %v", payload, err)
				}
				left <- r
			})
			s.Connect()
			server.expect(t, "40")
			server.polls <- `40{"sid":"s1"}` + "\x1e" + payload
			if r := <-left; r != "parse error" {
				t.Errorf("packet %q: reason %q", payload, r)
			}
			server.expect(t, "1") // the server is told
		})
	}
}

func TestWhatNobodyAskedForIsIgnored(t *testing.T) {
	start(t, Options{}, func(t *testing.T, server *fakeServer, m *Manager) {
		s := m.Socket("/", SocketOptions{})
		got := make(chan string, 10)
		s.OnAny(func(_ context.Context, e *Event) error { got <- e.Name; return nil })
		s.Connect()
		server.expect(t, "40")
		server.polls <- `4399[1]` + "\x1e" + `42/other,["x"]` + "\x1e" + `40{"sid":"s1"}` + "\x1e" + `40{"sid":"s2"}` + "\x1e" + `431["?"]` + "\x1e" + `42["last"]`
		if name := <-got; name != "last" || s.ID() != "s1" {
			t.Errorf("event %q, id %q", name, s.ID())
		}
	})
}

func TestRefusalOfAConnectedSocketSendsItAway(t *testing.T) {
	start(t, Options{}, func(t *testing.T, server *fakeServer, m *Manager) {
		s := m.Socket("/", SocketOptions{AuthFunc: func(ctx context.Context) (any, error) {
			time.Sleep(time.Second)
			return nil, errDown // too late: the server has let the socket in without being asked
		}})
		var events notes
		s.OnConnect(func(context.Context) { events.add("connect") })
		s.OnConnectError(func(err error) { events.add("connect_error %v", err) })
		s.OnDisconnect(func(r Reason, err error) { events.add("disconnect %s %v", r, err) })
		s.Connect()
		server.polls <- `40{"sid":"s1"}`
		time.Sleep(2 * time.Second)
		server.polls <- `44{"message":"no"}`
		synctest.Wait()
		events.expect(t, "connect", "disconnect io server disconnect no")
		if s.Active() || s.Connected() {
			t.Error("socket is still there")
		}
	})
}

func TestFloodBeforeConnectEndsTheConnection(t *testing.T) {
	start(t, Options{ReceiveBuffer: 2000, Reconnection: Reconnection{Disabled: true}}, func(t *testing.T, server *fakeServer, m *Manager) {
		s := m.Socket("/", SocketOptions{})
		left := make(chan error, 1)
		s.OnDisconnect(func(_ Reason, err error) { left <- err })
		s.Connect()
		server.expect(t, "40")
		server.polls <- strings.Repeat(`42["x"]`+"\x1e", 20) + `42["x"]`
		if err := <-left; !errors.Is(err, ErrFlood) {
			t.Errorf("error %v", err)
		}
	})
}

func TestOldServersAreNamed(t *testing.T) {
	start(t, Options{}, func(t *testing.T, server *fakeServer, m *Manager) {
		s := m.Socket("/", SocketOptions{})
		refused := make(chan error, 1)
		s.OnConnectError(func(err error) { refused <- err })
		s.Connect()
		server.expect(t, "40")
		server.polls <- "40"
		if err := <-refused; !errors.Is(err, ErrOldServer) {
			t.Errorf("error %v", err)
		}
	})
}

func TestDisconnectDuringConnectLeavesTheNamespace(t *testing.T) {
	start(t, Options{}, func(t *testing.T, server *fakeServer, m *Manager) {
		keep, s := m.Socket("/keep", SocketOptions{}), m.Socket("/", SocketOptions{})
		keep.Connect()
		server.expect(t, "40/keep,")
		server.polls <- `40/keep,{"sid":"s0"}`
		if err := keep.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Connect()
		server.expect(t, "40")
		s.Disconnect()
		server.polls <- `40{"sid":"s1"}`
		server.expect(t, "41")
		s.Connect()
		server.expect(t, "40")
		server.polls <- `40{"sid":"s2"}`
		if err := s.Wait(t.Context()); err != nil || s.ID() != "s2" {
			t.Errorf("id %q, error %v", s.ID(), err)
		}
	})
}

func TestAcknowledgementOfALostConnectionIsNotSent(t *testing.T) {
	start(t, Options{Reconnection: Reconnection{RandomizationFactor: -1}}, func(t *testing.T, server *fakeServer, m *Manager) {
		s := m.Socket("/", SocketOptions{})
		events := make(chan *Event, 1)
		s.OnEvent("ask", func(_ context.Context, e *Event) error { events <- e; return nil })
		s.Connect()
		server.expect(t, "40")
		server.polls <- `40{"sid":"s1"}` + "\x1e" + `427["ask"]`
		e := <-events
		server.polls <- "1"
		server.expect(t, "40")
		server.polls <- `40{"sid":"s2"}`
		synctest.Wait()
		if err := e.Ack("late"); !errors.Is(err, ErrDisconnected) {
			t.Errorf("error %v", err)
		}
		if len(server.sent) > 0 {
			t.Errorf("%q was sent", <-server.sent)
		}
	})
}

func TestExpiredSessionKeepsEventsForTheNext(t *testing.T) {
	start(t, Options{}, func(t *testing.T, server *fakeServer, m *Manager) {
		s := m.Socket("/", SocketOptions{})
		s.Connect()
		server.expect(t, "40")
		server.polls <- `40{"sid":"s1"}`
		if err := s.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		reasons := make(chan Reason, 1)
		s.OnDisconnect(func(r Reason, _ error) { reasons <- r })
		if r := <-reasons; r != "ping timeout" { // 45 s of fake time
			t.Errorf("reason %q", r)
		}
		if err := s.Emit(t.Context(), "kept"); err != nil {
			t.Fatal(err)
		}
		server.expect(t, "40")
		server.polls <- `40{"sid":"s2"}`
		server.expect(t, `42["kept"]`)
	})
}
