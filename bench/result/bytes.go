package result

// Bytes is what the clients' and publishers' connections moved, seen from their side: up is what they
// sent. Steady covers the measured part, from one quiet moment to another; the division by messages is
// therefore exact for push, and includes empty polls for pull.
type Bytes struct {
	Steady    Traffic `json:"steady"`               // the measured part
	Handshake Traffic `json:"handshake"`            // everything before the load: TLS, upgrades, greetings; all connections together
	Sends     uint64  `json:"sends"`                // messages that went up in the measured part
	Receives  uint64  `json:"receives"`             // messages that came down
	PerMinute *Pair   `json:"per_minute,omitempty"` // of one idle connection: bytes a minute; idle alone, when it lasted long enough to tell
}

// Traffic is bytes in both directions.
type Traffic struct {
	Up   Layers `json:"up"`   // client to server
	Down Layers `json:"down"` // server to client
}

// Layers are bytes by what they are for; their sum is what was read from and written to the connections.
// TCP/IP headers are not in them.
type Layers struct {
	Payload  uint64 `json:"payload"`  // the messages' data
	Envelope uint64 `json:"envelope"` // what carries offsets and IDs, alike on every transport: the price of the guarantees
	Framing  uint64 `json:"framing"`  // what else the transport and its carrier write: frame headers, events, chunk sizes, acknowledgements
	Headers  uint64 `json:"headers"`  // HTTP request and status lines and header fields
	TLS      uint64 `json:"tls"`      // records and handshake
	Other    uint64 `json:"other"`    // what could not be attributed
}

// Total is the sum of the layers.
func (l Layers) Total() uint64 {
	return l.Payload + l.Envelope + l.Framing + l.Headers + l.TLS + l.Other
}

// A Pair is a figure for each direction.
type Pair struct {
	Up   float64 `json:"up"`
	Down float64 `json:"down"`
}
