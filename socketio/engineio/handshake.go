package engineio

import (
	"encoding/json"
	"time"
)

// A Handshake is the content of the open packet. Times are milliseconds, MaxPayload is bytes.
type Handshake struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int64    `json:"pingInterval"`
	PingTimeout  int64    `json:"pingTimeout"`
	MaxPayload   int64    `json:"maxPayload"`
}

// openMessage builds the open packet of a session that begins on the given transport.
func (s *Server) openMessage(sid, transport string) *Message {
	h := Handshake{
		SID: sid, Upgrades: []string{}, MaxPayload: s.opts.MaxPayload,
		PingInterval: int64(s.opts.PingInterval / time.Millisecond), PingTimeout: int64(s.opts.PingTimeout / time.Millisecond),
	}
	if transport == pollingName && !s.opts.DisableUpgrades && s.offers(websocketName) {
		h.Upgrades = append(h.Upgrades, websocketName)
	}
	text, err := json.Marshal(h)
	if err != nil { // a struct of strings and integers
		panic(err)
	}
	return newControl(Open, string(text))
}
