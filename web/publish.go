package web

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"transportlab/transports"
)

// Limits of what a page can have published.
const (
	mostRate  = 500     // messages a second
	mostBurst = 1000    // messages at once
	mostSize  = 8 << 10 // bytes of a message
	mostText  = 4 << 10 // bytes of a text

	mostPending = 5000            // messages that wait to be published
	storeTime   = 5 * time.Second // that the store may take
)

// A stream is how the publisher goes on by itself.
type stream struct {
	Rate   float64 `json:"rate"`   // messages a second; 0 is none
	Size   int     `json:"size"`   // bytes of each
	Binary bool    `json:"binary"` // bytes instead of text
}

// A publisher publishes to the demo's topic: a stream, and what is asked for beside it. One goroutine
// appends, so that the messages' numbers are in the log's order.
type publisher struct {
	server *Server
	wake   chan struct{} // has room for one: something changed

	mu      sync.Mutex
	stream  stream
	pending []order
	sent    int64 // messages ever
	failing bool  // the store did not take the last ones
}

// An order is messages that were asked for.
type order struct {
	count  int
	text   string // of its one message
	size   int
	binary bool
}

func newPublisher(s *Server) *publisher {
	return &publisher{server: s, wake: make(chan struct{}, 1), stream: stream{Size: 64}}
}

// settings are those of the stream.
func (p *publisher) settings() stream {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stream
}

// event is the publisher's state.
func (p *publisher) event() any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return struct {
		Type string `json:"type"`
		stream
		Sent    int64 `json:"sent"`
		Failing bool  `json:"failing"`
	}{"publisher", p.stream, p.sent, p.failing}
}

// run publishes until s.ctx ends.
func (p *publisher) run() {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	var due time.Time // of the stream's next message
	var rate float64
	for {
		p.mu.Lock()
		now, s := time.Now(), p.stream
		orders := p.pending
		p.pending = nil
		p.mu.Unlock()
		if s.Rate != rate {
			rate, due = s.Rate, now
			tick.Reset(interval(rate))
		}
		for n := 0; rate > 0 && !due.After(now) && n < mostRate; n++ {
			orders = append(orders, order{count: 1, size: s.Size, binary: s.Binary})
			due = due.Add(time.Duration(float64(time.Second) / rate))
		}
		if due.Before(now) { // it could not keep up: what was missed stays missed
			due = now
		}
		p.append(orders)
		select {
		case <-tick.C:
		case <-p.wake:
		case <-p.server.ctx.Done():
			return
		}
	}
}

// interval is how often to look whether a message of the stream is due.
func interval(rate float64) time.Duration {
	if rate == 0 {
		return time.Hour
	}
	return min(max(time.Duration(float64(time.Second)/rate), 2*time.Millisecond), time.Hour)
}

// append gives what was ordered to the log.
func (p *publisher) append(orders []order) {
	var ms []transports.Message
	p.mu.Lock()
	for _, o := range orders {
		for range o.count {
			p.sent++
			ms = append(ms, message(p.sent, milliseconds(time.Now()), o))
		}
	}
	p.mu.Unlock()
	for len(ms) > 0 {
		n := min(len(ms), 100)
		ctx, cancel := context.WithTimeout(p.server.ctx, storeTime)
		var failed error
		for _, r := range transports.AppendAll(ctx, p.server.o.Log, p.server.topic, ms[:n]) {
			if r.Err != nil {
				failed = r.Err
			}
		}
		cancel()
		p.failed(failed)
		ms = ms[n:]
	}
}

// failed notes whether the store takes messages, and says so when that changes.
func (p *publisher) failed(err error) {
	if errors.Is(err, context.Canceled) {
		return // the demo ends
	}
	p.mu.Lock()
	changed := p.failing != (err != nil)
	p.failing = err != nil
	p.mu.Unlock()
	if !changed {
		return
	}
	if err != nil {
		p.server.o.Logger.Error("web: publishing", "error", err)
	}
	p.server.events.send(p.event())
}

// message makes the n-th message, published at a time in milliseconds. Its data is JSON of exactly the
// ordered size, or as small as it can be; or, binary, the time as a big-endian float64 and bytes.
func message(n int64, at float64, o order) transports.Message {
	m := transports.Message{ID: "d" + strconv.FormatInt(n, 36), Binary: o.binary}
	if o.binary {
		m.Data = binary.BigEndian.AppendUint64(nil, math.Float64bits(at))
		for i := 8; i < o.size; i++ {
			m.Data = append(m.Data, byte(i))
		}
		return m
	}
	data := struct {
		At   float64 `json:"at"`
		N    int64   `json:"n"`
		Text string  `json:"text,omitempty"`
	}{at, n, o.text}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(data) // strings and finite numbers
	m.Data = []byte(strings.TrimSuffix(b.String(), "\n"))
	const pad = `,"pad":""`
	if missing := o.size - len(m.Data) - len(pad); o.text == "" && missing >= 0 {
		m.Data = append(m.Data[:len(m.Data)-1], `,"pad":"`+strings.Repeat(".", missing)+`"}`...)
	}
	return m
}

// publish answers POST /api/publish. Members that are left out stay as they are.
func (s *Server) publish(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Rate   *float64 `json:"rate"`
		Size   *int     `json:"size"`
		Binary *bool    `json:"binary"`
		Burst  *int     `json:"burst"`
		Text   *string  `json:"text"`
	}
	if !read(w, r, &ask) {
		return
	}
	wrong := ""
	switch {
	case ask.Rate != nil && !(*ask.Rate >= 0 && *ask.Rate <= mostRate):
		wrong = "rate must be between 0 and " + strconv.Itoa(mostRate)
	case ask.Rate != nil && *ask.Rate > 0 && *ask.Rate < 0.01:
		wrong = "rate must be 0 or at least 0.01"
	case ask.Size != nil && !(*ask.Size >= 8 && *ask.Size <= mostSize):
		wrong = "size must be between 8 and " + strconv.Itoa(mostSize)
	case ask.Burst != nil && !(*ask.Burst >= 1 && *ask.Burst <= mostBurst):
		wrong = "burst must be between 1 and " + strconv.Itoa(mostBurst)
	case ask.Text != nil && (len(*ask.Text) == 0 || len(*ask.Text) > mostText || !utf8.ValidString(*ask.Text)):
		wrong = "text must have between 1 and " + strconv.Itoa(mostText) + " bytes"
	}
	if wrong != "" {
		fail(w, http.StatusBadRequest, "malformed", wrong)
		return
	}
	p := s.publisher
	if !p.take(ask.Rate, ask.Size, ask.Binary, ask.Burst, ask.Text) {
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusTooManyRequests, "rate_limited", "too much waits to be published already")
		return
	}
	event := p.event()
	s.events.send(event)
	answer(w, http.StatusOK, event)
}

// take changes the stream, and orders a burst and a text; false when too much waits.
func (p *publisher) take(rate *float64, size *int, binary *bool, burst *int, text *string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := 0
	for _, o := range p.pending {
		waiting += o.count
	}
	if (burst != nil && waiting+*burst > mostPending) || (text != nil && waiting >= mostPending) {
		return false
	}
	if rate != nil {
		p.stream.Rate = *rate
	}
	if size != nil {
		p.stream.Size = *size
	}
	if binary != nil {
		p.stream.Binary = *binary
	}
	if burst != nil {
		p.pending = append(p.pending, order{count: *burst, size: p.stream.Size, binary: p.stream.Binary})
	}
	if text != nil {
		p.pending = append(p.pending, order{count: 1, text: *text})
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return true
}
