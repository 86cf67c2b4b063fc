package findings

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"transportlab/bench/result"
	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/transports/carrier"
)

// socketClaims are about Socket.IO.
func socketClaims() []Statement {
	return []Statement{
		{ID: "socketio-falls-back", Group: result.Claim, Source: notes,
			Says:   "Socket.IO tries a WebSocket first and falls back to long polling.",
			Method: "A client that prefers WebSocket, once to a server and once to one behind something that refuses every upgrade; an event and its acknowledgement each.", test: fallsBack},
		{ID: "socketio-reconnects", Group: result.Claim, Source: notes,
			Says:   "Socket.IO reconnects by itself.",
			Method: "The connection under a client is broken ten times; each time the client must be back and answer, with nobody's doing.", test: reconnects},
		{ID: "socketio-rooms", Group: result.Claim, Source: notes,
			Says:   "Rooms reach a subset of the clients.",
			Method: "Ten clients, three of them in a room; an event to the room, then one to all; who received what is counted.", test: rooms},
		{ID: "socketio-namespaces", Group: result.Claim, Source: notes,
			Says:   "Namespaces split one connection.",
			Method: "One client in three namespaces; the server counts connections, and an event to one namespace must reach no other.", test: namespaces},
	}
}

// A stage is a Socket.IO server that answers "ping", says hello, and may refuse upgrades.
type stage struct {
	*socketio.Server
	web   *carrier.Server
	meter *carrier.Meter
}

func newStage(refuseUpgrades bool) (*stage, error) {
	s := &stage{Server: socketio.NewServer(socketio.Options{}), meter: &carrier.Meter{}}
	for _, name := range []string{"/", "/a", "/b"} {
		s.Of(name).OnConnect(func(sock *socketio.Socket) {
			socketio.On(sock, "ping", func(context.Context, string) (string, error) { return "pong", nil })
			socketio.OnMessage(sock, "flush", func(ctx context.Context, _ string) error { return sock.Emit(ctx, "flushed", "") })
			socketio.On(sock, "join", func(_ context.Context, room string) (string, error) {
				sock.Join(room)
				return room, nil
			})
		})
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuseUpgrades && r.Header.Get("Upgrade") != "" {
			http.Error(w, "no upgrades here", http.StatusForbidden)
			return
		}
		s.ServeHTTP(w, r)
	})
	var err error
	s.web, err = carrier.Listen(carrier.H1, "127.0.0.1:0", handler, carrier.ServerOptions{Meter: s.meter})
	return s, err
}

func (s *stage) end() { _ = errors.Join(s.Server.Close(), s.web.Close()) } // the figures are taken

func options() client.Options {
	return client.Options{Transports: []string{client.WebSocket, client.Polling}, TryAllTransports: true,
		Reconnection: client.Reconnection{Delay: 20 * time.Millisecond, DelayMax: 200 * time.Millisecond}}
}

// ping has the server answer.
func ping(ctx context.Context, s *client.Socket) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	s.Connect() // does nothing when it is
	answer, err := client.Request[string](ctx, s, "ping", "")
	if err == nil && answer != "pong" {
		err = fmt.Errorf("the answer is %q", answer)
	}
	return err
}

func fallsBack(ctx context.Context, _ *session) (o outcome, err error) {
	var used [2]string
	for i, refuse := range []bool{false, true} {
		used[i], err = func() (string, error) {
			s, err := newStage(refuse)
			if err != nil {
				return "", err
			}
			defer s.end()
			m, err := client.New(s.web.URL(), options())
			if err != nil {
				return "", err
			}
			defer m.Close(ctx)
			sock := m.Socket("/", client.SocketOptions{})
			if err := ping(ctx, sock); err != nil {
				return "", err
			}
			return m.Transport(), nil
		}()
		if err != nil {
			return o, err
		}
	}
	return outcome{
		ours:    fmt.Sprintf("%s where upgrades pass, %s where they are refused; the event was answered over both", used[0], used[1]),
		verdict: verdict(used == [2]string{client.WebSocket, client.Polling}),
		why:     "That is one of two ways. The official client by default does it the other way round: it begins with long polling and moves to a WebSocket, so that a first message never waits for a refusal.",
	}, nil
}

