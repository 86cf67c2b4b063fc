package theory

import (
	"strconv"

	"transportlab/bench/result"
)

// A Message is one whose bytes are asked for: text that needs no escapes in JSON, alone in its batch, when
// everything is connected and the reader knows the epoch.
type Message struct {
	Size   int    // bytes of data
	ID     string // the lab's are short: "m2f"
	Offset uint64 // in its topic
	Epoch  string // the log's; six characters
	Ack    uint64 // socketio: how many acknowledgements the sender asked for on this connection before
}

// Bytes are what one message costs on the connections. HTTP's request and status lines and header fields are not
// computed: Headers is always 0.
type Bytes struct {
	SendUp      result.Layers // the message, from its publisher
	SendDown    result.Layers // its acknowledgement
	ReceiveUp   result.Layers // the question for it, where the arm asks
	ReceiveDown result.Layers // the message, to a client
}

// Sizes of what surrounds a message.
const (
	tlsRecord  = 5 + 1 + 16 // TLS 1.3: header, content type, authentication tag (RFC 8446 section 5.2)
	http2Frame = 9          // RFC 9113 section 4.1
	tcpFrame   = 4          // the lab's own, over bare TCP
	webSocket  = 2          // RFC 6455 section 5.2, to 125 bytes
	mask       = 4          // from clients
)

// Cost returns the bytes of a message, exact to the byte. It is false where they depend on more than the message:
// other arms, compression, and on HTTP/2 and TLS messages so large that frames and records are divided.
func Cost(a result.Arm, o result.Options, m Message) (Bytes, bool) {
	tls := a.Carrier == "h1tls" || a.Carrier == "h2"
	http2 := a.Carrier == "h2c" || a.Carrier == "h2"
	if o.Compression || (tls || http2) && m.Size > 8<<10 || m.Size < 0 {
		return Bytes{}, false
	}
	digits := len(strconv.FormatUint(m.Offset, 10))
	up := entry(m.Size, len(`["",""]`)+len(m.ID))
	down := entry(m.Size, len(`[,"",""]`)+digits+len(m.ID))
	b := Bytes{SendUp: up, ReceiveDown: down}
	frames := [4]int{1, 1, 0, 1} // in HTTP/2, and records in TLS, of the four parts
	switch a.Transport {
	case "websocket", "tcp":
		ack := len(`{"ack":["",]}`) + len(m.ID) + digits
		b.SendDown.Framing = uint64(ack)
		head := func(n uint64, masked bool) uint64 { return tcpFrame }
		if a.Transport == "websocket" {
			head = webSocketHead
		}
		b.SendUp.Framing = head(up.Total(), true)
		b.SendDown.Framing += head(uint64(ack), false)
		b.ReceiveDown.Framing = head(down.Total(), false)
	case "socketio", "socketio-websocket", "socketio-rooms":
		if a.Transport == "socketio-rooms" { // a room's event is the same for all, so it states the epoch
			b.ReceiveDown.Envelope += uint64(len(`"",`) + len(m.Epoch))
		}
		id := len(strconv.FormatUint(m.Ack, 10))
		b.SendUp.Framing = uint64(len(`42["send",]`) + id)
		b.SendUp.Framing += webSocketHead(b.SendUp.Total(), true)
		b.SendDown.Framing = uint64(len(`43["",]`) + id + len(m.Epoch) + digits)
		b.SendDown.Framing += webSocketHead(b.SendDown.Framing, false)
		b.ReceiveDown.Framing = uint64(len(`42["batch",]`))
		b.ReceiveDown.Framing += webSocketHead(b.ReceiveDown.Total(), false)
	case "streaming":
		b.ReceiveDown.Framing = uint64(len("id::\ndata:\n\n") + len(m.Epoch) + digits)
		if !http2 { // a chunk: its length in hexadecimal digits, and two line ends (RFC 9112 section 7.1)
			b.ReceiveDown.Framing += uint64(len(strconv.FormatUint(b.ReceiveDown.Total(), 16)) + 4)
		}
		b.post(m, digits)
		frames = [4]int{2, 2, 0, 1}
	case "polling", "ajax", "longpoll":
		b.post(m, digits)
		frames = [4]int{2, 2, 1, 2}
	default:
		return Bytes{}, false
	}
	for i, l := range []*result.Layers{&b.SendUp, &b.SendDown, &b.ReceiveUp, &b.ReceiveDown} {
		records := frames[i]
		if http2 {
			l.Framing += uint64(http2Frame * frames[i])
		} else {
			records = min(records, 1)
		}
		if tls {
			l.TLS = uint64(tlsRecord * records)
		}
	}
	return b, true
}

// post is the answer to a POST. Its body is framing, as every acknowledgement is.
func (b *Bytes) post(m Message, digits int) {
	b.SendDown.Framing = uint64(len(`{"epoch":"","offset":}`) + len(m.Epoch) + digits)
}

// entry is a batch of one message.
func entry(size, envelope int) result.Layers {
	return result.Layers{Payload: uint64(size), Envelope: uint64(envelope)}
}

// webSocketHead is the header of a frame with n bytes.
func webSocketHead(n uint64, masked bool) uint64 {
	head := uint64(webSocket)
	switch {
	case n > 65535:
		head += 8
	case n > 125:
		head += 2
	}
	if masked {
		head += mask
	}
	return head
}
