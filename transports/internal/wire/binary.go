package wire

import (
	"encoding/binary"

	"transportlab/transports"
)

// The binary form of a batch, for media that carry bytes as they are. All integers are unsigned
// LEB128 (encoding/binary's uvarint):
//
//	down: length of the epoch (0 where the reader knows it), epoch, offset of the first message, entries
//	up:   entries
//	entry: 2 × length of the ID + 1 if binary, ID, length of the data, data

// AppendBinaryHead begins a binary batch that goes down.
func AppendBinaryHead(dst []byte, epoch string, first uint64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(epoch)))
	dst = append(dst, epoch...)
	return binary.AppendUvarint(dst, first)
}

// AppendBinaryEntry adds a message to a binary batch.
func AppendBinaryEntry(dst []byte, m transports.Message) []byte {
	kind := uint64(len(m.ID)) << 1
	if m.Binary {
		kind |= 1
	}
	dst = binary.AppendUvarint(dst, kind)
	dst = append(dst, m.ID...)
	dst = binary.AppendUvarint(dst, uint64(len(m.Data)))
	return append(dst, m.Data...)
}

// AppendBinary writes messages that go down as one binary batch, the epoch as in AppendText.
func AppendBinary(dst []byte, epoch bool, ms []transports.Message) []byte {
	e := ""
	if epoch {
		e = ms[0].Epoch
	}
	dst = AppendBinaryHead(dst, e, ms[0].Offset)
	for _, m := range ms {
		dst = AppendBinaryEntry(dst, m)
	}
	return dst
}

// ParseBinary reads a binary batch that went down. The messages' data shares p's memory.
func ParseBinary(p []byte) (Batch, error) {
	var b Batch
	rest := p
	epoch, rest, err := field(rest)
	if err != nil || len(epoch) > 32 {
		return b, transports.ErrMalformed
	}
	first, n := binary.Uvarint(rest)
	if n <= 0 {
		return b, transports.ErrMalformed
	}
	b.First = transports.Cursor{Epoch: string(epoch), Offset: first}
	b.Messages, err = entries(rest[n:], -1)
	b.Envelope = len(p)
	for i := range b.Messages {
		b.Messages[i].Cursor = transports.Cursor{Epoch: b.First.Epoch, Offset: first + uint64(i)}
		b.Envelope -= len(b.Messages[i].Data)
	}
	return b, err
}

// ParseBinaryUp reads a binary batch that went up, of at most limit messages.
func ParseBinaryUp(p []byte, limit int) ([]transports.Message, error) {
	if len(p) == 0 {
		return nil, transports.ErrMalformed
	}
	return entries(p, limit)
}

func entries(p []byte, limit int) ([]transports.Message, error) {
	var ms []transports.Message
	for len(p) > 0 {
		kind, n := binary.Uvarint(p)
		if n <= 0 || kind>>1 > uint64(len(p)-n) {
			return nil, transports.ErrMalformed
		}
		end := n + int(kind>>1)
		m := transports.Message{ID: string(p[n:end]), Binary: kind&1 == 1}
		if m.ID != "" {
			if err := transports.CheckID(m.ID); err != nil {
				return nil, err
			}
		}
		var err error
		if m.Data, p, err = field(p[end:]); err != nil {
			return nil, err
		}
		if err := CheckText(m); err != nil {
			return nil, err
		}
		if ms = append(ms, m); limit >= 0 && len(ms) > limit {
			return nil, transports.ErrTooLarge
		}
	}
	return ms, nil
}

// field reads a length and that many bytes.
func field(p []byte) (value, rest []byte, err error) {
	size, n := binary.Uvarint(p)
	if n <= 0 || size > uint64(len(p)-n) {
		return nil, nil, transports.ErrMalformed
	}
	end := n + int(size)
	return p[n:end:end], p[end:], nil
}
