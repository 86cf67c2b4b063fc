package interop

import (
	"net/http/httptest"
	"testing"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/engineio"
)

// An echoer sends back what one Engine.IO session brings.
type echoer struct{ s *engineio.Socket }

func (e echoer) Message(data []byte, binary bool) error {
	return e.s.Send(engineio.NewMessage(data, binary))
}
func (e echoer) Closed(engineio.Reason, error) {}

// fast are the times that the protocol tests count on.
var fast = engineio.Options{PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond}

func TestEngineIOProtocol(t *testing.T) {
	server := engineio.NewServer(fast, func(s *engineio.Socket) engineio.Handler { return echoer{s} })
	web := httptest.NewServer(server)
	defer func() {
		server.Close()
		web.Close()
	}()
	t.Setenv("ENGINE_PATH", "/engine.io/")
	setTimes(t)
	node(t, web.URL, "--test", "engineio.protocol.test.mjs")
}

func TestSocketIOProtocol(t *testing.T) {
	o := socketio.Options{Engine: fast, ConnectTimeout: time.Second}
	setTimes(t)
	server, url := serve(t, o)
	namespaces(server)
	node(t, url, "--test", "socketio.protocol.test.mjs")
}

func setTimes(t *testing.T) {
	t.Setenv("PING_INTERVAL", "300")
	t.Setenv("PING_TIMEOUT", "200")
}

func TestOldOfficialClient(t *testing.T) {
	server, url := serve(t, socketio.Options{Engine: engineio.Options{
		AllowEIO3: true, PingInterval: 300 * time.Millisecond, PingTimeout: 20 * time.Second, PerMessageDeflate: &engineio.PerMessageDeflate{},
	}})
	namespaces(server)
	node(t, url, "--test", "oldclient.test.mjs")
}
