package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/socketio/parser"
)

var transports = map[string][]string{
	"polling": {client.Polling}, "websocket": {client.WebSocket}, "upgraded": {client.Polling, client.WebSocket},
}

func TestEventsAndAcknowledgementsPassBothWays(t *testing.T) {
	for name, list := range transports {
		for format, p := range map[string]parser.Parser{"json": parser.JSON{}, "msgpack": parser.Msgpack{}} {
			t.Run(name+"/"+format, func(t *testing.T) {
				server := serve(t, socketio.Options{Parser: p}, nil)
				server.Of("/").OnConnect(func(s *socketio.Socket) {
					echo(s)
					s.OnEvent("ask", func(ctx context.Context, e *socketio.Event) error {
						answer, err := s.EmitWithAck(ctx, "question", 20)
						if err != nil {
							return err
						}
						return e.Ack(answer[0])
					})
				})
				s := connect(t, server.URL, "/", client.Options{Transports: list, Parser: p}, client.SocketOptions{})
				client.On(s, "question", func(_ context.Context, n int) (int, error) { return n + 22, nil })
				got := make(chan []byte, 1)
				client.OnMessage(s, "echo", func(_ context.Context, v struct{ Raw []byte }) error { got <- v.Raw; return nil })

				raw := []byte{1, 2, 3}
				if err := s.Emit(t.Context(), "echo", map[string]any{"Raw": raw}); err != nil {
					t.Fatal(err)
				}
				raw[0] = 9 // what was emitted is the client's own copy
				if b := receive(t, got); !bytes.Equal(b, []byte{1, 2, 3}) {
					t.Errorf("binary data came back as %v", b)
				}
				answer, err := s.EmitWithAck(deadline(t), "echo", "a", nil, []byte("b"))
				if err != nil {
					t.Fatal(err)
				}
				var b []byte
				if err := answer[2].Decode(&b); err != nil || len(answer) != 3 || string(answer[0].JSON) != `"a"` || string(b) != "b" {
					t.Errorf("answer %v, %v", answer, err)
				}
				if n, err := client.Request[int](deadline(t), s, "ask"); err != nil || n != 42 {
					t.Errorf("server's question was answered %d, %v", n, err)
				}
			})
		}
	}
}

func TestHandlersRunInOrderAndAPanicCostsNothingElse(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	server.Of("/").OnConnect(echo)
	s := connect(t, server.URL, "/", client.Options{}, client.SocketOptions{})
	errs := make(chan error, 2)
	s.OnError(func(err error) { errs <- err })
	got := make(chan int, 100)
	client.OnMessage(s, "echo", func(_ context.Context, n int) error {
		if n == 3 {
			panic("on purpose")
		}
		got <- n
		return nil
	})
	for i := range 50 {
		if err := s.Emit(t.Context(), "echo", i); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 50 {
		if i == 3 {
			continue
		}
		if n := receive(t, got); n != i {
			t.Fatalf("event %d came in place of %d", n, i)
		}
	}
	if err := receive(t, errs); err == nil || !s.Connected() {
		t.Errorf("error %v, connected %v", err, s.Connected())
	}
}

func TestHandlerMayWaitForAnAcknowledgementWhileEventsFlood(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		echo(s)
		client := s
		s.OnEvent("flood", func(ctx context.Context, e *socketio.Event) error {
			for i := range 100 {
				if err := client.Emit(ctx, "event", i, make([]byte, 1000)); err != nil {
					return err
				}
			}
			return nil
		})
	})
	s := connect(t, server.URL, "/", client.Options{ReceiveBuffer: 50_000}, client.SocketOptions{})
	done := make(chan int, 100)
	client.OnMessage(s, "event", func(ctx context.Context, n int) error {
		if n%50 == 0 { // its answer is behind more events than the buffer holds
			if _, err := s.EmitWithAck(ctx, "echo", n); err != nil {
				return err
			}
		}
		done <- n
		return nil
	})
	s.OnError(func(err error) { t.Error(err) })
	if err := s.Emit(t.Context(), "flood"); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if n := receive(t, done); n != i {
			t.Fatalf("event %d came in place of %d", n, i)
		}
	}
}

