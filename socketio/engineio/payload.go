package engineio

import (
	"bytes"
	"iter"
)

// AppendPayload appends the text forms of packets with separators between them. dst must be empty or end where a payload
// begins.
func AppendPayload(dst []byte, packets ...Packet) []byte {
	for i, p := range packets {
		if i > 0 {
			dst = append(dst, Separator)
		}
		dst = AppendPacket(dst, p)
	}
	return dst
}

// DecodePayload yields the packets of a payload one by one, so that a payload of very many tiny packets costs no memory. It
// stops after the first error. The packets refer to payload.
func DecodePayload(payload []byte) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		for more := true; more; {
			var one []byte
			one, payload, more = bytes.Cut(payload, []byte{Separator})
			p, err := DecodePacket(one)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}
