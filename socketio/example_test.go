package socketio_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/coder/websocket"

	"transportlab/socketio"
)

func Example() {
	server := socketio.NewServer(socketio.Options{})
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		socketio.On(s, "greet", func(_ context.Context, name string) (string, error) {
			return "hello " + name, nil
		})
	})
	web := httptest.NewServer(server)
	defer web.Close()
	defer server.Close()

	// What the official client sends and receives.
	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, web.URL+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.CloseNow()
	for _, text := range []string{"40", `421["greet","world"]`} {
		_, _, _ = c.Read(ctx) // the open packet, then the CONNECT packet
		_ = c.Write(ctx, websocket.MessageText, []byte(text))
	}
	_, answer, _ := c.Read(ctx)
	fmt.Println(string(answer))
	// Output: 431["hello world"]
}

func ExampleNamespace_Use() {
	server := socketio.NewServer(socketio.Options{})
	defer server.Close()
	server.Of("/admin").Use(func(_ context.Context, s *socketio.Socket) error {
		var auth struct{ Token string }
		if err := s.Handshake().DecodeAuth(&auth); err != nil || auth.Token != "secret" {
			return &socketio.ConnectError{Message: "not authorized"}
		}
		s.Join("operators")
		return nil
	})
}
