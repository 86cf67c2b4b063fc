// Package transports is the contract that every transport of the lab keeps, so that they can be
// compared and exchanged: one log of messages per topic, and clients that read it from a cursor.
//
// A topic is an append-only sequence of messages with dense offsets 1, 2, 3, …, kept in a [Log].
// A subscriber is a [Cursor], and the client holds it. A transport is then three verbs over some way
// of moving bytes: append, read after a cursor, wait for more. Resuming therefore works alike for
// all of them, on any node, and no transport keeps a queue per client.
//
// The guarantees, whichever transport is used:
//
//   - every subscriber of a topic sees the same messages in the same order, offsets rising by one;
//   - Send returns once the log has the message; sending it again under the same ID stores nothing
//     and returns the first position;
//   - what cannot be delivered any more (trimmed, or lost with its log) is reported as a [*GapError],
//     never passed over in silence;
//   - a connection that ends loses nothing: dial again at the last cursor, or let [Redial] do it.
//
// The package needs the standard library alone.
package transports

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// A Message is one entry of a topic.
type Message struct {
	Cursor        // its position: the next message of the topic has Offset+1
	ID     string // the publisher's idempotency key: 1–128 bytes of printable ASCII without space, '"' or '\'
	Data   []byte // opaque to the transport; valid UTF-8 unless Binary
	Binary bool
}

// A Log stores topics. Its methods may be called concurrently. A topic is 1–128 bytes of
// [A-Za-z0-9_.:-] that do not begin with '_' ([CheckTopic]).
type Log interface {
	// Append stores m (its ID, Data and Binary) and returns its position. Appending the same ID
	// again within the retention window stores nothing and returns the first position; the same ID
	// with other data is ErrConflict. ErrUnavailable means that the store could not be reached: the
	// message may have been stored or not, and appending it again with the same ID is safe.
	Append(ctx context.Context, topic string, m Message) (Cursor, error)

	// Read returns at most limit messages after the cursor and never waits. The zero Cursor stands
	// before the first message that the log still holds in whatever epoch. A cursor whose successors
	// are gone, that lies ahead of the log, or whose epoch is not the topic's, gets a *GapError.
	Read(ctx context.Context, topic string, after Cursor, limit int) ([]Message, error)

	// Wait returns nil as soon as the topic holds a message after the cursor, or Read would report
	// a gap there; it returns the context's error when that ends first, and ErrUnavailable when the
	// log is closed.
	Wait(ctx context.Context, topic string, after Cursor) error
}

// A BatchLog is a Log that stores several messages of one topic at the price of about one.
type BatchLog interface {
	Log
	// AppendBatch is Append for each message in order. Results[i] answers ms[i]; one message's
	// error does not stop the others.
	AppendBatch(ctx context.Context, topic string, ms []Message) []AppendResult
}

// An AppendResult is what Append returned for one message of a batch.
type AppendResult struct {
	Cursor Cursor
	Err    error
}

// AppendAll appends ms in order, in one batch where the log can.
func AppendAll(ctx context.Context, log Log, topic string, ms []Message) []AppendResult {
	if b, ok := log.(BatchLog); ok && len(ms) > 1 {
		return b.AppendBatch(ctx, topic, ms)
	}
	results := make([]AppendResult, len(ms))
	for i, m := range ms {
		results[i].Cursor, results[i].Err = log.Append(ctx, topic, m)
	}
	return results
}

// A Notifier is a Log that tells of news by itself, which spares a goroutine and its wake-up for each
// topic that is followed.
type Notifier interface {
	Log
	// Notify has fn called, until stop is called, after each change of the topic: with the messages
	// that were added, in order, or with none when anything else has happened and Read is to be asked.
	// fn must neither block nor call the Log, nor change the messages; one call is made at a time.
	Notify(topic string, fn func([]Message)) (stop func(), err error)
}

