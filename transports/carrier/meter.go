package carrier

import "sync/atomic"

// A class is what a byte above TLS is for.
type class uint8

const (
	header  class = iota // request and status lines, headers, trailers; HTTP/2 header blocks
	body                 // what handlers wrote and read
	framing              // chunk sizes; HTTP/2 preface, frame headers, padding, and control frames
	stream               // an upgraded connection, or not HTTP at all

	handshake // below TLS
	onWire    // below TLS, after the handshake
	classes
)

// A tally counts bytes by class.
type tally [classes]int64

// counters are a tally that several goroutines may add to and read.
type counters [classes]atomic.Int64

func (c *counters) add(t *tally) {
	for k, n := range t {
		if n != 0 {
			c[k].Add(n)
		}
	}
}

func (c *counters) load() (t tally) {
	for k := range c {
		t[k] = c[k].Load()
	}
	return t
}

// Bytes is what went one way, in bytes. TCP and IP headers are not in it: they never pass a process.
type Bytes struct {
	Handshake int64 `json:"handshake"` // TLS handshake records
	Wire      int64 `json:"wire"`      // everything after the handshake that TCP carried, TLS records included
	Header    int64 `json:"header"`    // request and status lines, headers, trailers; HPACK blocks in HTTP/2
	Body      int64 `json:"body"`      // what handlers wrote and read
	Framing   int64 `json:"framing"`   // chunk sizes; HTTP/2 preface, frame headers, padding and control frames
	Stream    int64 `json:"stream"`    // upgraded connections, and all bytes of a plain meter
}

// App is what was written above TLS.
func (b Bytes) App() int64 { return b.Header + b.Body + b.Framing + b.Stream }

// TLS is what TLS added after its handshake: 22 bytes for each record, and the closing alert.
func (b Bytes) TLS() int64 { return b.Wire - b.App() }

func (b Bytes) sub(o Bytes) Bytes {
	return Bytes{b.Handshake - o.Handshake, b.Wire - o.Wire, b.Header - o.Header, b.Body - o.Body, b.Framing - o.Framing, b.Stream - o.Stream}
}

func (t *tally) bytes() Bytes {
	return Bytes{Handshake: t[handshake], Wire: t[onWire], Header: t[header], Body: t[body], Framing: t[framing], Stream: t[stream]}
}

func (t *tally) negate() {
	for k := range t {
		t[k] = -t[k]
	}
}

func (t *tally) plus(o tally) {
	for k := range t {
		t[k] += o[k]
	}
}

// A Snapshot is the state of a Meter at one moment. Up is from client to server, whichever side counts.
type Snapshot struct {
	Opened int64 `json:"opened"` // connections ever
	Live   int64 `json:"live"`   // connections now
	Up     Bytes `json:"up"`
	Down   Bytes `json:"down"`
}

// Sub is what happened between the earlier Snapshot o and s. Live stays that of s.
func (s Snapshot) Sub(o Snapshot) Snapshot {
	return Snapshot{Opened: s.Opened - o.Opened, Live: s.Live, Up: s.Up.sub(o.Up), Down: s.Down.sub(o.Down)}
}

// A Meter counts the bytes of all connections of a listener, or of one or several clients. The zero
// value classifies HTTP. It may be read while connections live; once both ends are quiet, the two
// ends' meters agree to the byte.
type Meter struct {
	// Plain, set before use, counts without parsing: everything above TLS is Stream.
	Plain bool

	live     set[*Conn]
	opened   atomic.Int64
	up, down counters // of closed connections
}

// Snapshot adds up all connections, closed and live.
func (m *Meter) Snapshot() Snapshot {
	m.live.mu.Lock()
	defer m.live.mu.Unlock()
	up, down := m.up.load(), m.down.load()
	for c := range m.live.items {
		up.plus(c.up.counts.load())
		down.plus(c.down.counts.load())
	}
	return Snapshot{Opened: m.opened.Load(), Live: int64(len(m.live.items)), Up: up.bytes(), Down: down.bytes()}
}

// enter begins to count a connection.
func (m *Meter) enter(c *Conn) {
	m.opened.Add(1)
	m.live.add(c)
}

// leave moves the count of a closed connection into the sum. Nothing counts on it any more.
func (m *Meter) leave(c *Conn) {
	m.live.mu.Lock()
	defer m.live.mu.Unlock()
	if _, ok := m.live.items[c]; !ok {
		return
	}
	delete(m.live.items, c)
	up, down := c.up.counts.load(), c.down.counts.load()
	m.up.add(&up)
	m.down.add(&down)
}
