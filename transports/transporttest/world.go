package transporttest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/carrier"
	"transportlab/transports/checker"
	"transportlab/transports/memlog"
)

// noCarrier is the carrier of a transport without a server.
const noCarrier = "none"

// A world is where one case plays: two nodes over one store, a client that reaches one of them, and a
// checker that is told everything. The second node starts when it is asked for.
type world struct {
	testing.TB
	k       *kit
	c       testCase
	carrier string
	options transports.Options
	arm     transports.Transport
	mem     *memlog.Log // nil when the kit's caller gave the logs
	policy  transports.Policy
	revoked atomic.Bool     // credentials, where the case judges them
	ctx     context.Context // ends when patience does
	cancel  context.CancelFunc
	rescue  func() bool // stops what ends calls that ignore their context

	nodes  [2]node
	client *carrier.Client
	cut    carrier.Cut  // of the clients
	addr   atomic.Value // string: the node that the client's dials reach
	judge  *checker.Checker
	mu     sync.Mutex
	conns  []transports.Conn
	groups []*sync.WaitGroup
}

// A node is one server process, so to say.
type node struct {
	log    transports.Log
	server transports.Server
	http   *carrier.Server // nil before it starts, and without a carrier
	cut    carrier.Cut
}

func open(tb testing.TB, k *kit, c testCase, carrierName string) *world {
	w := &world{TB: tb, k: k, c: c, carrier: carrierName, options: c.withOptions()}
	w.judge = checker.New(checker.Options{Whole: true})
	w.ctx, w.cancel = context.WithTimeout(context.Background(), k.patience)
	w.rescue = context.AfterFunc(w.ctx, w.closeConns) // what ignores its context ends like this
	if k.open != nil {
		w.nodes[0].log, w.nodes[1].log = k.open(tb)
	} else {
		w.mem = memlog.New(c.log)
		w.nodes[0].log, w.nodes[1].log = w.mem, w.mem
	}
	if c.prepare != nil {
		c.prepare(w)
	}
	w.arm = k.over(w.nodes[0].log, w.options)
	if carrierName == noCarrier {
		return w
	}
	w.startNode(0)
	w.reach(0)
	w.client = w.newClient()
	return w
}

// newClient returns a client whose connections go to the node that is reached when they are made.
func (w *world) newClient() *carrier.Client {
	o := carrier.ClientOptions{Trust: w.nodes[0].http.Certificate(), Cut: &w.cut,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, w.addr.Load().(string))
		}}
	if w.c.undisturbed {
		o.Cut = nil
	}
	c, err := carrier.Dial(w.carrier, o)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *world) startNode(i int) {
	n := &w.nodes[i]
	n.server = transports.NewServer(n.log, w.policy, w.arm)
	certificate, err := w.k.certificate()
	if err != nil {
		w.Fatal(err)
	}
	o := carrier.ServerOptions{Cut: &n.cut, MaxConnsPerAddr: 1000, Certificate: certificate}
	if w.c.undisturbed {
		o.Cut = nil
	}
	if n.http, err = carrier.Listen(w.carrier, "127.0.0.1:0", n.server, o); err != nil {
		w.Fatal(err)
	}
}

// reach makes new connections of the client go to a node, whatever their address says: as behind a
// balancer, both nodes have one name.
func (w *world) reach(i int) {
	if w.nodes[i].http == nil {
		w.startNode(i)
	}
	w.addr.Store(w.nodes[i].http.Addr().String())
}

func (w *world) close() {
	w.rescue()
	w.cancel()
	w.closeConns()
	for _, g := range w.groups {
		g.Wait()
	}
	if w.client != nil {
		w.client.Close()
	}
	for i := range w.nodes {
		if n := &w.nodes[i]; n.http != nil {
			// Shutdown, so that nothing of a server outlives its case, then the bare end.
			ctx, cancel := context.WithTimeout(context.Background(), w.k.patience)
			if err := n.server.Shutdown(ctx); err != nil {
				w.broke("Shutdown of a server without clients returned %v", err)
			}
			cancel()
			n.http.Close()
		}
	}
	if w.mem != nil {
		w.mem.Close()
	}
}

func (w *world) closeConns() {
	w.mu.Lock()
	conns := w.conns
	w.conns = nil
	w.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
}

// broke reports the promise that the case stands for.
func (w *world) broke(format string, args ...any) {
	w.Helper()
	w.Errorf("broken promise: %s\n\t%s", w.c.promise, fmt.Sprintf(format, args...))
}

// fatal is broke for the case's own goroutine, which ends.
func (w *world) fatal(format string, args ...any) {
	w.Helper()
	w.broke(format, args...)
	w.FailNow()
}

func (w *world) target(topic string, after transports.Cursor) transports.Target {
	target := transports.Target{Topic: topic, After: after}
	if w.client != nil {
		// The name in the URL is that of the first node, and stands for either.
		target.URL = w.nodes[0].http.URL() + "/" + w.arm.Info().Name
		target.Client = w.client.HTTP
	}
	return target
}

