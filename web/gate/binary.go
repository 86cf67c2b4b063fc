package gate

// A binary is a batch of messages in the lab's binary form. All integers are unsigned LEB128: going down
// the epoch's length, the epoch and the first offset; then for each message twice its ID's length, plus one
// if its data is binary, the ID, the data's length, the data.
type binary struct {
	state binaryState
	n     uint64 // the integer that is being read, then bytes to come
	shift uint
}

type binaryState uint8

const (
	binaryEpochSize binaryState = iota
	binaryEpoch
	binaryOffset
	binaryKind
	binaryID
	binarySize
	binaryData
)

func newBinary(up bool) *binary {
	if up {
		return &binary{state: binaryKind}
	}
	return &binary{}
}

func (b *binary) feed(s sink, p []byte) {
	for len(p) > 0 {
		switch b.state {
		case binaryEpoch, binaryID, binaryData:
			kind := envelope
			if b.state == binaryData {
				kind = payload
			}
			k := min(b.n, uint64(len(p)))
			s.put(kind, p[:k])
			p = p[k:]
			if b.n -= k; b.n == 0 {
				b.next(s)
			}
		default:
			s.put(envelope, p[:1])
			c := p[0]
			p = p[1:]
			if b.shift < 64 {
				b.n |= uint64(c&0x7f) << b.shift
			}
			b.shift += 7
			if c >= 0x80 {
				continue
			}
			b.shift = 0
			b.integer(s)
		}
	}
}

func (*binary) end(sink) {}

// integer acts on the one that was read.
func (b *binary) integer(s sink) {
	switch b.state {
	case binaryKind:
		b.n >>= 1
	case binaryOffset:
		b.n = 0
	}
	b.state++
	if b.state == binaryKind { // behind the offset comes no string
		return
	}
	if b.n == 0 {
		b.next(s)
	}
}

// next leaves a string of which nothing is to come any more.
func (b *binary) next(s sink) {
	b.n = 0
	switch b.state {
	case binaryEpoch:
		b.state = binaryOffset
	case binaryID:
		b.state = binarySize
	case binaryData:
		s.message()
		b.state = binaryKind
	}
}
