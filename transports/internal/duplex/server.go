// Package duplex is the loop that transports share which use one stream of frames for both
// directions: batches and controls of package wire go up and down, appends are acknowledged, and the
// subscription runs beside them.
package duplex

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/push"
	"transportlab/transports/internal/rate"
	"transportlab/transports/internal/wire"
)

// MaxBatch is the most messages that one frame may carry up.
const MaxBatch = 100

// readTimeout bounds how long the log may take to say whether it can be read.
const readTimeout = 5 * time.Second

// A Reader reads the frames that a client sent.
type Reader interface {
	// ReadMessage returns the next message, valid until the next call. A *transports.Error is the
	// peer's fault, and is what the connection is closed with.
	ReadMessage() (p []byte, binary bool, err error)
	// Buffered tells whether a whole message more is at hand.
	Buffered() bool
	// Await returns when there is something to read, or the error that ended the connection.
	Await() error
	// Read reads what the peer sends, whatever it is.
	io.Reader
}

// FrameLimit is the largest frame that is read: JSON may write a byte of a message as six.
func FrameLimit(o transports.Options) int { return 6*o.MaxMessage + 64<<10 }

// A Loop serves one client's frames.
type Loop struct {
	Log     transports.Log
	Options transports.Options
	Topic   string
	Session *push.Session
	Frame   func(dst, p []byte) []byte // writes a text frame

	limit   *rate.Bucket
	ms      []transports.Message // of the batch being read
	mu      sync.Mutex
	answers []answer
	spare   []answer
	ids     []string
	offsets []uint64
}

// An answer to one message that went up: its position, or the error.
type answer struct {
	id  string
	at  transports.Cursor
	err error
}

// Run reads until the connection ends. It owns the reading side; Session.Done is the caller's. It waits
// with a shallow stack, for most connections wait most of the time.
func (l *Loop) Run(ctx context.Context, r Reader) {
	l.Session.Expect()
	l.limit = rate.New(l.Options.MessageRate)
	for r.Await() == nil && l.serve(ctx, r) {
	}
	l.Session.End()
}

// serve takes the messages that are at hand as one batch; false when the connection is to end.
func (l *Loop) serve(ctx context.Context, r Reader) bool {
	defer func() {
		clear(l.ms)
		l.ms = l.ms[:0]
	}()
	for {
		p, binary, err := r.ReadMessage()
		l.Session.Heard()
		had := len(l.ms)
		if err == nil {
			err = l.take(p, binary)
		}
		if err == nil && !l.limit.Take(len(l.ms)-had) {
			err = transports.ErrRateLimited
		}
		if err != nil {
			l.append(ctx, l.ms[:had])
			l.leave(err, r)
			return false
		}
		if !r.Buffered() || len(l.ms) >= MaxBatch {
			l.append(ctx, l.ms)
			return true
		}
		for i := had; i < len(l.ms); i++ { // the memory is the reader's until its next message
			l.ms[i].Data = bytes.Clone(l.ms[i].Data)
		}
	}
}

// leave says why the connection ends, and reads on until the peer has closed it or the session's
// writer loses patience: closing with unread input would destroy the last words on their way.
func (l *Loop) leave(err error, r Reader) {
	if e, ok := err.(*transports.Error); ok {
		l.Session.Bye(e)
		push.Discard(r)
	}
}

// take adds a frame's messages to the batch, or does what its control says.
func (l *Loop) take(p []byte, binary bool) error {
	if len(p) == 0 {
		return nil // a sign of life
	}
	if !binary && wire.IsControl(p) {
		return l.control(p)
	}
	parse := wire.ParseUp
	if binary {
		parse = wire.ParseBinaryUp
	}
	ms, err := parse(p, MaxBatch)
	if err != nil {
		return err
	}
	for i := range ms {
		if len(ms[i].Data) > l.Options.MaxMessage {
			return transports.ErrTooLarge
		}
		if ms[i].ID == "" {
			ms[i].ID = rand.Text()
		}
	}
	l.ms = append(l.ms, ms...)
	return nil
}

// Subscribe begins the batches at a cursor, or ends the connection when the log cannot be asked for it. A
// gap is told in its turn.
func (l *Loop) Subscribe(after transports.Cursor, confirm []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	_, err := l.Log.Read(ctx, l.Topic, after, 1)
	var gap *transports.GapError
	if err != nil && !errors.As(err, &gap) {
		l.Session.Bye(wire.AsError(err))
		return
	}
	l.Session.Subscribe(after, confirm)
}

func (l *Loop) control(p []byte) error {
	c, err := wire.ParseControl(p)
	if err != nil {
		return err
	}
	switch c.Type {
	case "subscribe":
		after, err := transports.ParseCursor(c.After)
		if err != nil {
			return err
		}
		l.Subscribe(after, l.Frame(nil, []byte(`{"type":"subscribed"}`)))
	case "unsubscribe":
		l.Session.Unsubscribe()
	default:
		return transports.ErrMalformed
	}
	return nil
}

func (l *Loop) append(ctx context.Context, ms []transports.Message) {
	if len(ms) == 0 {
		return
	}
	release := l.Session.Hold() // the acknowledgement and the message itself may go in one write
	results := transports.AppendAll(ctx, l.Log, l.Topic, ms)
	var fatal *transports.Error
	l.mu.Lock()
	for i, r := range results {
		l.answers = append(l.answers, answer{ms[i].ID, r.Cursor, r.Err})
		if r.Err != nil && wire.AsError(r.Err).Code != transports.ErrConflict.Code {
			fatal = wire.AsError(r.Err)
		}
	}
	l.mu.Unlock()
	if fatal != nil {
		l.Session.Bye(fatal)
	}
	release()
}

// Answers writes the acknowledgements that are due: the Session's Extra.
func (l *Loop) Answers(dst []byte, stated func(epoch string) bool) []byte {
	l.mu.Lock()
	l.answers, l.spare = l.spare[:0], l.answers
	l.mu.Unlock()
	rest := l.spare
	for len(rest) > 0 {
		n := 1
		if rest[0].err != nil {
			dst = l.Frame(dst, wire.AppendControl(nil, wire.Control{Type: "error", ID: rest[0].id, Error: wire.BodyOf(rest[0].err)}))
		} else {
			for n < len(rest) && rest[n].err == nil && rest[n].at.Epoch == rest[0].at.Epoch {
				n++
			}
			dst = l.acks(dst, rest[:n], stated)
		}
		rest = rest[n:]
	}
	clear(l.spare)
	return dst
}

func (l *Loop) acks(dst []byte, run []answer, stated func(epoch string) bool) []byte {
	l.ids, l.offsets = l.ids[:0], l.offsets[:0]
	for _, a := range run {
		l.ids, l.offsets = append(l.ids, a.id), append(l.offsets, a.at.Offset)
	}
	epoch := run[0].at.Epoch
	if !stated(epoch) {
		epoch = ""
	}
	return l.Frame(dst, wire.AppendAck(nil, epoch, l.ids, l.offsets))
}