// A Transport moves messages between a server and its clients in one way. It is a stateless value
// and may be used concurrently.
type Transport interface {
	Info() Info
	// NewServer returns the server side: an http.Handler whose last path element is the topic.
	NewServer(log Log) Server
	// Dial returns a connection to one topic. Nothing is received before the first Recv.
	Dial(ctx context.Context, target Target) (Conn, error)
}

// Info describes a transport.
type Info struct {
	Name     string   // as in URLs, flags, benchmark names and results: "longpoll"
	Title    string   // as in reports: "Long polling"
	Push     bool     // the server sends unasked; otherwise the client asks
	Floor    bool     // not a transport of its own but what the others are compared with
	Carriers []string // what it runs on: "h1", "h1tls", "h2c", "h2"
}

// A Server is the server side of a transport, or of several ([NewServer]).
type Server interface {
	http.Handler
	// Shutdown refuses new work, tells every client that this node goes away, and waits until all
	// its goroutines have ended; when ctx ends first it cuts the rest off and returns ctx's error.
	Shutdown(ctx context.Context) error
}

// A Target is what a client dials.
type Target struct {
	URL    string       // the transport's endpoint up to the topic: "http://127.0.0.1:8080/longpoll"
	Topic  string       // see CheckTopic
	After  Cursor       // receive what comes after it; the zero Cursor is the oldest message held
	Client *http.Client // how to reach it (carrier, TLS); nil is a client of this package's own
	Header http.Header  // added to every request: credentials, or a browser's headers
	Tally  *Tally       // counts what the connection moves; nil does not
}

// A Tally counts what connections move by what it is for, at the client. What else they write and read is
// the transport's own framing.
type Tally struct {
	Up, Down Share
}

// A Share counts bytes: the messages' data, and what carries offsets and IDs, the price of the guarantees,
// which is alike on every transport.
type Share struct {
	Messages, Payload, Envelope atomic.Int64
}

// A Conn is one client's connection to one topic. Send may be called concurrently, also with Recv;
// Recv by one goroutine at a time. A context that ends ends that call alone: the connection stays
// usable. A Conn does not outlive its first other error, except a *GapError from Recv, after which
// Recv goes on behind the gap, and a refusal of one message from Send (ErrTooLarge, ErrConflict).
type Conn interface {
	// Send returns once the log has the message. An empty ID is replaced by a random one. An error
	// other than a refusal leaves open whether it was stored: send it again under the same ID.
	Send(ctx context.Context, m Message) (Cursor, error)
	// Recv returns the next message. Offsets rise by exactly one; a *GapError is the only way past
	// a hole.
	Recv(ctx context.Context) (Message, error)
	// Close ends the connection and its goroutines. Pending and later calls return ErrClosed.
	Close() error
}

// Options are the settings that all transports share; each takes those that mean something to it.
// The zero value of a field is its default, never "unlimited".
type Options struct {
	Interval    time.Duration `json:"interval"`     // polling, ajax: time between the starts of two requests; 500 ms
	Hold        time.Duration `json:"hold"`         // longpoll: longest time a request is held; 25 s
	Batch       int           `json:"batch"`        // most messages in one answer, event or frame; 256
	MaxMessage  int           `json:"max_message"`  // largest Data in bytes; 64 KiB
	Heartbeat   time.Duration `json:"heartbeat"`    // push transports: longest silence on an idle connection; 15 s
	Compression bool          `json:"compression"`  // websocket: permessage-deflate; off
	MessageRate int           `json:"message_rate"` // messages a second that one connection may send, with bursts of twice that; 100
	Origins     []string      `json:"origins"`      // foreign origins that browsers may use, each exactly scheme://host[:port]; none
}

// WithDefaults returns o with its zero fields filled in.
func (o Options) WithDefaults() Options {
	set(&o.Interval, 500*time.Millisecond)
	set(&o.Hold, 25*time.Second)
	set(&o.Batch, 256)
	set(&o.MaxMessage, 64<<10)
	set(&o.Heartbeat, 15*time.Second)
	set(&o.MessageRate, 100)
	return o
}

func set[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
