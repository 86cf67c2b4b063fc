package socketio

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/client"
	"transportlab/socketio/parser"
	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

// A peer is a client that knows Socket.IO and nothing of the lab.
type peer struct {
	*client.Socket
	t      *testing.T
	events chan string // name and first argument
	left   chan struct{}
}

func newPeer(t *testing.T, target transports.Target, auth any) *peer {
	t.Helper()
	u, err := url.Parse(target.URL)
	if err != nil {
		t.Fatal(err)
	}
	m, err := client.New("http://"+u.Host, client.Options{Path: u.Path + "/t", Transports: []string{client.WebSocket},
		HTTPClient: target.Client, Reconnection: client.Reconnection{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{Socket: m.Socket("/", client.SocketOptions{Auth: auth}), t: t, events: make(chan string, 100), left: make(chan struct{})}
	t.Cleanup(func() { m.Close(context.Background()) })
	p.OnAny(func(_ context.Context, e *client.Event) error {
		p.events <- e.Name + " " + string(e.Args[0].JSON)
		return nil
	})
	p.OnDisconnect(func(client.Reason, error) { close(p.left) })
	p.Connect()
	return p
}

func (p *peer) expect(parts ...string) {
	p.t.Helper()
	select {
	case got := <-p.events:
		for _, part := range parts {
			if !strings.Contains(got, part) {
				p.t.Fatalf("got %s, want %q in it", got, part)
			}
		}
	case <-time.After(10 * time.Second):
		p.t.Fatalf("nothing came, want %q", parts)
	}
}

func (p *peer) send(args ...any) []parser.Value {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	answer, err := p.EmitWithAck(ctx, "send", args...)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer
}

func TestProtocol(t *testing.T) {
	for _, arm := range []transports.Transport{New(transports.Options{}), NewRooms(transports.Options{})} {
		t.Run(arm.Info().Name, func(t *testing.T) {
			_, target := through(t, arm, false)
			p := newPeer(t, target, nil)
			answer := p.send([]string{"1", "one"})
			if len(answer) != 2 || string(answer[1].JSON) != "1" {
				t.Fatalf("acknowledged with %s", answer)
			}
			if err := p.Emit(t.Context(), "subscribe", ""); err != nil {
				t.Fatal(err)
			}
			p.expect(`control {"type":"subscribed"}`)
			p.expect("batch [", `,1,"1","one"]`)
			again := newPeer(t, target, map[string]string{"after": ""}) // subscribed with its credentials
			again.expect(`control {"type":"subscribed"}`)
			again.expect("batch [", `,1,"1","one"]`)
			p.send([]string{"2", "two"})
			p.expect("batch [", `2,"2","two"]`)
			again.expect("batch [", `2,"2","two"]`)
			again.Emit(t.Context(), "subscribe", "elsewhere:1")
			again.expect(`control {"type":"subscribed"}`)
			again.expect(`"type":"gap"`, `"first":1`, `"last":2`)
			again.expect("batch [", `1,"1","one","2","two"]`)
		})
	}
}

func TestHostileEvents(t *testing.T) {
	arm := New(transports.Options{MaxMessage: 100, MessageRate: 1000})
	_, target := through(t, arm, false)
	p := newPeer(t, target, nil)
	for name, tc := range map[string]struct {
		args []any
		want string
	}{
		"nothing":         {nil, "malformed"},
		"no batch":        {[]any{"text"}, "malformed"},
		"an empty batch":  {[]any{[]string{}}, "malformed"},
		"two messages":    {[]any{[]string{"a", "1", "b", "2"}}, "too_large"},
		"a bad ID":        {[]any{[]string{"a b", "1"}}, "malformed"},
		"data of a kind":  {[]any{[]any{"a", 7}}, "malformed"},
		"too much":        {[]any{[]string{"a", strings.Repeat("x", 101)}}, "too_large"},
		"two arguments":   {[]any{[]string{"a", "1"}, 1}, "malformed"},
		"binary nonsense": {[]any{[]byte{0xff, 0xff}}, "malformed"},
		"nested binary":   {[]any{map[string]any{"x": []byte{1}, "y": []byte{2}}}, "malformed"},
	} {
		answer := p.send(tc.args...)
		var body wire.ErrorBody
		if len(answer) != 1 || answer[0].Decode(&body) != nil || body.Code != tc.want {
			t.Errorf("%s: acknowledged with %s, want %s", name, answer, tc.want)
		}
	}
	if answer := p.send([]string{"fine", "yes"}); len(answer) != 2 {
		t.Errorf("behind all that a message is acknowledged with %s", answer)
	}
	p.Emit(t.Context(), "subscribe", "nonsense")
	p.expect(`"type":"bye"`, `"code":"cursor_invalid"`)
	<-p.left
}

func TestWhoSendsTooFastIsSentAway(t *testing.T) {
	for _, arm := range []transports.Transport{New(transports.Options{MessageRate: 1}), NewRooms(transports.Options{MessageRate: 1})} {
		t.Run(arm.Info().Name, func(t *testing.T) {
			_, target := through(t, arm, false)
			p := newPeer(t, target, nil)
			for range 10 {
				if err := p.Emit(t.Context(), "send", []string{"", "x"}); err != nil {
					t.Fatal(err)
				}
			}
			p.expect(`"type":"bye"`, `"code":"rate_limited"`)
			<-p.left
		})
	}
}
