package gate

import (
	"sync"
	"time"
)

// A tap listens to one connection. Its methods may be called by one goroutine for each direction.
type tap struct {
	mu       sync.Mutex
	record   *record
	conn     int64
	client   parser
	server   parser
	waiting  []exchange // requests without a response, the oldest first
	early    int        // responses that came before their request had ended
	requests int
	wants    bool // the last request asks for a WebSocket
	upgraded bool
}

func newTap(r *record, conn int64) *tap {
	t := &tap{record: r, conn: conn}
	t.client = parser{tap: t, voice: voice{record: r, dir: "up", conn: conn}}
	t.server = parser{tap: t, voice: voice{record: r, dir: "down", conn: conn}, response: true}
	return t
}

// open and close put the connection itself on record.
func (t *tap) open(at time.Time, to string) {
	t.record.count(func(c *Counts) { c.Opened++ })
	t.happened("open", "connection to "+to, at)
}

func (t *tap) close(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range []*parser{&t.client, &t.server} {
		if len(p.head) > 0 {
			p.lose(at)
		}
		if p.open {
			p.finish(p.title+" · cut off", at)
		}
		p.flush()
	}
	t.happened("close", "connection ended", at)
}

func (t *tap) happened(kind, title string, at time.Time) {
	t.record.enter(Entry{Kind: kind, Conn: t.conn, Title: title, Start: milliseconds(at), End: milliseconds(at)})
}

func (t *tap) isUpgraded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.upgraded
}

// up hears what the client says. It returns what may be passed on: a head is, when it is whole. upgrade
// tells that it asks for a WebSocket.
func (t *tap) up(b []byte, at time.Time) (pass []byte, upgrade bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	held := t.client.head
	t.wants = false
	t.client.feed(b, at)
	t.client.flush()
	n := len(held) + len(b) - len(t.client.head)
	if n == 0 {
		return nil, false
	}
	return append(held[:len(held):len(held)], b...)[:n], t.wants
}

// down hears what the server says.
func (t *tap) down(b []byte, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.server.feed(b, at)
	t.server.flush()
}

// requested is told of a request's head.
func (t *tap) requested(upgrade bool) {
	t.requests++
	t.wants = t.wants || upgrade
	t.record.count(func(c *Counts) { c.Requests++ })
}

// sent is told of a request's end.
func (t *tap) sent(x exchange) {
	switch {
	case t.early > 0:
		t.early--
	case len(t.waiting) < 64: // nobody pipelines as much
		t.waiting = append(t.waiting, x)
	}
}

// answered returns what a response answers. One that was begun before its request was whole answers that.
func (t *tap) answered(status int) exchange {
	final := status >= 200 || status == 101
	if len(t.waiting) == 0 {
		if final {
			t.early++
		}
		return exchange{method: t.client.of.method, arm: t.client.of.arm}
	}
	x := t.waiting[0]
	if final {
		t.waiting = t.waiting[1:]
	}
	return x
}

// upgrade makes WebSocket frames of what follows.
func (t *tap) upgrade(arm string) {
	t.upgraded = true
	t.client.state, t.server.state = inFrames, inFrames
	t.client.frames, t.server.frames = frames{arm: arm, up: true}, frames{arm: arm}
}
