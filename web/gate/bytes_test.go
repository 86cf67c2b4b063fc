package gate

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/all"
	"transportlab/transports/carrier"
	"transportlab/transports/memlog"
	sio "transportlab/transports/socketio"
	"transportlab/transports/streaming"
)

// options make pulls quick.
func options() transports.Options {
	return transports.Options{Interval: 10 * time.Millisecond, Hold: 50 * time.Millisecond, MessageRate: 100_000}
}

// serve starts a server with every transport, and a gate before it.
func serve(t *testing.T, arms ...transports.Transport) *Gate {
	t.Helper()
	log := memlog.New(memlog.Options{})
	server, err := carrier.Listen(carrier.H1, "127.0.0.1:0", transports.NewServer(log, transports.Policy{}, arms...), carrier.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := Listen(Options{Target: func() (string, string, bool) { return server.Addr().String(), "a", true }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		log.Close()
	})
	return g
}

// arms are the transports to hold against the meter.
func arms(t *testing.T) map[string]transports.Transport {
	list := map[string]transports.Transport{"streaming-ndjson": streaming.NewNDJSON(options())}
	for _, name := range []string{"polling", "ajax", "longpoll", "streaming", "websocket", "socketio"} {
		arm, err := all.Find(name, options())
		if err != nil {
			t.Fatal(err)
		}
		list[name] = arm
	}
	return list
}

// bodies are messages whose text form is longer than they are, in every way it can be.
func bodies() []transports.Message {
	long := strings.Repeat("0123456789abcdef", 4200) // longer than any read, and than a frame's short lengths
	return []transports.Message{
		{Data: []byte("hello")}, {Data: nil}, {Data: []byte(`{"at":1.5,"n":7,"text":"\"quoted\" \\ back"}`)},
		{Data: []byte("tab\t line\r\n nul\x00 esc\x1b")}, {Data: []byte("žluťoučký 🐎 \u2028 </script> […]{…}")},
		{Data: []byte("a,b]\"c\\")}, {Data: []byte(long[:65000])}, {Data: []byte(long[:200])},
		{Data: []byte{0, 1, 2, 255, '"', ']', 30}, Binary: true}, {Data: nil, Binary: true}, {Data: []byte(long[:3001]), Binary: true},
		{Data: []byte("x\x1ey"), Binary: false},
	}
}

func TestLayersAreThoseOfTheClientsMeter(t *testing.T) {
	arms := arms(t)
	modes := map[string]func(transports.Options) transports.Transport{
		"socketio-polling": sio.NewPolling, "socketio-upgrade": sio.NewUpgrade}
	for name, mode := range modes {
		arms[name] = mode(options())
	}
	for name, arm := range arms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := serve(t, arm)
			meter, tally := &carrier.Meter{}, &transports.Tally{}
			client, err := carrier.Dial(carrier.H1, carrier.ClientOptions{Meter: meter})
			if err != nil {
				t.Fatal(err)
			}
			conn, err := arm.Dial(t.Context(), transports.Target{URL: g.URL() + "/" + arm.Info().Name, Topic: "bytes", Client: client.HTTP, Tally: tally})
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range bodies() {
				m.ID = fmt.Sprint("id", i)
				if _, err := conn.Send(t.Context(), m); err != nil {
					t.Fatalf("send %d: %v", i, err)
				}
			}
			for i := range bodies() {
				if _, err := conn.Recv(t.Context()); err != nil {
					t.Fatalf("receive %d: %v", i, err)
				}
			}
			want := func() (up, down [4]int64) {
				s := meter.Snapshot()
				side := func(b carrier.Bytes, share *transports.Share) [4]int64 {
					return [4]int64{share.Payload.Load(), share.Envelope.Load(), b.Header, b.App()}
				}
				return side(s.Up, &tally.Up), side(s.Down, &tally.Down)
			}
			got := func() (up, down [4]int64) {
				c := g.Counts()
				side := func(l Layers) [4]int64 { return [4]int64{l.Payload, l.Envelope, l.Headers, l.Total()} }
				return side(c.Up), side(c.Down)
			}
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				wantUp, wantDown := want()
				gotUp, gotDown := got()
				if gotUp == wantUp && gotDown == wantDown {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("payload, envelope, headers, all:\nup   %v, the client's meter %v\ndown %v, the client's meter %v\n%s",
						gotUp, wantUp, gotDown, wantDown, transcript(g))
				}
			}
			conn.Close() // what is under way at the end is counted where it was
			client.Close()
		})
	}
}

// transcript is the gate's record for people.
func transcript(g *Gate) string {
	var b strings.Builder
	entries, _ := g.Entries(0, 1000)
	for _, e := range entries {
		fmt.Fprintf(&b, "%d %s %s #%d %q %+v\n", e.N, e.Kind, e.Dir, e.Conn, e.Title, e.Layers)
		for _, p := range e.Parts {
			fmt.Fprintf(&b, "      %s %.150q\n", p.Class, p.Text)
		}
	}
	return b.String()
}
