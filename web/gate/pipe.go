package gate

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// mostQueued is how many bytes may be on their way in one direction of a connection.
const mostQueued = 1 << 20

// A pipe is one direction of a connection: what is read on one side is written on the other when its time
// has come. Two goroutines run it, read and write; both end when either side has, or with stop.
type pipe struct {
	conn     *conn
	from, to net.Conn
	link     *link
	holdTo   time.Time // nothing is written before: the rest of a handshake

	mu     sync.Mutex
	queue  []parcel
	bytes  int
	ended  bool       // nothing more comes
	failed bool       // what came last was an error, not an end
	moved  *sync.Cond // the queue changed
}

// A parcel is what one read returned.
type parcel struct {
	data []byte
	at   time.Time
	luck float64 // the fraction of the jitter it drew
}

func newPipe(c *conn, from, to net.Conn, l *link) *pipe {
	p := &pipe{conn: c, from: from, to: to, link: l}
	p.moved = sync.NewCond(&p.mu)
	return p
}

// read hands take what comes until the end; take puts it into a pipe, or ends the reading with an error. last
// is called behind all of it.
func (p *pipe) read(take func(data []byte, at time.Time) error, last func()) {
	buf := make([]byte, 32<<10)
	var err error
	for err == nil {
		var n int
		n, err = p.from.Read(buf)
		if n == 0 {
			continue
		}
		p.room()
		if refused := take(append([]byte(nil), buf[:n]...), p.conn.gate.o.Now()); refused != nil {
			err = refused
		}
	}
	last()
	p.finish(err != io.EOF)
}

// room waits until there is some.
func (p *pipe) room() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.bytes >= mostQueued && !p.ended {
		p.moved.Wait()
	}
}

// finish tells that nothing more comes.
func (p *pipe) finish(failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended, p.failed = true, failed
	p.moved.Broadcast()
}

// put sends data on its way. It never waits: room does.
func (p *pipe) put(data []byte, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(data) == 0 || p.ended {
		return
	}
	p.queue = append(p.queue, parcel{data, at, rand.Float64()})
	p.bytes += len(data)
	p.moved.Broadcast()
}

// next returns the oldest parcel; false at the end.
func (p *pipe) next() (parcel, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) == 0 && !p.ended {
		p.moved.Wait()
	}
	if len(p.queue) == 0 {
		return parcel{}, false
	}
	x := p.queue[0]
	p.queue[0] = parcel{}
	p.queue = p.queue[1:]
	p.bytes -= len(x.data)
	p.moved.Broadcast()
	return x, true
}

// stop lets both goroutines go.
func (p *pipe) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended, p.queue, p.bytes = true, nil, 0
	p.moved.Broadcast()
}

// write gives parcels on when they are due. say is told of bytes just before they are written. It returns
// false when the connection is beyond use.
func (p *pipe) write(say func(data []byte, at time.Time)) bool {
	for {
		x, ok := p.next()
		if !ok {
			p.mu.Lock()
			defer p.mu.Unlock()
			return !p.failed
		}
		for rest := x.data; len(rest) > 0; {
			fault, ok := p.due(x)
			if !ok {
				return false
			}
			n := min(len(rest), piece(fault.RateKbit))
			if !p.conn.sleepUntil(p.link.reserve(p.conn.gate.o.Now(), n, fault.RateKbit)) {
				return false
			}
			if say != nil {
				say(rest[:n], p.conn.gate.o.Now())
			}
			if _, err := p.to.Write(rest[:n]); err != nil {
				return false
			}
			rest = rest[n:]
		}
	}
}

// due waits until a parcel may go on, under whatever fault is in force meanwhile.
func (p *pipe) due(x parcel) (Fault, bool) {
	for {
		fault, changed := p.conn.gate.faults.get()
		at := x.at.Add(fault.delay(x.luck))
		if at.Before(p.holdTo) && fault.DelayMs > 0 {
			at = p.holdTo
		}
		left := at.Sub(p.conn.gate.o.Now())
		if !fault.Stall && left <= 0 {
			return fault, true
		}
		var timer *time.Timer
		var over <-chan time.Time
		if !fault.Stall {
			timer = time.NewTimer(left)
			over = timer.C
		}
		select {
		case <-over:
		case <-changed:
		case <-p.conn.done:
		}
		if timer != nil {
			timer.Stop()
		}
		select {
		case <-p.conn.done:
			return fault, false
		default:
		}
	}
}
