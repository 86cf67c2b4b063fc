package socketio

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"transportlab/socketio/engineio"
)

// old opens a connection of a client of Socket.IO 2, and returns it with the session's id.
func (l *lab) old() (*line, string) {
	l.t.Helper()
	c, _, err := websocket.Dial(l.t.Context(), l.web.URL+"/socket.io/?EIO=3&transport=websocket", &websocket.DialOptions{HTTPClient: l.client})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = c.CloseNow() })
	_, text, err := c.Read(l.t.Context())
	_, rest, found := strings.Cut(string(text), `"sid":"`)
	if err != nil || !found {
		l.t.Fatalf("open packet %q, %v", text, err)
	}
	return &line{l, c}, rest[:20]
}

func TestOldClientJoinsWithoutAsking(t *testing.T) {
	l := newLab(t, Options{Engine: engineio.Options{AllowEIO3: true}, Recovery: &RecoveryOptions{}})
	var r record
	joined := func(s *Socket) {
		r.add(s.ID() + string(s.Handshake().Auth))
		answerEcho(s)
	}
	l.server.Of("/").OnConnect(joined)
	l.server.Of("/admin").OnConnect(joined)
	c, sid := l.old()
	c.expect("0")
	c.silence()
	c.say("0/admin?token=a%26b&token=c,")
	c.expect("0/admin,")
	c.say(`2/admin,7["nothing"]`)
	c.say(`2/admin,["echo"]`)
	c.expect(`2/admin,["echoed"]`)
	r.become(t, sid+`{} /admin#`+sid+`{"token":"c"}`)
	c.say("0") // twice
	c.gone()
}

func TestOldClientIsRefusedInItsOwnWay(t *testing.T) {
	l := newLab(t, Options{Engine: engineio.Options{AllowEIO3: true}})
	l.server.Of("/data").Use(func(context.Context, *Socket) error {
		return &ConnectError{Message: "with data", Data: map[string]int{"code": 1}}
	})
	l.server.Of("/").Use(func(context.Context, *Socket) error { return errors.New("plain \"text\"") })
	c, _ := l.old()
	c.expect(`4"plain \"text\""`)
	c.say("0/data")
	c.expect(`4/data,{"code":1}`)
	c.say("0/none?x=1")
	c.expect(`4/none,"Invalid namespace"`)
}
