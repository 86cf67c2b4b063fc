package calibrate

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A tap lies beneath the byte meter and writes down what really passes: every byte of every connection, in
// both directions. What the bytes are is read from it afterwards with net/http, which shares nothing with the
// meter's parser.
type tap struct {
	mu    sync.Mutex
	conns []*tapped
	marks int
}

// quiet is how long a tap waits before it marks: a client that has just received may still be asking for more.
const quiet = 5 * time.Millisecond

// dial connects through the tap.
func (t *tap) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	inner, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &tapped{Conn: inner, tap: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns = append(t.conns, c)
	return c, nil
}

// mark remembers how far every connection is. The instrument counts right after it.
func (t *tap) mark() {
	time.Sleep(quiet)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.marks++
	for _, c := range t.conns {
		for len(c.marks) < t.marks-1 {
			c.marks = append(c.marks, [2]int{}) // it was not there yet
		}
		c.marks = append(c.marks, [2]int{len(c.up), len(c.down)})
	}
}

// A tapped connection is read by one goroutine and written to by one.
type tapped struct {
	net.Conn
	tap      *tap
	up, down []byte // under the tap's lock
	marks    [][2]int
}

// NetConn returns the connection beneath.
func (c *tapped) NetConn() net.Conn { return c.Conn }

// Read implements net.Conn.
func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.down = append(c.down, p[:n]...)
	return n, err
}

// Write implements net.Conn.
func (c *tapped) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.up = append(c.up, p[:n]...)
	return n, err
}

// passed is what went by between two marks.
type passed struct {
	all     int // bytes
	headers int // of them, request and status lines and header fields
}

// between adds up both directions of all connections between marks a and b, counted from 0. What is not plain
// HTTP/1.1 cannot be read: its headers stay 0.
func (t *tap) between(a, b int, plain bool) (passed, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sum passed
	for i, c := range t.conns {
		for way, transcript := range [][]byte{c.up, c.down} {
			from, to := at(c.marks, a, way), at(c.marks, b, way)
			sum.all += to - from
			if !plain {
				continue
			}
			heads, err := headsOf(transcript, way == 1)
			if err != nil {
				return sum, fmt.Errorf("connection %d: %w", i, err)
			}
			for _, h := range heads {
				sum.headers += max(min(h[1], to)-max(h[0], from), 0)
			}
		}
	}
	return sum, nil
}

func at(marks [][2]int, n, way int) int {
	if n >= len(marks) {
		return 0
	}
	return marks[n][way]
}

// headsOf finds the heads of the messages in one direction of an HTTP/1.1 connection: where each begins and
// ends. After an upgrade there is none.
func headsOf(transcript []byte, answers bool) (heads [][2]int, err error) {
	for pos := 0; pos < len(transcript); {
		n := bytes.Index(transcript[pos:], []byte("\r\n\r\n"))
		if n < 0 {
			return heads, fmt.Errorf("at byte %d: a head that does not end", pos)
		}
		end := pos + n + 4
		heads = append(heads, [2]int{pos, end})
		length, rest, err := bodyLength(transcript[pos:end], transcript[end:], answers)
		if err != nil {
			return heads, fmt.Errorf("at byte %d: %w", pos, err)
		}
		if rest {
			return heads, nil
		}
		pos = end + length
	}
	return heads, nil
}

// bodyLength is how long the body behind a head is; rest when it is all that follows.
func bodyLength(head, after []byte, answers bool) (length int, rest bool, err error) {
	var contentLength int64
	var coding []string
	in := bufio.NewReader(bytes.NewReader(head))
	if answers {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return 0, false, err
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return 0, true, nil
		}
		contentLength, coding = resp.ContentLength, resp.TransferEncoding
		if resp.StatusCode == http.StatusNoContent {
			contentLength = 0
		}
	} else {
		req, err := http.ReadRequest(in)
		if err != nil {
			return 0, false, err
		}
		if strings.EqualFold(req.Header.Get("Connection"), "upgrade") {
			return 0, true, nil
		}
		contentLength, coding = req.ContentLength, req.TransferEncoding
	}
	if len(coding) > 0 {
		return chunked(after)
	}
	if contentLength < 0 {
		return 0, true, nil
	}
	return int(min(contentLength, int64(len(after)))), false, nil
}

// chunked is how long a body in chunks is (RFC 9112, section 7.1); rest when it had not ended.
func chunked(p []byte) (length int, rest bool, err error) {
	for pos := 0; ; {
		n := bytes.Index(p[pos:], []byte("\r\n"))
		if n < 0 {
			return 0, true, nil
		}
		size, err := strconv.ParseUint(string(p[pos:pos+n]), 16, 31)
		if err != nil {
			return 0, false, fmt.Errorf("a chunk's size: %w", err)
		}
		pos += n + 2 + int(size) + 2
		if size == 0 {
			return pos, false, nil
		}
		if pos > len(p) {
			return 0, true, nil
		}
	}
}
