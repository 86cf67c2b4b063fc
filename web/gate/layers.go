package gate

// Layers are bytes by what they are for; their sum is what passed. TCP's and IP's own are not in them.
type Layers struct {
	Payload  int64 `json:"payload"`  // the messages' data
	Envelope int64 `json:"envelope"` // what carries offsets and IDs, alike on every transport
	Framing  int64 `json:"framing"`  // what else carries messages: chunk sizes, events, frame and packet headers
	Headers  int64 `json:"headers"`  // request and status lines, header fields
	Other    int64 `json:"other"`    // what carries no message: acknowledgements, controls, pings, errors
}

// Total is the sum.
func (l Layers) Total() int64 { return l.Payload + l.Envelope + l.Framing + l.Headers + l.Other }

func (l *Layers) add(o Layers) {
	l.Payload += o.Payload
	l.Envelope += o.Envelope
	l.Framing += o.Framing
	l.Headers += o.Headers
	l.Other += o.Other
}

// Counts are what a gate has seen pass.
type Counts struct {
	Up       Layers `json:"up"`       // from clients to servers
	Down     Layers `json:"down"`     // from servers to clients
	Requests int64  `json:"requests"` // of HTTP, upgrades included
	Empty    int64  `json:"empty"`    // answers to them that say that there is nothing: 204, 304
	Messages int64  `json:"messages"` // that went down
	Opened   int64  `json:"opened"`   // connections
}
