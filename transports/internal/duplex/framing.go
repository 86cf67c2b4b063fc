package duplex

import (
	"encoding/binary"

	"transportlab/transports"
	"transportlab/transports/internal/hub"
	"transportlab/transports/internal/wire"
)

// binaryBit tells, in a frame's length, binary from text.
const binaryBit = 1 << 31

// HeadSize is the number of bytes before a frame.
const HeadSize = 4

// AppendFrame writes a frame of the plainest kind: four bytes of length, the highest bit telling binary
// from text, and p.
func AppendFrame(dst, p []byte, isBinary bool) []byte {
	return seal(append(append(dst, 0, 0, 0, 0), p...), len(dst), isBinary)
}

// seal writes the head of the frame that begins at dst[n:].
func seal(dst []byte, n int, isBinary bool) []byte {
	size := uint32(len(dst) - n - HeadSize)
	if isBinary {
		size |= binaryBit
	}
	binary.BigEndian.PutUint32(dst[n:], size)
	return dst
}

// FrameHead reads a head of HeadSize bytes.
func FrameHead(p []byte) (size int, isBinary bool) {
	n := binary.BigEndian.Uint32(p)
	return int(n &^ binaryBit), n&binaryBit != 0
}

// Framing writes sessions with AppendFrame; see push.Framing.
type Framing struct{}

// Text writes a text frame.
func (Framing) Text(dst, p []byte) []byte { return AppendFrame(dst, p, false) }

// Batch implements push.Framing.
func (Framing) Batch(dst []byte, r hub.Run) []byte {
	return seal(r.Append(append(dst, 0, 0, 0, 0)), len(dst), r.Binary)
}

// Gap implements push.Framing.
func (f Framing) Gap(dst []byte, g *transports.GapError) []byte {
	return f.Text(dst, wire.AppendControl(nil, wire.Gap(g)))
}

// Heartbeat implements push.Framing: an empty frame.
func (f Framing) Heartbeat(dst []byte) []byte { return f.Text(dst, nil) }

// Bye implements push.Framing.
func (f Framing) Bye(dst []byte, e *transports.Error) []byte {
	return f.Text(dst, wire.AppendControl(nil, wire.Control{Type: "bye", Error: wire.BodyOf(e)}))
}
