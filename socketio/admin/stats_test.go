package admin

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// A recorder is an adapter without sockets that notes when what is sent.
type recorder struct {
	mu   sync.Mutex
	sent []sent
}

type sent struct {
	at    time.Duration // since the beginning
	event string
	stats serverStats
}

func (r *recorder) Broadcast(_ context.Context, p parser.Packet, _ socketio.BroadcastOptions) error {
	name, args, err := p.Data.Event()
	if err != nil {
		return err
	}
	s := sent{event: name, at: time.Duration(time.Now().UnixNano())}
	if name == "server_stats" {
		err = args[0].Decode(&s.stats)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, s)
	return err
}
func (r *recorder) Apply(context.Context, socketio.BroadcastOptions, socketio.Action) error {
	return nil
}
func (r *recorder) FetchSockets(context.Context, socketio.BroadcastOptions) ([]socketio.SocketInfo, error) {
	return nil, nil
}
func (r *recorder) Close(context.Context) error { return nil }

func TestStatisticsAreSentAtOnceAndEveryTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		server := socketio.NewServer(socketio.Options{Adapter: func(*socketio.Local) (socketio.Adapter, error) { return &r, nil }})
		defer server.Close()
		server.Of("/chat")
		began := time.Now()
		a, err := Instrument(server, Options{NoAuth: true, ServerID: "one"})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		a.traffic.open(nil)
		a.traffic.close(nil, engineio.ReasonPingTimeout)
		time.Sleep(1500 * time.Millisecond) // into the next second
		a.traffic.receive(10)
		a.traffic.receive(5)
		a.traffic.send(7)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		a.Close()
		time.Sleep(10 * time.Second)
		if len(r.sent) != 4 {
			t.Fatalf("sent %+v", r.sent)
		}
		for i, s := range r.sent {
			at := s.at - time.Duration(began.UnixNano())
			if s.event != "server_stats" || at != time.Duration(i)*2*time.Second || s.stats.Uptime != at.Seconds() {
				t.Errorf("%d is %s after %v, uptime %v", i, s.event, at, s.stats.Uptime)
			}
			if s.stats.ServerID != "one" || s.stats.PID == 0 || s.stats.Hostname == "" || s.stats.Aggregates == nil ||
				!same(s.stats.Namespaces, []nsStats{{"/", 0}, {"/admin", 0}, {"/chat", 0}}) {
				t.Errorf("statistics %+v", s.stats)
			}
			if i != 1 && len(s.stats.Aggregates) != 0 {
				t.Errorf("%d has %v", i, s.stats.Aggregates)
			}
		}
		zero := began.Unix() * 1000
		want := []aggregate{
			{zero, "rawConnection", "", 1}, {zero, "rawDisconnection", "ping timeout", 1},
			{zero + 1000, "packetsIn", "", 2}, {zero + 1000, "packetsOut", "", 1}, {zero + 1000, "bytesIn", "", 15}, {zero + 1000, "bytesOut", "", 7},
		}
		if got := r.sent[1].stats.Aggregates; !same(got, want) {
			t.Errorf("aggregates %+v", got)
		}
	})
}

func TestStatisticsCountConnectionsPacketsAndSockets(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true, Production: true})
	p := n.page(nil)
	s := n.socket("/", client.Options{Transports: []string{client.Polling}})
	connect(t, s)
	p.wait("server_stats", func(args []any) bool {
		return field("clientsCount", 2)(args) && field("pollingClientsCount", 1)(args) &&
			field("namespaces", []any{map[string]any{"name": "/", "socketsCount": 1}, map[string]any{"name": "/admin", "socketsCount": 1}})(args)
	})
	s.Disconnect()
	total := func() map[string]int64 {
		counts := map[string]int64{}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, h := range p.heard {
			if h.event != "server_stats" {
				continue
			}
			var stats serverStats
			text, err := json.Marshal(h.args[0])
			if err != nil || json.Unmarshal(text, &stats) != nil {
				t.Fatalf("statistics %v", h.args)
			}
			for _, a := range stats.Aggregates {
				if a.Timestamp%1000 != 0 {
					t.Errorf("timestamp %d", a.Timestamp)
				}
				counts[a.Type+a.SubType] += a.Count
			}
		}
		return counts
	}
	eventually(t, "everything is counted", func() bool {
		c := total()
		// The page and the socket send a CONNECT of 1 or 8 bytes, the socket a DISCONNECT or an Engine.IO close.
		return c["rawConnection"] == 2 && c["rawDisconnectiontransport close"] == 1 && c["packetsIn"] >= 2 && c["bytesIn"] >= 9 &&
			c["packetsOut"] >= 3 && c["bytesOut"] > 100
	})
}

func TestAFloodOfEventsIsDroppedAndNotWaitedFor(t *testing.T) {
	a := &Admin{notes: make(chan note, 2)}
	for range 5 {
		a.tell("x")
	}
	if len(a.notes) != 2 || a.dropped.Load() != 3 {
		t.Errorf("%d wait, %d dropped", len(a.notes), a.dropped.Load())
	}
}
