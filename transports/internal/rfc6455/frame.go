package rfc6455

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"slices"
	"sync"

	"transportlab/transports"
)

// compressFrom is the smallest message worth compressing.
const compressFrom = 128

// AppendFrame makes a frame of what was written since dst had n bytes: a whole message, text or binary,
// compressed if compress and if that is worth it. Servers do not mask.
func AppendFrame(dst []byte, n int, isBinary, compress bool) []byte {
	first := byte(fin | opText)
	if isBinary {
		first = fin | opBinary
	}
	if compress && len(dst)-n >= compressFrom {
		dst = deflate(dst, n)
		first |= rsv1
	}
	var head [10]byte
	size := len(dst) - n
	h := append(head[:0], first)
	switch {
	case size < 126:
		h = append(h, byte(size))
	case size < 1<<16:
		h = binary.BigEndian.AppendUint16(append(h, 126), uint16(size))
	default:
		h = binary.BigEndian.AppendUint64(append(h, 127), uint64(size))
	}
	return slices.Insert(dst, n, h...)
}

// AppendPing writes an empty ping.
func AppendPing(dst []byte) []byte { return append(dst, fin|opPing, 0) }

// AppendClose writes a close frame with a reason of at most 123 bytes.
func AppendClose(dst []byte, code int, reason string) []byte {
	dst = append(dst, fin|opClose, byte(2+len(reason)))
	return append(binary.BigEndian.AppendUint16(dst, uint16(code)), reason...)
}

// endsInClose tells whether the last of the whole, unmasked frames in p is a close frame.
func endsInClose(p []byte) bool {
	op := byte(0)
	for len(p) >= 2 {
		op = p[0] & 15
		n := 2 + int(p[1])
		switch p[1] {
		case 126:
			n = 4 + int(binary.BigEndian.Uint16(p[2:]))
		case 127:
			n = 10 + int(binary.BigEndian.Uint64(p[2:]))
		}
		p = p[min(n, len(p)):]
	}
	return op == opClose
}

// tail is what a sender leaves off a compressed message (RFC 7692 section 7.2.1).
var tail = []byte{0, 0, 0xff, 0xff}

var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // the level is valid
	return w
}}

// deflate compresses what was written since dst had n bytes.
func deflate(dst []byte, n int) []byte {
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	w.Write(dst[n:])
	w.Flush()
	return append(dst[:n], bytes.TrimSuffix(out.Bytes(), tail)...)
}

var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// inflate returns a compressed message's data, of at most limit bytes.
func inflate(p []byte, limit int) ([]byte, error) {
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	// The final empty block makes the end of the message the end of the stream.
	src := io.MultiReader(bytes.NewReader(p), bytes.NewReader(tail), bytes.NewReader([]byte{1, 0, 0, 0xff, 0xff}))
	if err := r.(flate.Resetter).Reset(src, nil); err != nil {
		return nil, transports.ErrUTF8
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	switch {
	case err != nil:
		return nil, transports.ErrUTF8 // 1007: data not consistent with the type of the message
	case len(out) > limit:
		return nil, transports.ErrTooLarge
	}
	return out, nil
}
