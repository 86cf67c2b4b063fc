package result

// Wire is what went over the link in the measured part, by the kernel's own count (TCP_INFO) over the
// connections of clients and publishers: TCP payload, and 66 bytes of Ethernet, IPv4 and TCP headers with
// timestamps for each segment, pure acknowledgements and retransmissions among them. It is counted where the
// clients are: down is what arrived there, so segments that a link lost on the way are not in it.
type Wire struct {
	Up        WireCount `json:"up"`                  // client to server
	Down      WireCount `json:"down"`                // server to client
	Interface *Pair     `json:"interface,omitempty"` // bytes that the clients' interface counted meanwhile, all traffic, and 14 of Ethernet for each packet; absent when it is shared with others
}

// WireCount is one direction.
type WireCount struct {
	Bytes         uint64 `json:"bytes"`         // TCP payload, first transmissions and repetitions
	Segments      uint64 `json:"segments"`      // all, with those that carry no payload
	Options       uint64 `json:"options"`       // bytes of TCP options beyond those that every segment has: 8 for each connection that was opened meanwhile
	Retransmitted uint64 `json:"retransmitted"` // segments that the sender sent again; those of the server are known on an emulated link alone
}

// SegmentHeader is what a segment carries beside its payload: Ethernet 14, IPv4 20, TCP with timestamps 32. The
// two segments that open a connection have 8 bytes more of options. Acknowledgements of what came out of order, or
// twice, have some more as well, which nobody counts; nor is what follows the Close of a connection in a Total.
const SegmentHeader = 66

// Total is bytes on the link.
func (w WireCount) Total() uint64 { return w.Bytes + SegmentHeader*w.Segments + w.Options }

// A Moment is a stretch of the measured part: the parts of a timeline follow each other without holes.
type Moment struct {
	At    float64 `json:"at"`    // where it begins, in seconds after the measured part's begin
	Count uint64  `json:"count"` // deliveries whose intended send lies in it
	P50   float64 `json:"p50"`   // of their latency, ns
	P99   float64 `json:"p99"`   // of their latency, ns
	Max   float64 `json:"max"`   // of their latency, ns
}
