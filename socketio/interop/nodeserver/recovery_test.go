package nodeserver

import (
	"context"
	"slices"
	"testing"
	"time"

	"transportlab/socketio/client"
)

func TestReconnectsToARestartedServerAndAsksForCredentials(t *testing.T) {
	for _, transport := range []string{client.Polling, client.WebSocket} {
		t.Run(transport, func(t *testing.T) {
			node := start(t, nil, 0)
			m := manager(t, node.URL, client.Options{Transports: []string{transport}})
			asked := 0 // the calls come one after the other
			s := m.Socket("/", client.SocketOptions{AuthFunc: func(context.Context) (any, error) {
				asked++
				return map[string]int{"asked": asked}, nil
			}})
			hello := make(chan int, 10)
			client.OnMessage(s, "hello", func(_ context.Context, auth struct{ Asked int }) error { hello <- auth.Asked; return nil })
			reasons, failures := make(chan client.Reason, 10), make(chan error, 1000)
			s.OnDisconnect(func(r client.Reason, _ error) { reasons <- r })
			s.OnConnectError(func(err error) { failures <- err })
			connect(t, s)
			if n := receive(t, hello); n != 1 {
				t.Errorf("credentials %d", n)
			}
			node.kill()
			if r := receive(t, reasons); r != "transport close" && r != "transport error" {
				t.Errorf("reason %q", r)
			}
			receive(t, failures) // an attempt while nobody listens
			if err := s.Emit(t.Context(), "echo", "kept"); err != nil {
				t.Fatal(err)
			}
			echoed := make(chan string, 1)
			client.OnMessage(s, "echo", func(_ context.Context, text string) error { echoed <- text; return nil })
			start(t, nil, node.port)
			if n := receive(t, hello); n != 2 {
				t.Errorf("credentials %d", n)
			}
			if text := receive(t, echoed); text != "kept" || s.Recovered() {
				t.Errorf("echo %q, recovered %v", text, s.Recovered())
			}
		})
	}
}

func TestRecoversWhatWasMissed(t *testing.T) {
	for _, transport := range []string{client.Polling, client.WebSocket} {
		t.Run(transport, func(t *testing.T) {
			node := start(t, options{"connectionStateRecovery": options{}}, 0)
			auth := map[string]string{"user": "ada"}
			m := manager(t, node.URL, client.Options{Transports: []string{transport}, Reconnection: client.Reconnection{
				Delay: 500 * time.Millisecond, RandomizationFactor: -1, // the server emits meanwhile
			}})
			s := m.Socket("/", client.SocketOptions{Auth: auth})
			news := make(chan string, 10)
			client.OnMessage(s, "news", func(_ context.Context, b []byte) error { news <- string(b); return nil })
			connects := make(chan bool, 10)
			s.OnConnect(func(context.Context) { connects <- s.Recovered() })
			connect(t, s)
			if receive(t, connects) {
				t.Error("the first connection is recovered")
			}
			id := s.ID()
			node.tell(t, "emit", "news", map[string]string{"hex": "61"})
			if got := receive(t, news); got != "a" {
				t.Errorf("news %q", got)
			}
			node.tell(t, "engines")
			receive(t, node.left)
			node.tell(t, "emit", "news", map[string]string{"hex": "62"})
			node.tell(t, "emit", "news", map[string]string{"hex": "63"})
			if a, b := receive(t, news), receive(t, news); a != "b" || b != "c" {
				t.Errorf("missed news came as %q, %q", a, b)
			}
			if recovered := receive(t, connects); !recovered || s.ID() != id {
				t.Errorf("recovered %v, id %s, before %s", recovered, s.ID(), id)
			}
			if len(auth) != 1 {
				t.Errorf("the user's credentials were changed: %v", auth)
			}
		})
	}
}

func TestRetriesKeepOrderAndReachTheServer(t *testing.T) {
	node := start(t, nil, 0)
	s := manager(t, node.URL, client.Options{Transports: []string{client.WebSocket}}).Socket("/", client.SocketOptions{
		Retries: 3, AckTimeout: 50 * time.Millisecond,
	})
	for _, text := range []string{"a", "b"} { // before there is a connection
		if err := s.Emit(t.Context(), "unreliable", text); err != nil {
			t.Fatal(err)
		}
	}
	connect(t, s)
	answer, err := s.EmitWithAck(deadline(t), "unreliable", "c")
	if err != nil {
		t.Fatal(err)
	}
	var text string
	if err := answer[0].Decode(&text); err != nil || text != "got c" {
		t.Errorf("answer %q, %v", text, err)
	}
	var seen []string
	for !slices.Contains(seen, "c") {
		seen = append(seen, receive(t, node.said)[1].(string))
	}
	if unique := slices.Compact(slices.Clone(seen)); !slices.Equal(unique, []string{"a", "b", "c"}) || slices.Index(seen, "c") < 4 {
		t.Errorf("the server saw %v", seen)
	}
}
