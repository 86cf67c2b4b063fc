package all

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/carrier"
	"transportlab/transports/memlog"
)

var update = flag.Bool("update", false, "write the golden files")

// TestBytesOfA64ByteMessage compares with a golden file what one message of 64 bytes costs on every
// transport and carrier once everything is connected: one that goes up and one that comes down, by layer.
func TestBytesOfA64ByteMessage(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, "%-10s %-6s %-13s %8s %9s %8s %8s %5s %6s\n", "transport", "on", "way", "payload", "envelope", "framing", "headers", "tls", "total")
	for _, arm := range arms {
		a := arm(transports.Options{Interval: 20 * time.Millisecond, MessageRate: 1 << 20})
		for _, on := range a.Info().Carriers {
			m := measure(t, a, on)
			for i, way := range ways {
				fmt.Fprintf(&table, "%-10s %-6s %-13s %s\n", a.Info().Name, on, way, m[i])
			}
		}
	}
	const golden = "testdata/bytes.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, lines := strings.Split(table.String(), "\n"), strings.Split(string(want), "\n")
	if len(got) != len(lines) {
		t.Errorf("%d rows, want %d", len(got), len(lines))
	}
	for i := range min(len(got), len(lines)) {
		if got[i] != lines[i] {
			t.Errorf("got  %s\nwant %s\n     %s", got[i], lines[i], lines[0])
		}
	}
}

// layers are one direction's bytes.
type layers struct{ payload, envelope, framing, headers, tls int64 }

func (l layers) String() string {
	return fmt.Sprintf("%8d %9d %8d %8d %5d %6d", l.payload, l.envelope, l.framing, l.headers, l.tls, l.payload+l.envelope+l.framing+l.headers+l.tls)
}

// ways are what is measured: to send a message takes bytes up and an acknowledgement down; to receive it
// takes bytes down, and on transports that ask, a request up.
var ways = [4]string{"send, up", "send, down", "receive, up", "receive, down"}

// measure has a publisher and a subscriber, with a meter each, exchange four messages to become steady, and
// a fifth that is counted.
func measure(t *testing.T, a transports.Transport, on string) [4]layers {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	node := transports.NewServer(fixed{memlog.New(memlog.Options{})}, transports.Policy{}, a)
	srv, err := carrier.Listen(on, "127.0.0.1:0", dated{node}, carrier.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	defer node.Shutdown(ctx)
	pub, sub := newEnd(t, ctx, a, on, srv), newEnd(t, ctx, a, on, srv)
	exchange := func(i int) {
		if _, err := pub.conn.Send(ctx, transports.Message{ID: fmt.Sprintf("0.%d", i), Data: bytes.Repeat([]byte("x"), 64)}); err != nil {
			t.Fatal(a.Info().Name, on, err)
		}
		if m, err := sub.conn.Recv(ctx); err != nil || m.Offset != uint64(i) {
			t.Fatal(a.Info().Name, on, m, err)
		}
	}
	for i := 1; i < 5; i++ {
		exchange(i)
	}
	settle(pub.client, sub.client)
	beforePub, beforeSub := pub.count(), sub.count()
	exchange(5)
	settle(pub.client, sub.client)
	sent, received := pub.count(), sub.count()
	return [4]layers{sent[0].minus(beforePub[0]), sent[1].minus(beforePub[1]), received[0].minus(beforeSub[0]), received[1].minus(beforeSub[1])}
}

// An end is a client with what counts its bytes.
type end struct {
	conn   transports.Conn
	client *carrier.Client
	tally  transports.Tally
}

func newEnd(t *testing.T, ctx context.Context, a transports.Transport, on string, srv *carrier.Server) *end {
	client, err := carrier.Dial(on, carrier.ClientOptions{Trust: srv.Certificate()})
	if err != nil {
		t.Fatal(err)
	}
	e := &end{client: client}
	e.conn, err = a.Dial(ctx, transports.Target{URL: srv.URL() + "/" + a.Info().Name, Topic: "t", Client: client.HTTP, Tally: &e.tally})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.conn.Close(); client.Close() })
	return e
}

// count returns what went up and what came down until now.
func (e *end) count() [2]layers {
	s := e.client.Meter().Snapshot()
	return [2]layers{split(s.Up, &e.tally.Up), split(s.Down, &e.tally.Down)}
}

func split(b carrier.Bytes, s *transports.Share) layers {
	l := layers{payload: s.Payload.Load(), envelope: s.Envelope.Load(), headers: b.Header, tls: b.TLS()}
	l.framing = b.Framing + b.Body + b.Stream - l.payload - l.envelope
	return l
}

func (l layers) minus(o layers) layers {
	return layers{l.payload - o.payload, l.envelope - o.envelope, l.framing - o.framing, l.headers - o.headers, l.tls - o.tls}
}

// settle waits until the meters stand still: HTTP/2 sends window updates a little later.
func settle(clients ...*carrier.Client) {
	last := ""
	for still := 0; still < 5; still++ {
		time.Sleep(2 * time.Millisecond)
		now := ""
		for _, c := range clients {
			now += fmt.Sprint(c.Meter().Snapshot())
		}
		if now != last {
			last, still = now, 0
		}
	}
}

// dated gives every answer the same Date, whose change HTTP/2's header compression would make visible.
type dated struct{ http.Handler }

func (d dated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", "Mon, 23 Nov 2026 00:00:00 GMT")
	d.Handler.ServeHTTP(w, r)
}

// fixed is a log whose epoch is always the same, for the length of a random one differs in HTTP/2's
// Huffman code.
type fixed struct{ log *memlog.Log }

const epoch = "k3f9a2"

func (f fixed) real(ctx context.Context, topic string, c transports.Cursor) transports.Cursor {
	if ms, err := f.log.Read(ctx, topic, transports.Cursor{}, 1); err == nil && len(ms) > 0 && c.Epoch == epoch {
		c.Epoch = ms[0].Epoch
	}
	return c
}

func (f fixed) Append(ctx context.Context, topic string, m transports.Message) (transports.Cursor, error) {
	c, err := f.log.Append(ctx, topic, m)
	c.Epoch = epoch
	return c, err
}

func (f fixed) Read(ctx context.Context, topic string, after transports.Cursor, limit int) ([]transports.Message, error) {
	ms, err := f.log.Read(ctx, topic, f.real(ctx, topic, after), limit)
	ms = append([]transports.Message(nil), ms...)
	for i := range ms {
		ms[i].Epoch = epoch
	}
	return ms, err
}

func (f fixed) Wait(ctx context.Context, topic string, after transports.Cursor) error {
	return f.log.Wait(ctx, topic, f.real(ctx, topic, after))
}
