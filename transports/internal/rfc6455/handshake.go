// Package rfc6455 is the server's side of the WebSocket protocol (RFC 6455, and RFC 7692 without context
// takeover), made for many connections that are mostly idle: a connection keeps half a kilobyte to read
// with, and what is written to it are whole frames that others have put together.
package rfc6455

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"time"

	"transportlab/transports"
)

var (
	errUpgrade = &transports.Error{Code: "upgrade", Status: http.StatusUpgradeRequired, Message: "this endpoint speaks WebSocket over HTTP/1.1 only"}
	errVersion = &transports.Error{Code: "version", Status: http.StatusUpgradeRequired, Message: "only version 13 of the WebSocket protocol is spoken here"}
)

// A Handshake is a request to upgrade that may be granted.
type Handshake struct {
	key     string
	Deflate bool // the client offers permessage-deflate in a form that this server speaks
}

// Check refuses what is not a handshake of RFC 6455 section 4.2.1, with headers that say what would be.
func Check(w http.ResponseWriter, r *http.Request) (Handshake, error) {
	var hs Handshake
	switch {
	case r.Method != http.MethodGet:
		return hs, transports.ErrMethod
	case r.ProtoMajor != 1 || r.ProtoMinor < 1 || !token(r.Header, "Upgrade", "websocket") || !token(r.Header, "Connection", "upgrade"):
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		return hs, errUpgrade
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		return hs, errVersion
	}
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) != 1 {
		return hs, transports.ErrMalformed
	}
	hs.key = strings.TrimSpace(keys[0])
	if nonce, err := base64.StdEncoding.DecodeString(hs.key); err != nil || len(nonce) != 16 {
		return hs, transports.ErrMalformed
	}
	hs.Deflate = offersDeflate(r.Header)
	return hs, nil
}

// Accept grants the upgrade and takes the connection over. limit is the largest message, in bytes before
// and after inflating.
func (hs Handshake) Accept(w http.ResponseWriter, deflate bool, limit int) (*Conn, error) {
	h := w.Header()
	h.Set("Upgrade", "websocket")
	h.Set("Connection", "Upgrade")
	sum := sha1.Sum([]byte(hs.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	h.Set("Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(sum[:]))
	deflate = deflate && hs.Deflate
	if deflate {
		h.Set("Sec-WebSocket-Extensions", "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
	}
	w.WriteHeader(http.StatusSwitchingProtocols)
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Time{})
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	return newConn(c, bytes.Clone(early), deflate, limit), nil
}

// newConn returns the server's end over c, of which HTTP has read some bytes too many.
func newConn(c net.Conn, early []byte, deflate bool, limit int) *Conn {
	x := &Conn{Conn: c, Deflate: deflate, limit: limit}
	x.buf = x.small[:]
	if len(early) > 0 {
		x.buf = make([]byte, max(smallBuffer, len(early)))
		x.end = copy(x.buf, early)
	}
	return x
}

// token tells whether a header's comma-separated list has the token, in any case.
func token(h http.Header, name, want string) bool {
	for _, v := range h.Values(name) {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), want) {
				return true
			}
		}
	}
	return false
}

// offersDeflate looks for an offer without parameters that bind the server to what it cannot do: a window
// smaller than 32 KiB (RFC 7692 section 7.1).
func offersDeflate(h http.Header) bool {
	for _, v := range h.Values("Sec-WebSocket-Extensions") {
		for offer := range strings.SplitSeq(v, ",") {
			name, params, _ := strings.Cut(offer, ";")
			if strings.TrimSpace(name) == "permessage-deflate" && speaks(params) {
				return true
			}
		}
	}
	return false
}

func speaks(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch name {
		case "", "client_no_context_takeover", "server_no_context_takeover", "client_max_window_bits":
		case "server_max_window_bits":
			if strings.Trim(value, `"`) != "15" {
				return false
			}
		default:
			return false
		}
	}
	return true
}
