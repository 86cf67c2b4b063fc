package result

// Wire is what went over the link in the measured part, by the kernel's own count (TCP_INFO) over the
// connections of clients and publishers: TCP payload, and 66 bytes of Ethernet, IPv4 and TCP headers with
// timestamps for each segment, pure acknowledgements and retransmissions among them.
type Wire struct {
	Up        WireCount `json:"up"`                  // client to server
	Down      WireCount `json:"down"`                // server to client
	Interface *Pair     `json:"interface,omitempty"` // bytes that the interface counted meanwhile, all traffic; absent when it is shared with others
}

// WireCount is one direction.
type WireCount struct {
	Bytes         uint64 `json:"bytes"`         // TCP payload, first transmissions and repetitions
	Segments      uint64 `json:"segments"`      // all, with those that carry no payload
	Retransmitted uint64 `json:"retransmitted"` // of the segments, those sent again
}

// SegmentHeader is what a segment carries beside its payload: Ethernet 14, IPv4 20, TCP with timestamps 32.
const SegmentHeader = 66

// Total is bytes on the link.
func (w WireCount) Total() uint64 { return w.Bytes + SegmentHeader*w.Segments }

// A Moment is a stretch of the measured part: the parts of a timeline follow each other without holes.
type Moment struct {
	At    float64 `json:"at"`    // where it begins, in seconds after the measured part's begin
	Count uint64  `json:"count"` // deliveries whose intended send lies in it
	P50   float64 `json:"p50"`   // of their latency, ns
	P99   float64 `json:"p99"`   // of their latency, ns
	Max   float64 `json:"max"`   // of their latency, ns
}
