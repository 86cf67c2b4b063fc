package bench

import (
	"fmt"

	"transportlab/bench/link"
	"transportlab/bench/result"
	"transportlab/bench/wire"
	"transportlab/transports"
	"transportlab/transports/carrier"
)

// A count is what all clients have moved until now.
type count struct {
	carrier.Snapshot
	up, down shares
	wire     wire.Count
	link     link.Counters // nothing when the link does not count
}

// shares are the messages' data and its envelope.
type shares struct{ payload, envelope int64 }

func (l *lab) count() (count, error) {
	if l.plant.Count != nil {
		l.plant.Count()
	}
	load := func(s *transports.Share) shares { return shares{s.Payload.Load(), s.Envelope.Load()} }
	c := count{Snapshot: l.meter.Snapshot(), up: load(&l.tally.Up), down: load(&l.tally.Down), wire: l.wire.Read()}
	if l.link == nil {
		return c, nil
	}
	var err error
	c.link, _, err = l.link.Counters()
	return c, err
}

func (c count) sub(o count) count {
	return count{c.Sub(o.Snapshot), c.up.sub(o.up), c.down.sub(o.down), c.wire.Sub(o.wire), c.link.Sub(o.link)}
}

func (s shares) sub(o shares) shares { return shares{s.payload - o.payload, s.envelope - o.envelope} }

// handshakeOptions are the bytes of options of the segment that opens a connection, beyond those that others have:
// MSS, SACK permitted, timestamps and window scale are 20 bytes; timestamps alone are 12.
const handshakeOptions = 8

// ethernet is the frame header that a TUN interface does not carry, in bytes.
const ethernet = 14

// wireOf is what went over the link, nil when the kernel's count of a connection could not be read.
func wireOf(c count, unread uint64) *result.Wire {
	if c.wire.Connections+c.wire.Up.Segments+c.wire.Down.Segments == 0 || unread > 0 {
		return nil
	}
	direction := func(w wire.Way) result.WireCount {
		return result.WireCount{Bytes: w.Bytes, Segments: w.Segments, Options: handshakeOptions * c.wire.Connections, Retransmitted: w.Retransmitted}
	}
	w := &result.Wire{Up: direction(c.wire.Up), Down: direction(c.wire.Down)}
	if up, down := c.link.Up, c.link.Down; up.Packets+down.Packets > 0 {
		w.Down.Retransmitted = down.Retransmitted
		w.Interface = &result.Pair{Up: float64(up.Sent + ethernet*up.Packets), Down: float64(down.Received + ethernet*down.Arrived)}
	}
	return w
}

// onLink are the packets of both directions that an emulated link did not deliver, as it was asked to.
func onLink(c link.Counters) []result.Extra {
	if c.Up.Packets+c.Down.Packets == 0 {
		return nil
	}
	return []result.Extra{
		{Name: "link-lost-packets", Value: float64(c.Up.Lost + c.Down.Lost)},
		{Name: "link-overflow-packets", Value: float64(c.Up.Overflow + c.Down.Overflow)},
	}
}

// overloaded says that an emulated link lost packets that it was not asked to lose.
func overloaded(c link.Counters) []result.Unfit {
	n := c.Up.Refused + c.Down.Refused
	if n == 0 {
		return nil
	}
	return []result.Unfit{{For: result.ForAll, Reason: fmt.Sprintf("the emulated link was too slow for %d packets, which were lost", n)}}
}
