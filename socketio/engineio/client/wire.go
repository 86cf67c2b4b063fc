package client

import (
	"errors"
	"io"
	"math"
	"sync"
	"sync/atomic"
)

// A wire is the byte stream below a WebSocket.
type wire struct {
	io.ReadWriteCloser
	limit int64

	// budget is how many bytes the rest of a message may take, headers and control frames included. Between messages it
	// is too much to be used up. It is atomic because a closing WebSocket is read by who closes it.
	budget atomic.Int64

	mu      sync.Mutex // guards writing
	corked  bool
	pending []byte
}

var errFragments = errors.New("message has too many fragments or control frames inside")

// beginMessage and endMessage stand around the reading of a message's body. Between them the server may send twice the
// limit and something: that leaves room for reasonable fragments, and ends a flood of tiny ones.
func (w *wire) beginMessage() { w.budget.Store(2*w.limit + 4096) }
func (w *wire) endMessage()   { w.budget.Store(math.MaxInt64) }

// Read implements io.Reader. The end of the stream without a close frame is never a good end: as a plain io.EOF it would
// complete a message that was cut.
func (w *wire) Read(p []byte) (int, error) {
	if w.budget.Load() <= 0 {
		return 0, errFragments
	}
	n, err := w.ReadWriteCloser.Read(p)
	w.budget.Add(-int64(n))
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// corkSize is where a corked wire writes after all.
const corkSize = 32 << 10

// cork keeps what is written until uncork, so that many frames leave in one system call.
func (w *wire) cork() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corked = true
}

func (w *wire) uncork() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corked = false
	return w.flush()
}

// Write implements io.Writer.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.corked {
		return w.ReadWriteCloser.Write(p)
	}
	w.pending = append(w.pending, p...)
	if len(w.pending) >= corkSize {
		if err := w.flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (w *wire) flush() error {
	if len(w.pending) == 0 {
		return nil
	}
	_, err := w.ReadWriteCloser.Write(w.pending)
	w.pending = w.pending[:0]
	return err
}
