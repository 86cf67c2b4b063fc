// Package interop tests the server against the official JavaScript clients.
package interop

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/socketio"
	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) != "" { // this is the process that startPeer has started
		if err := serveBenchmark(); err != nil {
			panic(err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// installClients makes sure that Node and the packages that package-lock.json names are there.
func installClients(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is missing")
		}
		t.Skip("node is missing")
	}
	if _, err := os.Stat("node_modules/socket.io-client-2"); err != nil {
		if out, err := exec.Command("npm", "ci", "--omit=dev").CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
}

// node runs a script of this folder against the server.
func node(t *testing.T, url string, args ...string) {
	t.Helper()
	installClients(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Env = append(os.Environ(), "SERVER="+url)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("node %v: %v\n%s", args, err, out)
	}
}

func serve(t *testing.T, o socketio.Options) (*socketio.Server, string) {
	t.Helper()
	server := socketio.NewServer(o)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
		if n := server.Engine().Sessions(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
	return server, web.URL
}

// behave gives a namespace what the scripts expect of it.
func behave(s *socketio.Socket) {
	ctx := s.Context()
	must := func(err error) {
		if err != nil && !errors.Is(err, socketio.ErrDisconnected) {
			panic(err)
		}
	}
	must(s.Emit(ctx, "auth", s.Handshake().Auth))
	s.OnEvent("message", func(ctx context.Context, e *socketio.Event) error {
		args := make([]any, len(e.Args))
		for i, a := range e.Args {
			args[i] = a
		}
		return s.Emit(ctx, "message-back", args...)
	})
	s.OnEvent("message-with-ack", func(_ context.Context, e *socketio.Event) error {
		args := make([]any, len(e.Args))
		for i, a := range e.Args {
			args[i] = a
		}
		return e.Ack(args...)
	})
	socketio.On(s, "add", func(_ context.Context, n [2]int) (int, error) { return n[0] + n[1], nil })
	socketio.On(s, "fail", func(context.Context, string) (int, error) {
		return 0, &socketio.HandlerError{Message: "no such thing", Data: 7}
	})
	socketio.OnMessage(s, "panic", func(context.Context, string) error { panic("on purpose") })
	socketio.On(s, "ask", func(ctx context.Context, question string) (string, error) {
		return socketio.Request[string](ctx, s, "question", question)
	})
	socketio.On(s, "join", func(_ context.Context, room string) ([]string, error) {
		s.Join(room)
		return s.Rooms(), nil
	})
	type shout struct {
		Room string
		Text string
		Data []byte
	}
	socketio.On(s, "shout", func(ctx context.Context, in shout) (bool, error) {
		return true, s.To(in.Room).Emit(ctx, "shouted", in)
	})
	socketio.On(s, "survey", func(ctx context.Context, _ string) ([]parser.Value, error) {
		return s.Namespace().All().EmitWithAck(ctx, "opinion")
	})
	socketio.On(s, "handshake", func(context.Context, string) (socketio.Handshake, error) { return s.Handshake(), nil })
	socketio.On(s, "who", func(ctx context.Context, _ string) ([]socketio.RemoteSocket, error) {
		return s.Namespace().All().FetchSockets(ctx)
	})
	socketio.OnMessage(s, "kick", func(_ context.Context, connection bool) error {
		s.Disconnect(connection)
		return nil
	})
	socketio.OnMessage(s, "drop", func(context.Context, string) error {
		s.Conn().Close()
		return nil
	})
}

func namespaces(server *socketio.Server) {
	server.Of("/").OnConnect(behave)
	server.Of("/custom").OnConnect(behave)
	server.OfMatch(regexp.MustCompile(`^/dynamic-\d+$`)).OnConnect(behave)
	guarded := server.Of("/guarded")
	guarded.Use(func(ctx context.Context, s *socketio.Socket) error {
		var auth struct{ Token string }
		if err := s.Handshake().DecodeAuth(&auth); err != nil || auth.Token != "secret" {
			return &socketio.ConnectError{Message: "not authorized", Data: map[string]int{"code": 401}}
		}
		return s.Emit(ctx, "early", "bird")
	})
	guarded.OnConnect(behave)
}

func TestOfficialSocketIOClient(t *testing.T) {
	// Many heartbeats, and patience: Node may stand still for a second on a busy machine.
	server, url := serve(t, socketio.Options{Engine: engineio.Options{
		PingInterval: 300 * time.Millisecond, PingTimeout: 20 * time.Second, CORS: &engineio.CORS{Origins: []string{"*"}},
	}})
	namespaces(server)
	node(t, url, "--test", "client.test.mjs")
}

func TestOfficialClientWithMsgpackParser(t *testing.T) {
	server, url := serve(t, socketio.Options{Parser: parser.Msgpack{}})
	namespaces(server)
	node(t, url, "--test", "msgpack.test.mjs")
}

func TestOfficialClientRecovers(t *testing.T) {
	server, url := serve(t, socketio.Options{Recovery: &socketio.RecoveryOptions{}})
	namespaces(server)
	node(t, url, "--test", "recovery.test.mjs")
}
