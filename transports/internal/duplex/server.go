// Package duplex is the loop that transports share which use one stream of frames for both
// directions: batches and controls of package wire go up and down, appends are acknowledged, and the
// subscription runs beside them.
package duplex

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/push"
	"transportlab/transports/internal/rate"
	"transportlab/transports/internal/wire"
)

// MaxBatch is the most messages that one frame may carry up.
const MaxBatch = 100

// appendTimeout bounds how long the log may take; the client may then send again under the same IDs.
const appendTimeout = 5 * time.Second

// A Reader reads the frames that a client sent.
type Reader interface {
	// ReadFrame returns the next frame, valid until the next call. A *transports.Error is the peer's
	// fault or farewell, and is what the connection is closed with.
	ReadFrame() (p []byte, binary bool, err error)
	// Buffered tells whether more of the peer's bytes are at hand, so that waiting for the next frame
	// is likely to be short.
	Buffered() bool
	// Drain discards what the peer sends until the connection ends.
	Drain()
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

// Run reads until the connection ends. It owns the reading side; Session.Done is the caller's.
func (l *Loop) Run(ctx context.Context, r Reader) {
	l.Session.Expect()
	limit := rate.New(l.Options.MessageRate)
	var ms []transports.Message
	own := 0 // ms[:own] have memory of their own; the others' is the reader's until its next frame
	for {
		p, binary, err := r.ReadFrame()
		l.Session.Heard()
		if err == nil {
			ms, err = l.take(ms, p, binary)
		}
		if err == nil && !limit.Take(len(ms)) {
			err = transports.ErrRateLimited
		}
		if err != nil {
			l.append(ctx, ms)
			l.leave(err, r)
			return
		}
		if len(ms) == 0 || r.Buffered() && len(ms) < MaxBatch {
			for ; own < len(ms); own++ {
				ms[own].Data = append([]byte(nil), ms[own].Data...)
			}
			continue
		}
		l.append(ctx, ms)
		clear(ms)
		ms, own = ms[:0], 0
	}
}

// leave says why the connection ends, and reads on until the peer has closed it or the session's
// writer loses patience: closing with unread input would destroy the last words on their way.
func (l *Loop) leave(err error, r Reader) {
	e, ok := err.(*transports.Error)
	if !ok {
		l.Session.End()
		return
	}
	l.Session.Bye(e)
	r.Drain()
}

// take adds a frame's messages to ms, or does what its control says.
func (l *Loop) take(ms []transports.Message, p []byte, binary bool) ([]transports.Message, error) {
	if len(p) == 0 {
		return ms, nil // a sign of life
	}
	if !binary && wire.IsControl(p) {
		return ms, l.control(p)
	}
	parse := wire.ParseUp
	if binary {
		parse = wire.ParseBinaryUp
	}
	more, err := parse(p, MaxBatch)
	if err != nil {
		return ms, err
	}
	for i := range more {
		m := &more[i]
		if len(m.Data) > l.Options.MaxMessage {
			return ms, transports.ErrTooLarge
		}
		if m.ID == "" {
			m.ID = rand.Text()
		}
	}
	return append(ms, more...), nil
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
		l.Session.Subscribe(after, l.Frame(nil, []byte(`{"type":"subscribed"}`)))
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
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	results := transports.AppendAll(ctx, l.Log, l.Topic, ms)
	cancel()
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
		return
	}
	l.Session.WakeNow(ctx)
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
