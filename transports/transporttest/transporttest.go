// Package transporttest is the kit that every transport passes, on every carrier that it names. Each
// case stands for a promise of package transports; a test that fails prints the promise that was broken.
//
//	func TestTransport(t *testing.T) { transporttest.Run(t, polling.New) }
//	func TestHTTP(t *testing.T)      { transporttest.RunHTTP(t, polling.New) }
//	func BenchmarkTransport(b *testing.B) { transporttest.Bench(b, polling.New) }
package transporttest

import (
	"crypto/tls"
	"strings"
	"sync"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/carrier"
	"transportlab/transports/memlog"
)

// A New makes a transport; it is what arms export.
type New = func(o transports.Options) transports.Transport

// Run checks the transport that newTransport makes, over a log in memory, in about two seconds for
// each carrier.
func Run(t *testing.T, newTransport New) {
	RunOver(t, func(_ transports.Log, o transports.Options) transports.Transport { return newTransport(o) })
}

// RunOver is Run for a transport that needs no server because it has the log itself.
func RunOver(t *testing.T, newTransport func(log transports.Log, o transports.Options) transports.Transport) {
	k := newKit(newTransport)
	k.run(t, cases)
}

// RunNodes checks what depends on where the topics are kept: two nodes, each with its own connection
// to one store, as open returns them, on the first carrier that the transport names. open is called for
// each case, at the same time as for others, and returns logs without topics, closed with tb.
func RunNodes(t *testing.T, newTransport New, open func(tb testing.TB) (a, b transports.Log)) {
	k := newKit(func(_ transports.Log, o transports.Options) transports.Transport { return newTransport(o) })
	k.open = open
	var some []testCase
	for _, c := range cases {
		if c.anyLog {
			some = append(some, c)
		}
	}
	k.first = true
	k.run(t, some)
}

// A kit is one run over one transport.
type kit struct {
	over     func(log transports.Log, o transports.Options) transports.Transport
	open     func(tb testing.TB) (a, b transports.Log) // nil: both are one log in memory
	first    bool                                      // one carrier is enough
	patience time.Duration                             // how long to wait for what must happen

	certificate func() (*tls.Certificate, error) // one for all servers
}

func newKit(over func(log transports.Log, o transports.Options) transports.Transport) *kit {
	return &kit{over: over, patience: 30 * time.Second,
		certificate: sync.OnceValues(func() (*tls.Certificate, error) { return carrier.SelfSigned() })}
}

// A testCase is a promise and the way to see whether it is kept.
type testCase struct {
	name        string
	promise     string
	run         func(w *world)
	prepare     func(w *world)     // before anything starts
	options     transports.Options // where they differ from the kit's
	log         memlog.Options     // of the log in memory
	alone       bool               // not beside other cases: it counts goroutines
	push        bool               // holds for transports that push
	server      bool               // needs a server in between
	undisturbed bool               // nothing on the way that could break a connection
	anyLog      bool               // holds for every log, and depends on it
}

// options are short, so that a run is; the rate is no subject of the kit.
func (c testCase) withOptions() transports.Options {
	o := c.options
	if o.Interval == 0 {
		o.Interval = 3 * time.Millisecond
	}
	if o.Hold == 0 {
		o.Hold = 200 * time.Millisecond // short enough that holds end while cases wait
	}
	if o.Batch == 0 {
		o.Batch = 32
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = 16 << 10
	}
	if o.MessageRate == 0 {
		o.MessageRate = 10_000_000
	}
	return o.WithDefaults()
}