func TestSocketsOfNamespacesShareOneConnection(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	for _, name := range []string{"/", "/a", "/b"} {
		server.Of(name).OnConnect(func(s *socketio.Socket) {
			socketio.On(s, "where", func(context.Context, any) (string, error) { return name, nil })
		})
	}
	m := manager(t, server.URL, client.Options{Transports: []string{client.WebSocket}})
	var sockets []*client.Socket
	for _, name := range []string{"/", "a", "/b"} {
		s := m.Socket(name, client.SocketOptions{})
		s.Connect()
		wait(t, s)
		sockets = append(sockets, s)
	}
	for _, s := range sockets {
		if where, err := client.Request[string](deadline(t), s, "where"); err != nil || where != s.Namespace() {
			t.Errorf("namespace %s answered %q, %v", s.Namespace(), where, err)
		}
	}
	if n := server.Engine().Sessions(); n != 1 {
		t.Errorf("%d connections", n)
	}
	events := log(sockets[1])
	sockets[0].Disconnect()
	sockets[2].Disconnect()
	if _, err := client.Request[string](deadline(t), sockets[1], "where"); err != nil {
		t.Errorf("the last socket lost its connection: %v", err)
	}
	sockets[1].Disconnect()
	expect(t, events, "disconnect: io client disconnect")
	eventually(t, func() bool { return server.Engine().Sessions() == 0 && m.Transport() == "" })
	sockets[1].Connect()
	expect(t, events, "connect")
}

func TestRefusalIsAConnectErrorAndEndsAttempts(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	server.Of("/private").Use(func(_ context.Context, s *socketio.Socket) error {
		var auth struct{ Token string }
		if err := s.Handshake().DecodeAuth(&auth); err != nil || auth.Token != "secret" {
			return &socketio.ConnectError{Message: "not authorized", Data: map[string]int{"code": 7}}
		}
		return nil
	})
	m := manager(t, server.URL, client.Options{})
	for _, tc := range []struct{ namespace, message, data string }{
		{"/unknown", "Invalid namespace", ""}, {"/private", "not authorized", `{"code":7}`},
	} {
		s := m.Socket(tc.namespace, client.SocketOptions{})
		events := log(s)
		s.Connect()
		var ce *client.ConnectError
		if err := s.Wait(deadline(t)); !errors.As(err, &ce) || ce.Message != tc.message || string(ce.Data.JSON) != tc.data {
			t.Errorf("%s: %v", tc.namespace, err)
		}
		expect(t, events, "connect_error: "+tc.message)
		if s.Active() {
			t.Errorf("%s: socket is still active", tc.namespace)
		}
	}
	s := m.Socket("/private", client.SocketOptions{})
	s.SetAuth(map[string]string{"Token": "secret"})
	s.Connect()
	wait(t, s)
}

func TestServersDisconnectIsFinalUntilConnect(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		socketio.OnMessage(s, "kick", func(_ context.Context, all bool) error { s.Disconnect(all); return nil })
	})
	s := manager(t, server.URL, client.Options{}).Socket("/", client.SocketOptions{})
	events := log(s)
	for _, closeConnection := range []bool{false, true} {
		s.Connect()
		expect(t, events, "connect")
		if err := s.Emit(t.Context(), "kick", closeConnection); err != nil {
			t.Fatal(err)
		}
		expect(t, events, "disconnect: io server disconnect")
		if s.Active() {
			t.Error("socket is active")
		}
	}
}

func TestFallsBackToPollingWhenWebSocketsAreRefused(t *testing.T) {
	server := serve(t, socketio.Options{}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") != "" {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	s := connect(t, server.URL, "/", client.Options{
		Transports: []string{client.WebSocket, client.Polling}, TryAllTransports: true,
	}, client.SocketOptions{})
	if got := s.Manager().Transport(); got != client.Polling {
		t.Errorf("transport %q", got)
	}
}

