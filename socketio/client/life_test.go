package client_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"transportlab/socketio"
	"transportlab/socketio/client"
)

func TestCloseConnectionReconnects(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	m := manager(t, server.URL, client.Options{})
	s := m.Socket("/", client.SocketOptions{})
	events := log(s)
	s.Connect()
	expect(t, events, "connect")
	id := s.ID()
	m.CloseConnection()
	if s.ID() != "" || s.Connected() || !s.Active() {
		t.Errorf("id %q, connected %v, active %v", s.ID(), s.Connected(), s.Active())
	}
	expect(t, events, "disconnect: forced close", "connect")
	if s.ID() == id {
		t.Error("the id is the same")
	}
}

func TestDisconnectAndConnectAtOnceIsANewConnection(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	s := manager(t, server.URL, client.Options{}).Socket("/", client.SocketOptions{})
	events := log(s)
	s.Connect()
	expect(t, events, "connect")
	s.Disconnect()
	s.Connect()
	expect(t, events, "disconnect: io client disconnect", "connect")
}

func TestUnsentEventOutlivesADisconnection(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	server.Of("/").OnConnect(echo)
	s := connect(t, server.URL, "/", client.Options{}, client.SocketOptions{})
	s.Disconnect()
	answer := make(chan error, 1)
	go func() { // ends with the answer
		_, err := s.EmitWithAck(t.Context(), "echo", "a")
		answer <- err
	}()
	s.Connect()
	if err := receive(t, answer); err != nil {
		t.Error(err)
	}
}

func TestCloseInAnyStateEndsEverything(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	for name, prepare := range map[string]func(s *client.Socket){
		"new":          func(*client.Socket) {},
		"connecting":   func(s *client.Socket) { s.Connect() },
		"connected":    func(s *client.Socket) { s.Connect(); wait(t, s) },
		"disconnected": func(s *client.Socket) { s.Connect(); wait(t, s); s.Disconnect() },
		"reconnecting": func(s *client.Socket) { s.Connect(); wait(t, s); s.Manager().CloseConnection() },
		"waiting in a handler": func(s *client.Socket) {
			waiting := make(chan struct{})
			s.OnConnect(func(ctx context.Context) {
				close(waiting)
				if _, err := s.EmitWithAck(ctx, "nobody answers"); err == nil {
					t.Error("somebody answered")
				}
			})
			s.Connect()
			receive(t, waiting)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := client.New(server.URL, client.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := m.Socket("/", client.SocketOptions{})
			prepare(s)
			for range 2 {
				if err := m.Close(deadline(t)); err != nil {
					t.Error(err)
				}
			}
			s.Connect()
			if err := s.Wait(t.Context()); !errors.Is(err, client.ErrDisconnected) {
				t.Errorf("after Close: %v", err)
			}
		})
	}
	eventually(t, func() bool { return server.Engine().Sessions() == 0 })
}

func TestConnectionsLeaveNothingBehind(t *testing.T) {
	server := serve(t, socketio.Options{}, nil)
	server.Of("/").OnConnect(echo)
	before := 0
	for i := range 60 {
		if i == 10 { // pools and listeners are warm
			runtime.GC()
			before = runtime.NumGoroutine()
		}
		for _, list := range transports {
			m, err := client.New(server.URL, client.Options{Transports: list})
			if err != nil {
				t.Fatal(err)
			}
			s := m.Socket("/", client.SocketOptions{})
			s.Connect()
			if _, err := s.EmitWithAck(deadline(t), "echo", i); err != nil {
				t.Fatal(err)
			}
			if err := m.Close(deadline(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, func() bool { return server.Engine().Sessions() == 0 && runtime.NumGoroutine() <= before })
}