// dial returns a connection that is closed with the world.
func (w *world) dial(topic string, after transports.Cursor) transports.Conn {
	w.Helper()
	c, err := w.arm.Dial(w.ctx, w.target(topic, after))
	if err != nil {
		w.fatal("Dial at %q: %v", after, err)
	}
	return w.keep(c)
}

// redial returns a connection that survives, with short pauses.
func (w *world) redial(topic string, after transports.Cursor) transports.Conn {
	return w.keep(transports.Redial(w.ctx, w.arm, w.target(topic, after), transports.Backoff{Min: time.Millisecond, Max: 20 * time.Millisecond}))
}

func (w *world) keep(c transports.Conn) transports.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
	if w.ctx.Err() != nil {
		c.Close() // too late for the rescue
	}
	return c
}

// group returns a group of goroutines that end before the world does, also when the case gives up.
func (w *world) group() *sync.WaitGroup {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := new(sync.WaitGroup)
	w.groups = append(w.groups, g)
	return g
}

// text is a message with an ID and data of its own.
func text(name string, i int) transports.Message {
	return transports.Message{ID: fmt.Sprintf("%s-%d", name, i), Data: fmt.Appendf(nil, "%s says %d", name, i)}
}

// send sends through c and returns the message with its position.
func (w *world) send(c transports.Conn, m transports.Message) transports.Message {
	w.Helper()
	at, err := c.Send(w.ctx, m)
	if err != nil {
		w.fatal("Send of %s: %v", m.ID, err)
	}
	m.Cursor = at
	return m
}

// store puts n messages into the log, past the transport.
func (w *world) store(topic, name string, n int) []transports.Message {
	w.Helper()
	ms := make([]transports.Message, n)
	for i := range ms {
		ms[i] = text(name, i)
		at, err := w.nodes[0].log.Append(w.ctx, topic, ms[i])
		if err != nil {
			w.fatal("the log did not take message %d: %v", i, err)
		}
		ms[i].Cursor = at
	}
	return ms
}

// receive returns the next message.
func (w *world) receive(c transports.Conn) transports.Message {
	w.Helper()
	m, err := c.Recv(w.ctx)
	if err != nil {
		w.fatal("Recv: %v", err)
	}
	return m
}

// expect receives exactly these messages.
func (w *world) expect(c transports.Conn, want ...transports.Message) {
	w.Helper()
	for _, m := range want {
		w.same(w.receive(c), m)
	}
}

func (w *world) same(got, want transports.Message) {
	w.Helper()
	if got.Cursor != want.Cursor || got.ID != want.ID || got.Binary != want.Binary || string(got.Data) != string(want.Data) {
		w.fatal("received %s, want %s", describe(got), describe(want))
	}
}

func describe(m transports.Message) string {
	return fmt.Sprintf("message %s (ID %s, binary %v, %d bytes %.60q)", m.Cursor, m.ID, m.Binary, len(m.Data), m.Data)
}

// expectGap receives a gap and returns it.
func (w *world) expectGap(c transports.Conn) *transports.GapError {
	w.Helper()
	m, err := c.Recv(w.ctx)
	var gap *transports.GapError
	if !errors.As(err, &gap) {
		w.fatal("Recv returned %s, %v; want a *GapError", describe(m), err)
	}
	return gap
}

// follow receives on c until done tells it to stop, and has the checker judge. It runs in a goroutine
// of its own: what it finds it reports.
func (w *world) follow(c transports.Conn, s *checker.Subscriber, done func(transports.Message) bool) {
	for {
		m, err := c.Recv(w.ctx)
		var gap *transports.GapError
		switch {
		case errors.As(err, &gap):
			s.Gap(gap)
		case err != nil:
			w.broke("Recv: %v", err)
			return
		default:
			s.Received(m)
			if done(m) {
				return
			}
		}
	}
}

// publish sends n messages one after the other, and has the checker judge.
func (w *world) publish(c transports.Conn, topic, name string, n int) {
	p := w.judge.Publisher(name, topic)
	for i := range n {
		m := text(name, i)
		p.Sent(m)
		at, err := c.Send(w.ctx, m)
		if err != nil {
			w.broke("Send of %s: %v", m.ID, err)
			return
		}
		p.Acknowledged(m, at)
	}
}

// judged reports what the checker found.
func (w *world) judged() {
	w.Helper()
	for _, v := range w.judge.Check() {
		w.broke("%s", v)
	}
	if n := w.judge.Counts().Repeated; n > 0 {
		w.broke("%d messages were delivered twice", n)
	}
}

// eventually polls until ok, which another goroutine's end makes true.
func (w *world) eventually(ok func() bool, format string, args ...any) {
	w.Helper()
	for !ok() {
		if w.ctx.Err() != nil {
			w.fatal(format, args...)
		}
		time.Sleep(time.Millisecond)
	}
}
