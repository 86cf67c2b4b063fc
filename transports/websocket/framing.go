package websocket

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"sync"

	"transportlab/transports"
	"transportlab/transports/internal/hub"
	"transportlab/transports/internal/wire"
)

// Opcodes of RFC 6455 section 5.2, with FIN, as the first byte of a frame.
const (
	opText   = 0x81
	opBinary = 0x82
	opClose  = 0x88
	opPing   = 0x89
	rsv1     = 0x40 // compressed (RFC 7692 section 6)
)

// compressFrom is the smallest message worth compressing.
const compressFrom = 128

// A framing writes the server's frames, which are not masked.
type framing struct{ compress bool }

// Batch writes one frame: its header's length is known only when its payload is, so room for the
// longest is left and the rest moved.
func (f framing) Batch(dst []byte, r hub.Run) []byte {
	op := byte(opText)
	if r.Binary {
		op = opBinary
	}
	n := len(dst)
	return f.frame(r.Append(dst), n, op)
}

// frame makes a frame of what was written since dst had n bytes.
func (f framing) frame(dst []byte, n int, op byte) []byte {
	if f.compress && len(dst)-n >= compressFrom {
		dst = deflate(dst, n)
		op |= rsv1
	}
	var head [10]byte
	size := len(dst) - n
	h := append(head[:0], op)
	switch {
	case size < 126:
		h = append(h, byte(size))
	case size < 1<<16:
		h = binary.BigEndian.AppendUint16(append(h, 126), uint16(size))
	default:
		h = binary.BigEndian.AppendUint64(append(h, 127), uint64(size))
	}
	dst = append(dst, h...)
	copy(dst[n+len(h):], dst[n:n+size])
	copy(dst[n:], h)
	return dst
}

func (f framing) text(dst, p []byte) []byte {
	n := len(dst)
	return f.frame(append(dst, p...), n, opText)
}

func (f framing) Gap(dst []byte, g *transports.GapError) []byte {
	return f.text(dst, wire.AppendControl(nil, wire.Gap(g)))
}

func (framing) Heartbeat(dst []byte) []byte { return append(dst, opPing, 0) }

// Bye writes a close frame: the error's code, and its Code as the reason.
func (framing) Bye(dst []byte, e *transports.Error) []byte {
	dst = append(dst, opClose, byte(2+len(e.Code)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(e.Close))
	return append(dst, e.Code...)
}

// lastFrame returns the first byte of the last of the whole, unmasked frames in p.
func lastFrame(p []byte) (op byte) {
	for len(p) >= 2 {
		op = p[0]
		n := 2 + int(p[1])
		switch p[1] {
		case 126:
			n = 4 + int(binary.BigEndian.Uint16(p[2:]))
		case 127:
			n = 10 + int(binary.BigEndian.Uint64(p[2:]))
		}
		if n > len(p) {
			break
		}
		p = p[n:]
	}
	return op
}

var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // the level is valid
	return w
}}

// deflate compresses what was written since dst had n bytes, without context of earlier messages
// (RFC 7692 section 7.2.1).
func deflate(dst []byte, n int) []byte {
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	w.Write(dst[n:])
	w.Flush()
	return append(dst[:n], bytes.TrimSuffix(out.Bytes(), []byte{0, 0, 0xff, 0xff})...)
}
