package engineio

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// acceptKey answers the client's key (RFC 6455, section 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// checkOpening returns why a request is no opening handshake of RFC 6455, section 4.2.1, or "".
func checkOpening(r *http.Request) (why string) {
	keys := r.Header["Sec-Websocket-Key"]
	switch {
	case r.Method != http.MethodGet:
		return "WebSocket handshake is no GET"
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return "WebSocket handshake is not HTTP/1.1"
	case !hasToken(r.Header["Connection"], "upgrade"):
		return "WebSocket handshake without Connection: Upgrade"
	case r.Header.Get("Sec-Websocket-Version") != "13":
		return "WebSocket version is not 13"
	case len(keys) != 1:
		return "WebSocket handshake without one key"
	}
	if nonce, err := base64.StdEncoding.DecodeString(strings.TrimSpace(keys[0])); err != nil || len(nonce) != 16 {
		return "key of the WebSocket handshake is malformed"
	}
	return ""
}

// hasToken reports whether a list header contains the token, in any case.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for item := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(item), token) {
				return true
			}
		}
	}
	return false
}

// subprotocol returns the first protocol that the client offers, or "": some clients insist that one is chosen, and none of
// them means anything here.
func subprotocol(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("Sec-Websocket-Protocol"), ",")
	first = strings.TrimSpace(first)
	for i := range len(first) {
		if c := first[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return ""
		}
	}
	return first
}

// accept answers the opening handshake and takes the connection over. When it fails, with nil, the client has been answered.
func (s *Server) accept(w http.ResponseWriter, r *http.Request) *wsConn {
	if why := checkOpening(r); why != "" {
		w.Header().Set("Sec-WebSocket-Version", "13")
		s.refuse(w, r, true, &refusal{code: CodeBadRequest, cause: why})
		return nil
	}
	c := &wsConn{server: s, old: parseQuery(r).dialect()}
	h := w.Header()
	h.Set("Upgrade", "websocket")
	h.Set("Connection", "Upgrade")
	h.Set("Sec-WebSocket-Accept", acceptKey(strings.TrimSpace(r.Header.Get("Sec-Websocket-Key"))))
	if p := subprotocol(r); p != "" {
		h.Set("Sec-WebSocket-Protocol", p)
	}
	if s.opts.PerMessageDeflate != nil && offersDeflate(r.Header["Sec-Websocket-Extensions"]) {
		c.deflate = true
		h.Set("Sec-WebSocket-Extensions", "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
	}
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.opts.Logger.Error("engineio: connection cannot be taken over", "error", err)
		return nil
	}
	c.conn = conn
	if rw.Writer.Flush() != nil || conn.SetDeadline(time.Time{}) != nil { // the deadlines of http.Server end here
		_ = conn.Close() // it is lost anyway
		return nil
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered()) // they are there
	c.startReading(bytes.Clone(early))
	s.bursts.arrived()
	return c
}
