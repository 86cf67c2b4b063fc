package link

import (
	"io"
	"math"
	"net"
	"os"
	"sync"

	"transportlab/bench/result"
)

// segment is how many bytes travel together: the payload of a TCP segment.
const segment = 1448

// A lane is one direction through a connection of the wrapper: bytes that come out when their time has come.
type lane struct {
	clock *clock
	way   *way
	most  int // bytes under way before push waits

	mu      sync.Mutex
	chunks  []chunk
	held    int           // bytes of them
	err     error         // what comes out behind the chunks
	changed chan struct{} // closed, and another made, when any of the above changes
	aborted chan struct{} // closed when what is under way will not arrive
}

// A chunk is under way.
type chunk struct {
	due  int64
	data []byte
}

func newLane(n result.Net, c *clock, seed, stream uint64) *lane {
	l := &lane{clock: c, way: newWay(n, seed, stream), most: 16 << 20, changed: make(chan struct{}), aborted: make(chan struct{})}
	if n.Bandwidth > 0 {
		l.most = leastQueue + int(n.Bandwidth/8*n.RTT.Seconds())
		l.way.most = math.Inf(1) // whoever sends waits instead of losing
	}
	return l
}

// change wakes whoever waits. l is locked.
func (l *lane) change() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// push puts bytes on their way. It waits while too many are under way, until late is closed.
func (l *lane) push(p []byte, late <-chan struct{}) (n int, err error) {
	for n < len(p) {
		piece := p[n:min(n+segment, len(p))]
		l.mu.Lock()
		if l.err != nil {
			defer l.mu.Unlock()
			return n, net.ErrClosed
		}
		if l.held > 0 && l.held+len(piece) > l.most {
			changed := l.changed
			l.mu.Unlock()
			select {
			case <-changed:
				continue
			case <-late:
				return n, os.ErrDeadlineExceeded
			}
		}
		due, _ := l.way.offer(l.clock.now(), len(piece))
		l.chunks = append(l.chunks, chunk{due, append([]byte(nil), piece...)})
		l.held += len(piece)
		l.change()
		l.mu.Unlock()
		n += len(piece)
	}
	return n, nil
}

// end lets err come out behind what is under way, as late as a byte would. The first end counts.
func (l *lane) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err = err
	due, _ := l.way.offer(l.clock.now(), 0)
	l.chunks = append(l.chunks, chunk{due: due})
	l.change()
}

// abort lets err come out at once, and nothing else.
func (l *lane) abort(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.chunks, l.held = err, nil, 0
	l.change()
	select {
	case <-l.aborted:
	default:
		close(l.aborted)
	}
}

// pull takes out what has arrived, at most p, and waits for it until late is closed.
func (l *lane) pull(p []byte, late <-chan struct{}) (int, error) {
	for {
		l.mu.Lock()
		if len(l.chunks) == 0 && l.err != nil {
			defer l.mu.Unlock()
			return 0, l.err
		}
		changed := l.changed
		if len(l.chunks) == 0 {
			l.mu.Unlock()
			select {
			case <-changed:
				continue
			case <-late:
				return 0, os.ErrDeadlineExceeded
			}
		}
		if first := &l.chunks[0]; first.due > l.clock.now() {
			due := first.due
			l.mu.Unlock()
			select {
			case <-l.clock.at(due):
				continue
			case <-l.aborted:
				continue
			case <-l.clock.done:
				return 0, net.ErrClosed
			case <-late:
				return 0, os.ErrDeadlineExceeded
			}
		}
		n := l.take(p)
		l.mu.Unlock()
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
}

// take copies what has arrived. l is locked, and its first chunk has.
func (l *lane) take(p []byte) (n int) {
	now := l.clock.now()
	for len(l.chunks) > 0 && l.chunks[0].due <= now {
		first := &l.chunks[0]
		m := copy(p[n:], first.data)
		n += m
		if first.data = first.data[m:]; len(first.data) > 0 {
			break
		}
		l.chunks[0] = chunk{}
		l.chunks = l.chunks[1:]
	}
	l.held -= n
	l.change()
	return n
}

// wait returns when nothing is under way any more.
func (l *lane) wait() {
	for {
		l.mu.Lock()
		done, changed := len(l.chunks) == 0, l.changed
		l.mu.Unlock()
		if done {
			return
		}
		<-changed
	}
}

// pump moves bytes from a reader into the lane until the reader ends.
func (l *lane) pump(r io.Reader) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			if _, err := l.push(buffer[:n], nil); err != nil {
				return
			}
		}
		if err != nil {
			l.end(err)
			return
		}
	}
}

// drain moves what arrives into a writer until the lane ends, and returns what ended it.
func (l *lane) drain(w io.Writer) error {
	buffer := make([]byte, 16<<10)
	for {
		n, err := l.pull(buffer, nil)
		if err != nil {
			l.abort(err) // nobody else takes anything out
			return err
		}
		if _, err := w.Write(buffer[:n]); err != nil {
			l.abort(err)
			return err
		}
	}
}