func TestEventsWaitForTheConnectionInOrder(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	server.Of("/").OnConnect(echo)
	s := manager(t, server.URL, client.Options{}).Socket("/", client.SocketOptions{})
	for i := range 3 {
		if err := s.Emit(t.Context(), "echo", i); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Volatile().Emit(t.Context(), "echo", "volatile"); err != nil {
		t.Fatal(err)
	}
	outgoing := make(chan string, 10)
	s.OnAnyOutgoing(func(_ context.Context, e *client.Event) error {
		outgoing <- fmt.Sprint(e.Name, string(e.Args[0].JSON))
		return nil
	})
	s.OnConnect(func(context.Context) { outgoing <- "connect" })
	events := log(s)
	s.Connect()
	expect(t, outgoing, "echo0", "echo1", "echo2", "connect")
	expect(t, events, "connect", "echo[0]", "echo[1]", "echo[2]")
}

func TestEmitRefusesWhatCannotBeSent(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	m := manager(t, server.URL, client.Options{SendBuffer: 100})
	s := m.Socket("/", client.SocketOptions{})
	if err := s.Emit(t.Context(), "connect"); !errors.Is(err, client.ErrReserved) {
		t.Errorf("reserved name: %v", err)
	}
	if err := s.Emit(t.Context(), "x", func() {}); err == nil {
		t.Error("a function was encoded")
	}
	if err := s.Emit(t.Context(), "x", make([]byte, 200)); !errors.Is(err, client.ErrBufferFull) {
		t.Errorf("full buffer: %v", err)
	}
	if _, err := s.Volatile().EmitWithAck(t.Context(), "x"); !errors.Is(err, client.ErrNotWritable) {
		t.Errorf("volatile with acknowledgement: %v", err)
	}
	if err := m.Close(deadline(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.Emit(t.Context(), "x"); !errors.Is(err, client.ErrClosed) {
		t.Errorf("closed manager: %v", err)
	}
}

func TestAcknowledgementsThatNeverComeAreErrors(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	asked := make(chan *socketio.Socket, 10)
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		s.OnEvent("ask", func(context.Context, *socketio.Event) error { asked <- s; return nil })
	})
	s := connect(t, server.URL, "/", client.Options{}, client.SocketOptions{})
	if _, err := s.Timeout(time.Millisecond).EmitWithAck(t.Context(), "ask"); !errors.Is(err, client.ErrAckTimeout) {
		t.Errorf("time-out: %v", err)
	}
	receive(t, asked)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { receive(t, asked); cancel() }()
	if _, err := s.EmitWithAck(ctx, "ask"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	go func() { receive(t, asked).Disconnect(true) }()
	if _, err := s.EmitWithAck(t.Context(), "ask"); !errors.Is(err, client.ErrDisconnected) {
		t.Errorf("disconnected: %v", err)
	}
}

func TestRemovedHandlersAreSilent(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	server.Of("/").OnConnect(echo)
	s := connect(t, server.URL, "/", client.Options{}, client.SocketOptions{})
	got := make(chan string, 10)
	handler := func(name string) client.EventHandler {
		return func(context.Context, *client.Event) error { got <- name; return nil }
	}
	removers := []func(){s.OnEvent("echo", handler("a")), s.OnAny(handler("any"))}
	s.OnEvent("echo", handler("b"))
	for _, want := range [][]string{{"any", "a", "b"}, {"b"}} {
		if err := s.Emit(t.Context(), "echo"); err != nil {
			t.Fatal(err)
		}
		var names []string
		for range want {
			names = append(names, receive(t, got))
		}
		if !slices.Equal(names, want) {
			t.Errorf("handlers called: %v, want %v", names, want)
		}
		for _, remove := range removers {
			remove()
		}
	}
}