var cases = []testCase{
	{name: "leaks", promise: "Close ends the connection and its goroutines, on both sides", run: leaks, alone: true},

	{name: "echo", promise: "Send returns the position of a message, and Recv returns the message with it", run: echo, anyLog: true},
	{name: "fan-out", promise: "every subscriber of a topic sees the same messages in the same order, offsets rising by one", run: fanOut, anyLog: true},
	{name: "duplex", promise: "Send may be called concurrently, also with Recv", run: duplex},
	{name: "bodies", promise: "Data is opaque: what is sent is what is received, also after later calls", run: bodies, anyLog: true},
	{name: "batches", promise: "a backlog longer than a batch comes whole and in order", run: batches, anyLog: true},
	{name: "topics", promise: "a connection receives the messages of its topic alone", run: topics, anyLog: true},
	{name: "size", promise: "a message may be as large as MaxMessage; a larger one is ErrTooLarge, and the connection stays usable", run: size},
	{name: "malformed", promise: "a message that is not text, or whose ID is none, is refused and not stored", run: malformed},
	{name: "retry", promise: "sending again under the same ID stores nothing and returns the first position", run: retry, anyLog: true},
	{name: "conflict", promise: "the same ID with other data is ErrConflict, and the connection stays usable", run: conflict, anyLog: true},

	{name: "seams", promise: "nothing is lost or repeated between one request and the next, whenever it is published", run: seams, anyLog: true},
	{name: "connections", promise: "a client that does one thing after another keeps its connections: one, and one more for what the server sends", run: connections, server: true},

	{name: "resume", promise: "a connection receives everything behind the cursor it was dialled at", run: resume, anyLog: true},
	{name: "trimmed", promise: "messages that are gone are reported as a *GapError that names what is held, and Recv goes on behind it", run: trimmed, log: memlog.Options{MaxLen: 10}},
	{name: "ahead", promise: "a cursor ahead of the log, or of another epoch, gets a *GapError", run: ahead, anyLog: true},
	{name: "epoch", promise: "a log that was lost and begun again is reported as a *GapError to whoever waits", run: newEpoch},
	{name: "slow reader", promise: "a slow reader delays nobody, and loses nothing that the log holds", run: slowReader},
	{name: "outrun reader", promise: "a reader that the log outruns is told of each hole", run: outrunReader, log: memlog.Options{MaxLen: 50}},

	{name: "context", promise: "a context that ends ends that call alone: the connection stays usable and loses nothing", run: contexts},
	{name: "close", promise: "pending and later calls of a closed connection return ErrClosed", run: closing, prepare: stubLogs},
	{name: "dial", promise: "a topic that is none is ErrTopic, from Dial or the first call", run: dialling},
	{name: "idle dial", promise: "a connection that nobody receives on sends all the same, and can be closed", run: idleDial},

	{name: "cut", promise: "a connection that is cut loses and repeats nothing through Redial", run: cutTen, server: true},
	{name: "sliced", promise: "the boundaries of reads mean nothing", run: sliced, server: true},
	{name: "killed", promise: "a node that dies shows through Redial as time alone", run: killed, server: true, anyLog: true},
	{name: "two nodes", promise: "what one node takes, subscribers of the other receive", run: twoNodes, server: true, anyLog: true},
	{name: "drain", promise: "Shutdown tells every client and ends in time", run: drain, server: true},
	{name: "drain under load", promise: "Shutdown loses nothing that was acknowledged, and through Redial nothing at all", run: drainUnderLoad, server: true, anyLog: true},
	{name: "unavailable", promise: "a store that cannot be reached is ErrUnavailable, and through Redial it shows as time alone", run: unavailable, prepare: stubLogs},
	{name: "unauthorized", promise: "credentials are judged whenever a client comes; what they do not allow is ErrUnauthorized or ErrForbidden", run: unauthorized, prepare: authorize, server: true},

	{name: "quiet", promise: "an idle connection of a transport that pushes costs no bytes", run: quiet, push: true, server: true},
	{name: "heartbeat", promise: "the longest silence on an idle connection of a transport that pushes is Heartbeat", run: heartbeat, push: true, server: true,
		options: transports.Options{Heartbeat: 10 * time.Millisecond}},
}

func (k *kit) run(t *testing.T, cases []testCase) {
	info := k.over(nil, transports.Options{}).Info()
	if info.Name == "" || info.Title == "" || len(info.Carriers) == 0 {
		t.Fatalf("Info is incomplete: %+v", info)
	}
	carriers := info.Carriers
	if k.first {
		carriers = carriers[:1]
	}
	for _, name := range carriers {
		t.Run(name, func(t *testing.T) {
			for _, c := range cases {
				if c.push && !info.Push || c.server && name == noCarrier {
					continue
				}
				t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
					if !c.alone {
						t.Parallel()
					}
					k.runCase(t, c, name)
				})
			}
		})
	}
}

func (k *kit) runCase(tb testing.TB, c testCase, carrierName string) {
	w := open(tb, k, c, carrierName)
	defer w.close()
	c.run(w)
}
