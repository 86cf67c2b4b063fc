package redislog

import (
	"crypto/rand"
	"crypto/sha256"
	"strconv"
	"strings"

	"transportlab/transports"
)

// An entry is a message together with its stamp.
type entry struct {
	transports.Message
	stamp string
}

// A body is how an entry is kept in the stream and published: 't' or 'b', the stamp, the ID's length
// in one byte, the ID, the data. The stamp is made for each attempt to append, so that two messages
// that were given the same position, because the store lost the first, can be told apart.
const (
	stampLen = 8
	idAt     = 1 + stampLen + 1
	epochLen = 6 // short, because an epoch is in every cursor on the wire
)

// nonce returns a stamp, and an epoch for the topic should it need one.
func nonce() (stamp, epoch string) {
	s := rand.Text()
	return s[:stampLen], s[stampLen : stampLen+epochLen]
}

func encode(m *transports.Message, stamp string) []byte {
	body := make([]byte, 0, idAt+len(m.ID)+len(m.Data))
	if m.Binary {
		body = append(body, 'b')
	} else {
		body = append(body, 't')
	}
	body = append(body, stamp...)
	body = append(body, byte(len(m.ID)))
	body = append(body, m.ID...)
	return append(body, m.Data...)
}

// decode reads what encode wrote; ok is false for anything else.
func decode(at transports.Cursor, body string) (e entry, ok bool) {
	if len(body) < idAt || body[0] != 't' && body[0] != 'b' || len(body) < idAt+int(body[idAt-1]) {
		return e, false
	}
	id, data := body[idAt:idAt+int(body[idAt-1])], body[idAt+int(body[idAt-1]):]
	e.Message = transports.Message{Cursor: at, ID: strings.Clone(id), Data: []byte(data), Binary: body[0] == 'b'}
	e.stamp = strings.Clone(body[1 : 1+stampLen])
	return e, true
}

// idOf returns the ID in a body, "" when it is none.
func idOf(body string) string {
	if len(body) < idAt || len(body) < idAt+int(body[idAt-1]) {
		return ""
	}
	return body[idAt : idAt+int(body[idAt-1])]
}

// sum tells data apart that come under the same ID.
func sum(m *transports.Message) string {
	h := sha256.Sum256(m.Data)
	if m.Binary {
		h[0] ^= 0xff
	}
	return string(h[:12])
}

// cutPosition splits "epoch:offset" or "epoch:offset:rest".
func cutPosition(s string) (at transports.Cursor, rest string, ok bool) {
	epoch, s, ok := strings.Cut(s, ":")
	if !ok || epoch == "" {
		return at, "", false
	}
	digits, rest, _ := strings.Cut(s, ":")
	offset, err := strconv.ParseUint(digits, 10, 64)
	return transports.Cursor{Epoch: epoch, Offset: offset}, rest, err == nil
}

// keysOf returns the keys of a topic: its meta data with this generation of IDs, which is also the name
// of its channel; its stream; and the generation of IDs before. The topic stands in braces, so that all are in
// one slot of a cluster; a topic has no braces itself, so that no two topics share a key.
func keysOf(prefix, topic string) []string {
	base := prefix + ":{" + topic + "}"
	return []string{base, base + ":s", base + ":i"}
}

// topicOf returns the topic of a channel.
func topicOf(prefix, channel string) string {
	n := len(prefix) + len(":{")
	if len(channel) <= n {
		return ""
	}
	return channel[n : len(channel)-1]
}
