package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/client"
)

// ended closes what an example has opened.
func ended(web *httptest.Server, server *socketio.Server, manager *client.Manager) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(manager.Close(ctx), server.Close()); err != nil {
		fmt.Println(err)
	}
	web.Close()
}

// The chat of the tutorial, with two clients.
func Example() {
	server := socketio.NewServer(socketio.Options{})
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		socketio.OnMessage(s, "chat message", func(ctx context.Context, text string) error {
			return server.Of("/").Emit(ctx, "chat message", text)
		})
	})
	web := httptest.NewServer(server)
	ctx := context.Background()

	var clients client.Clients
	var heard sync.WaitGroup
	var last *client.Socket
	for range 2 {
		socket, err := clients.Socket(web.URL, client.Options{ForceNew: true}, client.SocketOptions{})
		if err != nil {
			fmt.Println(err)
			return
		}
		heard.Add(1)
		client.OnMessage(socket, "chat message", func(_ context.Context, text string) error {
			fmt.Println(text)
			heard.Done()
			return nil
		})
		socket.Connect()
		if err := socket.Wait(ctx); err != nil {
			fmt.Println(err)
		}
		last = socket
	}
	if err := last.Emit(ctx, "chat message", "hello"); err != nil {
		fmt.Println(err)
	}
	heard.Wait()
	if err := errors.Join(clients.Close(ctx), server.Close()); err != nil {
		fmt.Println(err)
	}
	web.Close()
	// Output:
	// hello
	// hello
}

// Acknowledgements turn events into requests with answers, in both directions.
func ExampleRequest() {
	server := socketio.NewServer(socketio.Options{})
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		socketio.On(s, "sum", func(_ context.Context, numbers []int) (int, error) {
			total := 0
			for _, n := range numbers {
				total += n
			}
			return total, nil
		})
		s.OnEvent("slow", func(context.Context, *socketio.Event) error { return nil }) // never answers
	})
	web := httptest.NewServer(server)
	manager, err := client.New(web.URL, client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ended(web, server, manager)

	socket := manager.Socket("/", client.SocketOptions{})
	socket.Connect()
	ctx := context.Background()
	fmt.Println(client.Request[int](ctx, socket, "sum", []int{1, 2, 3}))
	_, err = socket.Timeout(10*time.Millisecond).EmitWithAck(ctx, "slow")
	fmt.Println(errors.Is(err, client.ErrAckTimeout))
	// Output:
	// 6 <nil>
	// true
}

// The server asks too: what a handler returns is the acknowledgement.
func ExampleOn() {
	server := socketio.NewServer(socketio.Options{})
	answers := make(chan string, 1)
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		name, err := socketio.Request[string](s.Context(), s, "what is your name?")
		if err != nil {
			name = err.Error()
		}
		answers <- name
	})
	web := httptest.NewServer(server)
	manager, err := client.New(web.URL, client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ended(web, server, manager)

	socket := manager.Socket("/", client.SocketOptions{})
	client.On(socket, "what is your name?", func(context.Context, any) (string, error) { return "Ada", nil })
	socket.Connect()
	fmt.Println(<-answers)
	// Output: Ada
}

// At least once: an event is sent again until the server has acknowledged it, and the server recognizes what it has seen.
func ExampleSocketOptions_retries() {
	server := socketio.NewServer(socketio.Options{})
	var mu sync.Mutex
	stored := map[string]string{}
	deliveries := 0
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		s.OnEvent("chat message", func(_ context.Context, e *socketio.Event) error {
			var text, id string
			if err := errors.Join(e.Args[0].Decode(&text), e.Args[1].Decode(&id)); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			stored[id] = text
			if deliveries++; deliveries == 1 {
				return nil // the acknowledgement is lost
			}
			return e.Ack()
		})
	})
	web := httptest.NewServer(server)
	manager, err := client.New(web.URL, client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ended(web, server, manager)

	socket := manager.Socket("/", client.SocketOptions{Retries: 3, AckTimeout: 50 * time.Millisecond})
	socket.Connect()
	_, err = socket.EmitWithAck(context.Background(), "chat message", "hello", "id-1")
	mu.Lock()
	defer mu.Unlock()
	fmt.Println(err, stored, deliveries > 1)
	// Output: <nil> map[id-1:hello] true
}

// A client that was away for a moment gets what it missed; Recovered tells it that it need not ask.
func ExampleSocket_Recovered() {
	server := socketio.NewServer(socketio.Options{Recovery: &socketio.RecoveryOptions{}})
	sockets := make(chan *socketio.Socket, 2)
	server.Of("/").OnConnect(func(s *socketio.Socket) { sockets <- s })
	web := httptest.NewServer(server)
	manager, err := client.New(web.URL, client.Options{Reconnection: client.Reconnection{Delay: 10 * time.Millisecond}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ended(web, server, manager)

	socket := manager.Socket("/", client.SocketOptions{})
	news := make(chan string, 2)
	client.OnMessage(socket, "news", func(_ context.Context, text string) error { news <- text; return nil })
	socket.Connect()
	first := <-sockets
	ctx := context.Background()
	if err := server.Of("/").Emit(ctx, "news", "one"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-news)
	gone := make(chan struct{})
	first.OnDisconnect(func(socketio.Reason, error) { close(gone) })
	first.Conn().Close() // the network fails
	<-gone
	if err := server.Of("/").Emit(ctx, "news", "two"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-news, (<-sockets).Recovered(), socket.Wait(ctx), socket.Recovered())
	// Output:
	// one
	// two true <nil> true
}

// Credentials are asked for on every connection, so a token may be short-lived. A namespace that refuses says why.
func ExampleAuthFunc() {
	server := socketio.NewServer(socketio.Options{})
	server.Of("/admin").Use(func(_ context.Context, s *socketio.Socket) error {
		var auth struct{ Token int }
		if err := s.Handshake().DecodeAuth(&auth); err != nil || auth.Token < 2 {
			return &socketio.ConnectError{Message: "token has expired"}
		}
		return nil
	})
	web := httptest.NewServer(server)
	manager, err := client.New(web.URL, client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ended(web, server, manager)

	token := 0
	socket := manager.Socket("/admin", client.SocketOptions{AuthFunc: func(context.Context) (any, error) {
		token++
		return map[string]int{"token": token}, nil
	}})
	ctx := context.Background()
	socket.Connect()
	fmt.Println(socket.Wait(ctx))
	socket.Connect() // with the next token
	fmt.Println(socket.Wait(ctx))
	// Output:
	// token has expired
	// <nil>
}
