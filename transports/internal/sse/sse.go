// Package sse is the codec of Server-Sent Events (HTML Living Standard, section 9.2).
package sse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// An Event is one of a stream.
type Event struct {
	Type string // "message" unless the stream named another
	Data []byte
	ID   string // the last event ID at that point
}

// A Decoder reads a stream of events. It gives the same events however the stream was cut into reads.
type Decoder struct {
	r       *bufio.Reader
	most    int
	begun   bool
	skipLF  bool   // the last line ended with CR: an LF that follows belongs to it
	line    []byte // of the buffer's memory or its own
	own     []byte
	lastID  string
	nextID  string // takes effect with the event's end
	retry   time.Duration
	kind    string
	data    []byte
	hasData bool
}

// ErrTooLarge says that a line or an event is longer than the Decoder takes.
var ErrTooLarge = errors.New("an event is longer than this client takes")

// NewDecoder returns a Decoder of r that takes events of at most so many bytes.
func NewDecoder(r io.Reader, most int) *Decoder {
	return &Decoder{r: bufio.NewReader(r), most: most}
}

// LastID is the last event ID as a reconnection sends it in Last-Event-ID: a header's value has no white
// space at its ends.
func (d *Decoder) LastID() string { return strings.Trim(d.lastID, " \t") }

// Retry is the reconnection time that the stream asked for, 0 if it did not.
func (d *Decoder) Retry() time.Duration { return d.retry }

// Next returns the next event, whose Data is the caller's. An event without its closing blank line is
// never returned; the error at the end is the reader's.
func (d *Decoder) Next() (Event, error) {
	for {
		if err := d.readLine(); err != nil {
			return Event{}, err
		}
		if len(d.line) > 0 {
			if err := d.field(); err != nil {
				return Event{}, err
			}
			continue
		}
		d.lastID = d.nextID
		if !d.hasData {
			d.kind = ""
			continue
		}
		e := Event{Type: d.kind, Data: d.data, ID: d.lastID}
		if e.Type == "" {
			e.Type = "message"
		}
		d.kind, d.data, d.hasData = "", nil, false
		return e, nil
	}
}

// readLine reads up to CR, LF or CRLF into d.line. What the stream's end cuts off is no line.
func (d *Decoder) readLine() error {
	d.own = d.own[:0]
	for {
		if d.r.Buffered() == 0 {
			if _, err := d.r.Peek(1); err != nil {
				return err
			}
		}
		if d.skipLF {
			d.skipLF = false
			if p, _ := d.r.Peek(1); p[0] == '\n' {
				d.r.Discard(1)
				continue
			}
		}
		p, _ := d.r.Peek(d.r.Buffered())
		n := bytes.IndexAny(p, "\r\n")
		if n < 0 {
			d.own = append(d.own, p...)
			d.r.Discard(len(p))
			if len(d.own) > d.most {
				return ErrTooLarge
			}
			continue
		}
		d.skipLF = p[n] == '\r'
		if len(d.own) == 0 {
			d.line = p[:n] // stays valid until the next read of d.r
		} else {
			d.own = append(d.own, p[:n]...)
			d.line = d.own
		}
		d.r.Discard(n + 1)
		if !d.begun {
			d.begun = true
			d.line = bytes.TrimPrefix(d.line, []byte("\xef\xbb\xbf"))
		}
		return nil
	}
}

func (d *Decoder) field() error {
	name, value, _ := bytes.Cut(d.line, []byte{':'})
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		if d.hasData {
			d.data = append(d.data, '\n')
		}
		d.hasData = true
		if d.data = append(d.data, bytes.ToValidUTF8(value, []byte("\ufffd"))...); len(d.data) > d.most {
			return ErrTooLarge
		}
	case "event":
		d.kind = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			d.nextID = string(value)
		}
	case "retry":
		if ms, err := strconv.ParseUint(string(value), 10, 40); err == nil && value[0] != '+' {
			d.retry = time.Duration(ms) * time.Millisecond
		}
	}
	return nil
}

// Append writes an event. Its ID, left out when empty, and Type, left out when "message", hold no
// line break or NUL; its Data may hold any valid UTF-8, but line breaks all arrive as LF.
func Append(dst []byte, e Event) []byte {
	if e.ID != "" {
		dst = appendField(dst, "id", []byte(e.ID))
	}
	if e.Type != "" && e.Type != "message" {
		dst = appendField(dst, "event", []byte(e.Type))
	}
	rest := e.Data
	for {
		n := bytes.IndexAny(rest, "\r\n")
		if n < 0 {
			return append(appendField(dst, "data", rest), '\n')
		}
		dst = appendField(dst, "data", rest[:n])
		if rest[n] == '\r' && n+1 < len(rest) && rest[n+1] == '\n' {
			n++
		}
		rest = rest[n+1:]
	}
}

// appendField writes a line. A space that a value begins with needs another before it, which readers
// take away.
func appendField(dst []byte, name string, value []byte) []byte {
	dst = append(append(dst, name...), ':')
	if len(value) > 0 && value[0] == ' ' {
		dst = append(dst, ' ')
	}
	return append(append(dst, value...), '\n')
}
