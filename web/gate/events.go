package gate

import (
	"bytes"
	"strings"
	"time"
)

// A streamed content makes an entry of each of its parts. pause tells that a chunk has ended.
type streamed interface {
	content
	feedStream(v *voice, p []byte, at time.Time)
	pause(v *voice, at time.Time)
}

// events are Server-Sent Events (HTML Living Standard, section 9.2), as the lab's servers write them: lines
// end with LF, and an event without a name holds one batch on one line.
type events struct {
	unknown
	field []byte // the name of the line's field, until its colon
	value bool   // behind the colon
	named bool   // the event has a name, and so is a control
	lines int    // of the event, comments left out
	batch *text
	ended bool // the event's empty line has been
}

func (e *events) feedStream(v *voice, p []byte, at time.Time) {
	for len(p) > 0 {
		if e.ended {
			e.pause(v, at)
		}
		v.begin("sse", at)
		n := bytes.IndexByte(p, '\n')
		line := p
		if n >= 0 {
			line = p[:n]
		}
		e.take(v, line)
		if n < 0 {
			return
		}
		v.put(framing, p[n:n+1])
		e.ended = len(e.field) == 0
		if !e.ended && e.field[0] != ':' {
			e.lines++
		}
		e.field, e.value = e.field[:0], false
		p = p[n+1:]
	}
}

// take takes bytes of one line.
func (e *events) take(v *voice, p []byte) {
	for !e.value && len(p) > 0 {
		if len(e.field) < 16 {
			e.field = append(e.field, p[0])
		}
		e.value = p[0] == ':'
		if e.value {
			e.named = e.named || string(e.field) == "event:"
			if string(e.field) == "data:" && !e.named {
				e.batch = &text{}
			}
		}
		v.put(framing, p[:1])
		p = p[1:]
	}
	switch {
	case len(p) == 0:
	case string(e.field) == "data:" && e.batch != nil:
		e.batch.feed(v, p)
	case string(e.field) == "data:":
		v.put(other, p)
	default:
		v.put(framing, p)
	}
}

// pause closes the entry of an event that has ended: the next bytes belong to another one.
func (e *events) pause(v *voice, at time.Time) {
	if !e.ended || !v.open {
		return
	}
	title := "event · " + plural(v.entry.Messages)
	if v.entry.Messages == 0 {
		title = "event · " + controlOf(v.text(framing)+v.text(other))
		if e.lines == 0 {
			title = "comment"
		}
		v.nothing()
	}
	v.finish(title, at)
	*e = events{}
}

// lines are NDJSON: a batch or a control on each line, an empty one as a sign of life.
type lines struct {
	unknown
	batch *text
	ended bool
}

func (l *lines) feedStream(v *voice, p []byte, at time.Time) {
	for len(p) > 0 {
		if l.ended {
			l.pause(v, at)
		}
		v.begin("sse", at)
		n := bytes.IndexByte(p, '\n')
		line := p
		if n >= 0 {
			line = p[:n]
		}
		if l.batch == nil {
			l.batch = &text{}
		}
		if len(line) > 0 {
			l.batch.feed(v, line)
		}
		if n < 0 {
			return
		}
		v.put(framing, p[n:n+1])
		l.ended = true
		p = p[n+1:]
	}
}

func (l *lines) pause(v *voice, at time.Time) {
	if !l.ended || !v.open {
		return
	}
	title := "line · " + plural(v.entry.Messages)
	if v.entry.Messages == 0 {
		title = "line · " + controlOf(v.text(other))
		v.nothing()
	}
	v.finish(title, at)
	*l = lines{}
}

// controlOf names what carries no message, for people.
func controlOf(text string) string {
	switch {
	case strings.Contains(text, `"type":"gap"`):
		return "a gap"
	case strings.Contains(text, `"type":"bye"`), strings.Contains(text, "event:bye"):
		return "goodbye"
	case strings.Contains(text, `"type":"error"`):
		return "an error"
	case strings.Contains(text, `"type":"subscribed"`):
		return "subscribed"
	case strings.Contains(text, `"type":"subscribe"`), strings.Contains(text, `"subscribe"`):
		return "subscribe"
	case strings.Contains(text, `"type":"unsubscribe"`), strings.Contains(text, `"unsubscribe"`):
		return "unsubscribe"
	case strings.Contains(text, `"ack":`):
		return "acknowledgement"
	case strings.Contains(text, "retry:"):
		return "when to come again"
	case strings.TrimSpace(text) == "":
		return "empty"
	}
	return "no message"
}
