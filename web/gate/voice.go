package gate

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A class is what a byte is for.
type class uint8

const (
	payload class = iota
	envelope
	framing
	header
	other
	classes
)

var classNames = [classes]string{"payload", "envelope", "framing", "header", "other"}

// A tally counts bytes by class.
type tally [classes]int64

func (t tally) layers() Layers {
	return Layers{Payload: t[payload], Envelope: t[envelope], Framing: t[framing], Headers: t[header], Other: t[other]}
}

// A sink takes a stream's bytes, told apart.
type sink interface {
	put(c class, p []byte)
	// move corrects what was put: of a byte's class when it became known later, or when what a byte
	// stands for is shorter than how it is written.
	move(from, to class, n int64)
	// message tells that a message has ended.
	message()
}

// mostShown is how many bytes of an entry are kept as text.
const mostShown = 1 << 10

// A voice is one direction of a connection: what it said becomes entries.
type voice struct {
	record    *record
	dir       string
	conn      int64
	uncounted tally // since the last flush
	messages  int64 // since then

	open  bool
	entry Entry
	said  tally
	parts []shown
	left  int // bytes that may still be shown
}

// A shown is a stretch of an entry's beginning.
type shown struct {
	class class
	text  []byte
}

// begin opens an entry, unless one is open.
func (v *voice) begin(kind string, at time.Time) {
	if v.open {
		return
	}
	v.open, v.said, v.parts, v.left = true, tally{}, nil, mostShown
	v.entry = Entry{Kind: kind, Dir: v.dir, Conn: v.conn, Start: milliseconds(at)}
}

func milliseconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1000 }

// put implements sink.
func (v *voice) put(c class, p []byte) {
	v.count(c, int64(len(p)))
	v.show(c, p)
}

func (v *voice) count(c class, n int64) {
	v.said[c] += n
	v.uncounted[c] += n
}

func (v *voice) show(c class, p []byte) {
	if v.record == nil {
		return
	}
	if len(p) > v.left {
		p = p[:v.left]
		v.entry.Cut = true
	}
	if len(p) == 0 {
		return
	}
	v.left -= len(p)
	if n := len(v.parts); n > 0 && v.parts[n-1].class == c {
		v.parts[n-1].text = append(v.parts[n-1].text, p...)
		return
	}
	v.parts = append(v.parts, shown{c, append([]byte(nil), p...)})
}

// move implements sink.
func (v *voice) move(from, to class, n int64) {
	v.count(from, -n)
	v.count(to, n)
}

// message implements sink.
func (v *voice) message() {
	v.entry.Messages++
	v.messages++
}

// nothing tells that what frames the open entry carries no message: it is not framing then.
func (v *voice) nothing() {
	v.move(framing, other, v.said[framing])
	for i := range v.parts {
		if v.parts[i].class == framing {
			v.parts[i].class = other
		}
	}
}

// finish closes the open entry and puts it on record.
func (v *voice) finish(title string, at time.Time) uint64 {
	v.open = false
	if v.record == nil {
		return 0
	}
	e := v.entry
	e.Title, e.End, e.Layers = title, milliseconds(at), v.said.layers()
	e.Bytes = e.Layers.Total()
	for _, s := range v.parts {
		if n := len(e.Parts); n > 0 && e.Parts[n-1].Class == classNames[s.class] {
			e.Parts[n-1].Text += readable(s.text)
			continue
		}
		e.Parts = append(e.Parts, Part{classNames[s.class], readable(s.text)})
	}
	return v.record.enter(e)
}

// text is what was shown of a class of the open entry.
func (v *voice) text(c class) string {
	var b strings.Builder
	for _, s := range v.parts {
		if s.class == c {
			b.Write(s.text)
		}
	}
	return b.String()
}

// flush adds what was said to the record's counts.
func (v *voice) flush() {
	l, n := v.uncounted.layers(), v.messages
	v.uncounted, v.messages = tally{}, 0
	v.record.count(func(c *Counts) {
		if v.dir == "up" {
			c.Up.add(l)
		} else {
			c.Down.add(l)
			c.Messages += n
		}
	})
}

// readable writes bytes as text: what cannot be shown as it is becomes \x and two digits.
func readable(p []byte) string {
	var b strings.Builder
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && n == 1, !unicode.IsPrint(r) && r != '\r' && r != '\n' && r != '\t':
			for _, c := range p[:n] {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		default:
			b.WriteRune(r)
		}
		p = p[n:]
	}
	return b.String()
}

// plural says how many messages there are.
func plural(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}
