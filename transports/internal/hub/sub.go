package hub

import (
	"context"
	"errors"
	"sort"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

// A Sub is one subscriber's place in a topic. Next is for one goroutine at a time.
type Sub struct {
	topic *topic
	index int // in topic.subs; -1 once closed
	at    transports.Cursor
	wake  func()
}

// A Run is consecutive messages, encoded: the entries of one batch without its head.
type Run struct {
	Epoch   string // to be stated in the batch; the receiver of the run empties it where the client knows it
	First   uint64
	Last    transports.Cursor // of the last message
	Binary  bool
	Entries []byte // shared: not to be changed
}

// Append writes the run as a batch.
func (r Run) Append(dst []byte) []byte {
	if r.Binary {
		return append(wire.AppendBinaryHead(dst, r.Epoch, r.First), r.Entries...)
	}
	return append(append(wire.AppendHead(dst, r.Epoch, r.First), r.Entries...), ']')
}

// At is the cursor of the last message that Next returned.
func (s *Sub) At() transports.Cursor { return s.at }

// Next returns the run after the cursor and moves the cursor behind it; false when there is none. A
// *GapError moves the cursor behind the gap. Other errors are the log's; the cursor has not moved.
func (s *Sub) Next(ctx context.Context) (Run, bool, error) {
	if r, ok, inside := s.topic.run(s.at); inside {
		if ok {
			s.at = r.Last
		}
		return r, ok, nil
	}
	return s.behind(ctx)
}

// behind serves a cursor outside the window from the log.
func (s *Sub) behind(ctx context.Context) (Run, bool, error) {
	h := s.topic.hub
	ms, err := h.log.Read(ctx, s.topic.name, s.at, h.batch)
	var gap *transports.GapError
	if errors.As(err, &gap) {
		s.at = gap.Resume()
	}
	if err != nil || len(ms) == 0 {
		return Run{}, false, err
	}
	binary := ms[0].Binary && h.raw
	r := Run{Epoch: ms[0].Epoch, First: ms[0].Offset, Binary: binary}
	for _, m := range ms {
		if (m.Binary && h.raw) != binary || len(r.Entries) > chunkBytes {
			break
		}
		r.Entries = h.encode(r.Entries, m)
		r.Last = m.Cursor
	}
	s.at = r.Last
	return r, true, nil
}

// run returns the messages after the cursor from the window, as many as one chunk holds, up to the
// batch limit. inside is false when the window cannot tell.
func (t *topic) run(at transports.Cursor) (r Run, ok, inside bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if at.Epoch != t.epoch || at.Epoch == "" || at.Offset+1 < t.first || at.Offset > t.last {
		return r, false, false
	}
	if at.Offset == t.last {
		return r, false, true
	}
	i := sort.Search(len(t.chunks), func(i int) bool { return t.chunks[i].first > at.Offset+1 }) - 1
	c := t.chunks[i]
	from := int(at.Offset + 1 - c.first)
	to := min(from+t.hub.batch, len(c.ends))
	start := 0
	if from > 0 {
		start = c.ends[from-1]
	}
	return Run{
		Epoch: t.epoch, First: at.Offset + 1, Binary: c.binary,
		Last:    transports.Cursor{Epoch: t.epoch, Offset: c.first + uint64(to) - 1},
		Entries: c.buf[start:c.ends[to-1]:c.ends[to-1]],
	}, true, true
}
