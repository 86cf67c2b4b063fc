package cluster

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"transportlab/socketio"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/parser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire is a Carrier that notes what is sent.
type wire struct {
	servers int
	failure error
	offset  string

	mu        sync.Mutex
	published []nodewire.Message
	responses []nodewire.Message
}

func (w *wire) Publish(_ context.Context, m nodewire.Message) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published = append(w.published, m)
	return w.offset, w.failure
}

func (w *wire) Respond(_ string, m nodewire.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.responses = append(w.responses, m)
}

func (w *wire) ServerCount(context.Context) (int, error) { return w.servers, nil }

func (w *wire) last(t *testing.T) nodewire.Message {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.published) == 0 {
		t.Fatal("nothing was published")
	}
	return w.published[len(w.published)-1]
}

type testAdapter struct{ *Node }

func (a testAdapter) Close(context.Context) error { a.Stop(); return nil }

// newTestNode returns the node of a server without clients.
func newTestNode(t testing.TB, w *wire) *Node {
	t.Helper()
	var node *Node
	server := socketio.NewServer(socketio.Options{
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Adapter: func(local *socketio.Local) (socketio.Adapter, error) {
			node = NewNode(local, w, 0)
			return testAdapter{node}, nil
		},
	})
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := server.Of("/").ServerCount(t.Context()); err != nil {
		t.Fatal(err)
	}
	return node
}

func TestAnswersAreGatheredUntilAllAreThere(t *testing.T) {
	w := &wire{servers: 3}
	node := newTestNode(t, w)
	type result struct {
		sockets []socketio.SocketInfo
		err     error
	}
	done := make(chan result, 1)
	go func() { // ends with the answers
		sockets, err := node.FetchSockets(t.Context(), socketio.BroadcastOptions{})
		done <- result{sockets, err}
	}()
	var question nodewire.Message
	for question.RequestID == "" {
		time.Sleep(time.Millisecond)
		w.mu.Lock()
		if len(w.published) > 0 {
			question = w.published[0]
		}
		w.mu.Unlock()
	}
	for _, a := range []nodewire.Message{
		{Kind: nodewire.FetchedSockets, UID: "b", RequestID: "of another question", Sockets: make([]socketio.SocketInfo, 9)},
		{Kind: nodewire.FetchedSockets, UID: "b", RequestID: question.RequestID, Sockets: []socketio.SocketInfo{{ID: "1"}}},
		{Kind: nodewire.FetchedSockets, UID: "c", RequestID: question.RequestID},
		{Kind: nodewire.FetchedSockets, UID: "d", RequestID: question.RequestID, Sockets: make([]socketio.SocketInfo, 9)},
	} {
		a.Namespace = "/"
		node.Receive(a, "")
	}
	if r := <-done; r.err != nil || len(r.sockets) != 1 || r.sockets[0].ID != "1" {
		t.Errorf("got %v, error %v", r.sockets, r.err)
	}
}

func TestMissingAnswersEndWithTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls Calls[string]
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		call := calls.Open("id", 3)
		calls.Answer("id", "one")
		begin := time.Now()
		answers, err := call.Wait(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || len(answers) != 1 || time.Since(begin) != 5*time.Second {
			t.Errorf("got %v after %v, error %v", answers, time.Since(begin), err)
		}
		if want := "timeout reached: only 1 responses received out of 3"; err != nil && err.Error()[:len(want)] != want {
			t.Errorf("error %q, want %q", err, want)
		}
		calls.Answer("id", "late")
		if calls.Own("id") {
			t.Error("the question is still open")
		}
	})
}

func TestSinkIsForgottenWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls Calls[string]
		ctx, cancel := context.WithCancel(t.Context())
		calls.Listen(ctx, "id", &relay{})
		if calls.Sink("id") == nil || !calls.Own("id") {
			t.Fatal("the sink is unknown")
		}
		cancel()
		synctest.Wait()
		if calls.Sink("id") != nil || calls.Own("id") {
			t.Error("the sink is kept")
		}
	})
}

func TestOwnMessagesAndThoseOfOtherNamespacesAreIgnored(t *testing.T) {
	w := &wire{servers: 2}
	node := newTestNode(t, w)
	for _, m := range []nodewire.Message{
		{Kind: nodewire.FetchSockets, UID: node.UID, Namespace: "/", RequestID: "i"},
		{Kind: nodewire.FetchSockets, UID: "b", Namespace: "/other", RequestID: "i"},
	} {
		node.Receive(m, "")
	}
	if len(w.responses) != 0 {
		t.Errorf("answered %+v", w.responses)
	}
	node.Receive(nodewire.Message{Kind: nodewire.FetchSockets, UID: "b", Namespace: "/", RequestID: "i"}, "")
	if len(w.responses) != 1 || w.responses[0].RequestID != "i" || w.responses[0].UID != node.UID {
		t.Errorf("answered %+v", w.responses)
	}
}

func TestDeadlineTravelsAsWholeMilliseconds(t *testing.T) {
	w := &wire{servers: 2}
	node := newTestNode(t, w)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p := parser.Packet{Type: parser.Event, Namespace: "/", Data: parser.Value{JSON: []byte(`["q"]`)}}
	if err := node.BroadcastWithAck(ctx, p, socketio.BroadcastOptions{}, &relay{delivered: func(int) {}, stop: func() {}}); err != nil {
		t.Fatal(err)
	}
	if got := w.last(t).Options.Flags.Timeout; got <= 0 || got > time.Minute || got%time.Millisecond != 0 {
		t.Errorf("time-out %v", got)
	}
}

func TestUnreachableNodesAreAnErrorBesideLocalDelivery(t *testing.T) {
	lost := errors.New("lost")
	node := newTestNode(t, &wire{servers: 2, failure: lost})
	p := parser.Packet{Type: parser.Event, Namespace: "/", Data: parser.Value{JSON: []byte(`["x"]`)}}
	for name, err := range map[string]error{
		"broadcast":        node.Broadcast(t.Context(), p, socketio.BroadcastOptions{}),
		"apply":            node.Apply(t.Context(), socketio.BroadcastOptions{}, socketio.Action{}),
		"server-side emit": node.ServerSideEmit(t.Context(), p.Data),
	} {
		if !errors.Is(err, lost) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := node.FetchSockets(t.Context(), socketio.BroadcastOptions{}); !errors.Is(err, lost) {
		t.Errorf("fetch sockets: error %v", err)
	}
	if len(node.calls.calls) != 0 {
		t.Errorf("%d questions are still open", len(node.calls.calls))
	}
}

func FuzzReceive(f *testing.F) {
	for kind := nodewire.Broadcast; kind <= nodewire.BroadcastAnswer; kind++ {
		m := nodewire.Message{Kind: kind, UID: "b", Namespace: "/", RequestID: "i", Data: parser.Value{JSON: []byte(`["x",1]`)}, Rooms: []string{"r"}}
		b, err := m.JSON()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		if b, err = m.Msgpack(); err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	w := &wire{servers: 2}
	node := newTestNode(f, w)
	f.Fuzz(func(t *testing.T, b []byte) {
		raw, err := nodewire.Parse(b)
		if err != nil {
			return
		}
		m, err := nodewire.Read(raw)
		if err != nil {
			return
		}
		node.Receive(m, "1-0")
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.responses) > 1 {
			t.Errorf("one message is answered with %+v", w.responses)
		}
		w.responses = nil
	})
}