func reconnects(ctx context.Context, _ *session) (o outcome, err error) {
	const times = 10
	s, err := newStage(false)
	if err != nil {
		return o, err
	}
	defer s.end()
	var cut carrier.Cut
	c, err := carrier.Dial(carrier.H1, carrier.ClientOptions{Cut: &cut})
	if err != nil {
		return o, err
	}
	defer c.Close()
	own := options()
	own.HTTPClient = c.HTTP
	m, err := client.New(s.web.URL(), own)
	if err != nil {
		return o, err
	}
	defer m.Close(ctx)
	back := make(chan struct{}, times)
	var returns atomic.Int64
	m.OnReconnect(func(int) {
		returns.Add(1)
		back <- struct{}{}
	})
	sock := m.Socket("/", client.SocketOptions{})
	if err := ping(ctx, sock); err != nil {
		return o, err
	}
	var away time.Duration
	for range times {
		begin := time.Now()
		cut.Now()
		late := time.NewTimer(30 * time.Second)
		select {
		case <-back:
		case <-late.C:
			return o, errors.New("the client is not back within 30s")
		case <-ctx.Done():
			return o, ctx.Err()
		}
		late.Stop()
		away += time.Since(begin)
		if err := ping(ctx, sock); err != nil {
			return o, err
		}
	}
	return outcome{
		ours:    fmt.Sprintf("back %d of %d times, after %s on average at a first delay of 20 ms", returns.Load(), times, (away / times).Round(time.Millisecond)),
		verdict: verdict(returns.Load() == times),
		why:     "The connection comes back by itself. What was sent meanwhile does not, unless connection state recovery or acknowledgements with retries are used: Socket.IO promises at most once.",
		figures: []result.Extra{extra("reconnects", float64(returns.Load())), extra("away-ns", float64(away/times))},
	}, nil
}

// A listener counts the events called "news" that a socket receives.
type listener struct {
	sock    *client.Socket
	news    atomic.Int64
	flushed chan struct{}
}

func listen(s *client.Socket) *listener {
	l := &listener{sock: s, flushed: make(chan struct{}, 1)}
	client.OnMessage(s, "news", func(context.Context, string) error {
		l.news.Add(1)
		return nil
	})
	client.OnMessage(s, "flushed", func(context.Context, string) error {
		l.flushed <- struct{}{}
		return nil
	})
	return l
}

// heard is how many events there were: events keep their order, so those of before are counted when the answer to
// a later one has come.
func (l *listener) heard(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := l.sock.Emit(ctx, "flush", ""); err != nil {
		return 0, err
	}
	select {
	case <-l.flushed:
		return l.news.Load(), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func rooms(ctx context.Context, _ *session) (o outcome, err error) {
	const all, members = 10, 3
	s, err := newStage(false)
	if err != nil {
		return o, err
	}
	defer s.end()
	var listeners []*listener
	for i := range all {
		m, err := client.New(s.web.URL(), options())
		if err != nil {
			return o, err
		}
		defer m.Close(ctx)
		sock := m.Socket("/", client.SocketOptions{})
		listeners = append(listeners, listen(sock))
		if err := ping(ctx, sock); err != nil {
			return o, err
		}
		if i < members {
			if _, err := client.Request[string](ctx, sock, "join", "room"); err != nil {
				return o, err
			}
		}
	}
	if err := errors.Join(s.Of("/").To("room").Emit(ctx, "news", "x"), s.Of("/").Emit(ctx, "news", "y")); err != nil {
		return o, err
	}
	inside, outside := 0, 0
	for i, l := range listeners {
		n, err := l.heard(ctx)
		if err != nil {
			return o, err
		}
		if i < members {
			inside += int(n)
		} else {
			outside += int(n)
		}
	}
	return outcome{
		ours:    fmt.Sprintf("the %d members received %d events, the %d others %d", members, inside, all-members, outside),
		verdict: verdict(inside == 2*members && outside == all-members),
		why:     "An event to a room reached its members alone, and one to all reached everybody once. Rooms live on the server: clients neither know of them nor can they join by themselves.",
		figures: []result.Extra{extra("members-received", float64(inside)), extra("others-received", float64(outside))},
	}, nil
}

func namespaces(ctx context.Context, _ *session) (o outcome, err error) {
	s, err := newStage(false)
	if err != nil {
		return o, err
	}
	defer s.end()
	var dials atomic.Int64
	own := options()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	defer transport.CloseIdleConnections()
	own.HTTPClient = &http.Client{Transport: transport}
	m, err := client.New(s.web.URL(), own)
	if err != nil {
		return o, err
	}
	defer m.Close(ctx)
	names := []string{"/", "/a", "/b"}
	var listeners []*listener
	for _, name := range names {
		sock := m.Socket(name, client.SocketOptions{})
		listeners = append(listeners, listen(sock))
		if err := ping(ctx, sock); err != nil {
			return o, err
		}
	}
	if err := s.Of("/a").Emit(ctx, "news", "x"); err != nil {
		return o, err
	}
	var got [3]int64
	for i, l := range listeners {
		if got[i], err = l.heard(ctx); err != nil {
			return o, err
		}
	}
	return outcome{
		ours:    fmt.Sprintf("%d namespaces on %d connection; an event to /a was received %d times there, %d times in / and %d times in /b", len(names), dials.Load(), got[1], got[0], got[2]),
		verdict: verdict(dials.Load() == 1 && got == [3]int64{0, 1, 0}),
		why:     "Namespaces are a prefix in each packet: a way to separate concerns, with middleware of their own, not a way to separate load. A large message in one delays the others.",
		figures: []result.Extra{extra("connections", float64(dials.Load()))},
	}, nil
}
