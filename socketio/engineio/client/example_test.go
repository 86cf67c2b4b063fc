package client_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"transportlab/socketio/engineio"
	"transportlab/socketio/engineio/client"
)

type shout struct{ s *engineio.Socket }

func (h shout) Message(data []byte, _ bool) error {
	return h.s.Send(engineio.NewMessage(append(data, '!'), false))
}
func (shout) Closed(engineio.Reason, error) {}

// A session that begins with a WebSocket, or with long polling where WebSockets do not pass.
func Example() {
	server := engineio.NewServer(engineio.Options{}, func(s *engineio.Socket) engineio.Handler { return shout{s} })
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()

	dialer, err := client.New(web.URL, client.Options{
		Transports: []string{client.WebSocket, client.Polling}, TryAllTransports: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dialer.Close()
	conn, err := dialer.Dial(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	answers := make(chan string)
	conn.Start(client.Handler{Message: func(data []byte, _ bool) { answers <- string(data) }})
	if err := conn.Send(engineio.Packet{Data: []byte("hello")}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-answers, conn.Transport())
	conn.Close()
	conn.Wait()
	// Output: hello! websocket
}
