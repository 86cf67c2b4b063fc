// Package fleet is a great many clients that only count what they are sent, whatever server it is that
// sends: a read and a scan for two marks, so that the readers do not become what is measured. It saturates
// servers and holds them against each other; how well a transport keeps its promises is for package load.
package fleet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// The marks: each stands once in a message of [Message] and nowhere in what a server writes around it, so
// that messages are counted without knowing how they are framed.
const (
	begin = '#' // six digits follow, the message's number
	end   = '~'
)

// Smallest is the size of the shortest message in bytes.
const Smallest = 8

// Message returns message number n (of its last six digits) with size bytes.
func Message(n, size int) []byte {
	size = max(size, Smallest)
	return fmt.Appendf(nil, "%c%06d%s%c", begin, n%1_000_000, strings.Repeat("x", size-Smallest), end)
}

// An Opening says how a client of a fleet begins. Addr and Path must be set.
type Opening struct {
	Addr      string   // host:port
	Path      string   // of the GET
	WebSocket bool     // it asks for an upgrade; otherwise it reads a stream of events
	Say       []string // text messages that a WebSocket client sends at once: a protocol's greeting
	// Heard, if set, is called with the number of every message that comes, on the client's own goroutine.
	Heard func(client, number int)
}

// A Fleet is connected clients. Its methods may be called concurrently; Close ends it.
type Fleet struct {
	conns  []net.Conn
	counts []atomic.Int64
	heard  func(client, number int)
	done   sync.WaitGroup
}

// Dial connects n clients, a few at a time.
func Dial(ctx context.Context, o Opening, n int) (*Fleet, error) {
	f := &Fleet{conns: make([]net.Conn, n), counts: make([]atomic.Int64, n), heard: o.Heard}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(32)
	for i := range n {
		g.Go(func() error {
			if err := f.dial(ctx, o, i); err != nil {
				return fmt.Errorf("client %d of %d: %w", i+1, n, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *Fleet) dial(ctx context.Context, o Opening, i int) error {
	c, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, "tcp", o.Addr)
	if err != nil {
		return err
	}
	f.conns[i] = c
	c.SetDeadline(time.Now().Add(30 * time.Second))
	request := "GET " + o.Path + " HTTP/1.1\r\nHost: " + o.Addr + "\r\n"
	if o.WebSocket {
		request += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	} else {
		request += "Accept: text/event-stream\r\n\r\n"
	}
	if _, err := c.Write([]byte(request)); err != nil {
		return err
	}
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	if want := map[bool]int{true: http.StatusSwitchingProtocols, false: http.StatusOK}[o.WebSocket]; resp.StatusCode != want {
		return fmt.Errorf("GET %s is answered %s", o.Path, resp.Status)
	}
	for _, text := range o.Say {
		if _, err := c.Write(frame(text)); err != nil {
			return err
		}
	}
	c.SetDeadline(time.Time{})
	rest, _ := r.Peek(r.Buffered())
	f.done.Go(func() { f.read(i, bytes.Clone(rest)) }) // ends when the connection does
	return nil
}

// frame is a text message as a client sends it, masked with zeros (RFC 6455 section 5.2).
func frame(text string) []byte {
	b := []byte{0x81, 0x80 | byte(min(len(text), 126))}
	if len(text) >= 126 {
		b = binary.BigEndian.AppendUint16(b, uint16(len(text)))
	}
	return append(append(b, 0, 0, 0, 0), text...)
}

func (f *Fleet) read(i int, first []byte) {
	s := scanner{heard: func(number int) { f.heard(i, number) }}
	if f.heard == nil {
		s.heard = nil
	}
	f.counts[i].Add(s.scan(first))
	buf := make([]byte, 16<<10)
	for {
		n, err := f.conns[i].Read(buf)
		f.counts[i].Add(s.scan(buf[:n]))
		if err != nil {
			return
		}
	}
}

// A scanner finds messages in what is read, wherever the reads cut them.
type scanner struct {
	heard  func(number int)
	digits [6]byte
	have   int // of the digits
	within bool
}

// scan returns how many messages end in p.
func (s *scanner) scan(p []byte) int64 {
	n := int64(bytes.Count(p, []byte{end}))
	for s.heard != nil && len(p) > 0 {
		if !s.within {
			at := bytes.IndexByte(p, begin)
			if at < 0 {
				break
			}
			p, s.within, s.have = p[at+1:], true, 0
			continue
		}
		took := copy(s.digits[s.have:], p)
		p, s.have = p[took:], s.have+took
		if s.have == len(s.digits) {
			s.within = false
			if number, err := strconv.Atoi(string(s.digits[:])); err == nil {
				s.heard(number)
			}
		}
	}
	return n
}

// Close ends all connections and waits for their goroutines.
func (f *Fleet) Close() {
	for _, c := range f.conns {
		if c != nil {
			c.Close()
		}
	}
	f.done.Wait()
}

// Slowest is how many messages the client has that has fewest.
func (f *Fleet) Slowest() int64 {
	least := f.counts[0].Load()
	for i := range f.counts {
		least = min(least, f.counts[i].Load())
	}
	return least
}

// Sum is how many messages all clients have together.
func (f *Fleet) Sum() (n int64) {
	for i := range f.counts {
		n += f.counts[i].Load()
	}
	return n
}
