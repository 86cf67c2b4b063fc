// Package wire is how messages, positions and errors are written on every transport, so that the
// transports differ in how they move bytes and in nothing else.
//
// Messages travel in batches. In text a batch is one flat JSON array: the epoch where the reader
// cannot know it yet, the offset of the first message — offsets are dense, so the others follow —
// and then an ID and its data for each message:
//
//	["k3f9a2",17,"2.1f4","hello","2.1f5","world"]        down, epoch stated
//	[19,"2.1f6","again"]                                 down, epoch known
//	["2.1f7","to the server"]                            up: no offset yet
//
// Data that is not text is {"b64":"…"} there. Where the medium can carry bytes as they are, batches
// with binary messages use the form of binary.go. What a batch adds to its messages' data is the
// envelope: the price of the guarantees, alike on every transport.
package wire

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"

	"transportlab/transports"
)

// A Batch is consecutive messages of one topic. First is the position of the first message; its
// Epoch is empty where the batch did not state it.
type Batch struct {
	First    transports.Cursor
	Messages []transports.Message
	Envelope int // bytes of the batch beyond the messages' data
}

// Count adds the batch to what came down.
func (b Batch) Count(t *transports.Tally) {
	if t == nil {
		return
	}
	t.Down.Messages.Add(int64(len(b.Messages)))
	t.Down.Envelope.Add(int64(b.Envelope))
	for _, m := range b.Messages {
		t.Down.Payload.Add(int64(len(m.Data)))
	}
}

// CountUp adds a batch of one message, written in so many bytes, to what went up.
func CountUp(t *transports.Tally, m transports.Message, written int) {
	if t == nil {
		return
	}
	t.Up.Messages.Add(1)
	t.Up.Payload.Add(int64(len(m.Data)))
	t.Up.Envelope.Add(int64(written - len(m.Data)))
}

// AppendHead begins a text batch that goes down.
func AppendHead(dst []byte, epoch string, first uint64) []byte {
	dst = append(dst, '[')
	if epoch != "" {
		dst = append(dst, '"')
		dst = append(dst, epoch...)
		dst = append(dst, '"', ',')
	}
	return strconv.AppendUint(dst, first, 10)
}

// AppendEntry adds a message to a text batch: ,"id","data".
func AppendEntry(dst []byte, m transports.Message) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, m.ID...)
	dst = append(dst, '"', ',')
	if m.Binary {
		dst = append(dst, `{"b64":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, m.Data)
		return append(dst, '"', '}')
	}
	return appendString(dst, m.Data)
}

// AppendText writes messages that go down as one text batch. The first message's Epoch is stated
// when epoch is true.
func AppendText(dst []byte, epoch bool, ms []transports.Message) []byte {
	e := ""
	if epoch {
		e = ms[0].Epoch
	}
	dst = AppendHead(dst, e, ms[0].Offset)
	for _, m := range ms {
		dst = AppendEntry(dst, m)
	}
	return append(dst, ']')
}

// AppendUp writes messages that go up as one text batch.
func AppendUp(dst []byte, ms ...transports.Message) []byte {
	at := len(dst)
	for _, m := range ms {
		dst = AppendEntry(dst, m)
	}
	dst[at] = '['
	return append(dst, ']')
}

// ParseText reads a text batch that went down.
func ParseText(p []byte) (Batch, error) {
	s := scanner{rest: p}
	var b Batch
	if !s.open() {
		return b, transports.ErrMalformed
	}
	if s.peek() == '"' {
		epoch, err := s.text()
		if err != nil || !s.comma() {
			return b, transports.ErrMalformed
		}
		b.First.Epoch = string(epoch)
	}
	var ok bool
	if b.First.Offset, ok = s.number(); !ok {
		return b, transports.ErrMalformed
	}
	for offset := b.First.Offset; s.comma(); offset++ {
		m, err := s.message()
		if err != nil {
			return b, err
		}
		m.Cursor = transports.Cursor{Epoch: b.First.Epoch, Offset: offset}
		b.Messages = append(b.Messages, m)
		b.Envelope -= len(m.Data)
	}
	b.Envelope += len(p)
	return b, s.close()
}

// ParseUp reads a text batch that went up, of at most limit messages.
func ParseUp(p []byte, limit int) ([]transports.Message, error) {
	s := scanner{rest: p}
	if !s.open() {
		return nil, transports.ErrMalformed
	}
	var ms []transports.Message
	for {
		m, err := s.message()
		if err != nil {
			return nil, err
		}
		if ms = append(ms, m); len(ms) > limit {
			return nil, transports.ErrTooLarge
		}
		if !s.comma() {
			return ms, s.close()
		}
	}
}

// AppendOne writes one message that goes up in the form that it has alone: binary if it is.
func AppendOne(dst []byte, m transports.Message) []byte {
	if m.Binary {
		return AppendBinaryEntry(dst, m)
	}
	return AppendUp(dst, m)
}

// ParseDown reads a batch that went down, in either form.
func ParseDown(p []byte, binary bool) (Batch, error) {
	if binary {
		return ParseBinary(p)
	}
	return ParseText(p)
}

// appendString writes data, which is valid UTF-8, as a JSON string (RFC 8259 section 7), with no
// more escapes than it needs.
func appendString(dst, data []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i, c := range data {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, data[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, data[from:]...), '"')
}

// CheckText returns ErrUTF8 unless a message that is not binary holds text.
func CheckText(m transports.Message) error {
	if !m.Binary && !utf8.Valid(m.Data) {
		return transports.ErrUTF8
	}
	return nil
}

// Follows checks that a batch goes on where the reader stands; epoch is what it knows. The zero
// cursor takes any beginning.
func Follows(tail transports.Cursor, epoch string, b Batch) error {
	if len(b.Messages) == 0 {
		return nil
	}
	switch {
	case epoch == "":
		return fmt.Errorf("the server stated no epoch: %w", transports.ErrMalformed)
	case tail.IsZero():
		return nil
	case tail.Epoch != epoch || b.First.Offset != tail.Offset+1:
		return fmt.Errorf("the server sent offset %d of %s after %s without reporting a gap: %w", b.First.Offset, epoch, tail, transports.ErrMalformed)
	}
	return nil
}

// CheckMessage refuses what no server would take, and gives a message without an ID a random one.
func CheckMessage(m *transports.Message, largest int) error {
	if m.ID == "" {
		m.ID = rand.Text()
	}
	if err := transports.CheckID(m.ID); err != nil {
		return err
	}
	if len(m.Data) > largest {
		return transports.ErrTooLarge
	}
	return CheckText(*m)
}
