// Package nodewiretest makes messages for tests: every valid one, and what hostile hands might make of them.
package nodewiretest

import (
	"fmt"
	"testing"

	"transportlab/socketio/internal/nodewire"
)

// Hostile returns messages that no node should send: every valid one cut short anywhere, with a byte changed, with wrong
// types in the right places, and plain nonsense.
func Hostile(t testing.TB, valid ...[]byte) [][]byte {
	t.Helper()
	list := [][]byte{
		nil, []byte("{"), []byte("{}"), []byte("null"), []byte("[]"), []byte(`{"type":{}}`), []byte(`{"type":1e300}`), []byte("\xc1"),
		[]byte("\xdd\xff\xff\xff\xff"), []byte("\xdf\xff\xff\xff\xff"), []byte("\xc6\xff\xff\xff\xff"), []byte("\xdb\xff\xff\xff\xff"), []byte("\xc9\xff\xff\xff\xff\x00"),
	}
	for kind := range 15 {
		for _, data := range []string{
			`null`, `[]`, `""`, `{}`, `{"packet":null,"opts":null}`, `{"packet":{},"opts":{}}`, `{"packet":{"type":2,"data":["x"]},"opts":{"rooms":{},"except":1}}`,
			`{"packet":{"type":2,"data":{}},"opts":{"rooms":[],"except":[]}}`, `{"packet":{"type":"2","data":["x"]},"opts":{"rooms":[null],"except":[{}]}}`,
			`{"requestId":{},"sockets":{}}`, `{"requestId":"","clientCount":-1}`, `{"requestId":"i","sockets":[null]}`, `{"requestId":"i","opts":{"rooms":[[]]}}`,
		} {
			list = append(list, fmt.Appendf(nil, `{"type":%d,"uid":"x","nsp":"/hostile","data":%s,"requestId":"i","opts":%s,"rooms":%s,"packet":%s}`, kind, data, data, data, data))
		}
	}
	for _, message := range valid {
		for i := range message {
			list = append(list, message[:i])
			changed := append([]byte{}, message...)
			changed[i] ^= 0xff
			list = append(list, changed)
		}
	}
	return list
}

// Valid returns one message of each kind that nodes with the sharded or the streams adapter exchange in a namespace.
func Valid(t testing.TB, namespace string) []nodewire.Message {
	t.Helper()
	var list []nodewire.Message
	for kind := nodewire.Broadcast; kind <= nodewire.BroadcastAnswer; kind++ {
		m := nodewire.Message{Kind: kind, UID: "0011223344556677", Namespace: namespace, RequestID: "i", Rooms: []string{"r"}}
		m.Data.JSON = []byte(`["x",{"_placeholder":true,"num":0}]`)
		m.Data.Attachments = [][]byte{{1, 2}}
		list = append(list, m)
	}
	return list
}
