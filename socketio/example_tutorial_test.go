package socketio_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/client"
)

// A tutorial is a server on the loopback interface and its clients.
type tutorial struct {
	server *socketio.Server
	web    *httptest.Server
	all    client.Clients
}

func begin(o socketio.Options) *tutorial {
	t := &tutorial{server: socketio.NewServer(o)}
	t.web = httptest.NewServer(t.server)
	return t
}

// join returns a client that does not connect yet.
func (t *tutorial) join(o client.SocketOptions) *client.Socket {
	s, err := t.all.Socket(t.web.URL, client.Options{ForceNew: true, Reconnection: client.Reconnection{Delay: 10 * time.Millisecond}}, o)
	if err != nil {
		panic(err) // the address is malformed
	}
	return s
}

func (t *tutorial) end() {
	if err := errors.Join(t.all.Close(context.Background()), t.server.Close()); err != nil {
		fmt.Println(err)
	}
	t.web.Close()
}

// Who is connected gets what anybody says.
func Example_chat() {
	t := begin(socketio.Options{})
	defer t.end()
	chat := t.server.Of("/")
	chat.OnConnect(func(s *socketio.Socket) {
		socketio.OnMessage(s, "chat message", func(ctx context.Context, text string) error {
			return chat.Emit(ctx, "chat message", text)
		})
	})

	ctx := context.Background()
	heard := make(chan string)
	var ada *client.Socket
	for _, name := range []string{"Grace", "Ada"} {
		ada = t.join(client.SocketOptions{})
		client.OnMessage(ada, "chat message", func(_ context.Context, text string) error { heard <- name + " hears " + text; return nil })
		ada.Connect()
		fmt.Println(name, "connects:", ada.Wait(ctx))
	}
	fmt.Println(ada.Emit(ctx, "chat message", "hello"))
	fmt.Println(<-heard)
	fmt.Println(<-heard)
	// Unordered output:
	// Grace connects: <nil>
	// Ada connects: <nil>
	// <nil>
	// Grace hears hello
	// Ada hears hello
}

// A room is any set of sockets, known to the server alone. Here clients ask to be let in.
func Example_rooms() {
	t := begin(socketio.Options{})
	defer t.end()
	t.server.Of("/").OnConnect(func(s *socketio.Socket) {
		socketio.On(s, "enter", func(ctx context.Context, room string) (int, error) {
			s.Join(room)
			inside, err := s.Namespace().To(room).FetchSockets(ctx)
			return len(inside), err
		})
		socketio.OnMessage(s, "say", func(ctx context.Context, text string) error {
			return s.To("kitchen").Except("asleep").Emit(ctx, "said", text) // to the others in the room
		})
	})

	ctx := context.Background()
	heard := make(chan string)
	guests := map[string]*client.Socket{}
	for _, name := range []string{"Ada", "Grace", "Linus", "Ken"} {
		s := t.join(client.SocketOptions{})
		client.OnMessage(s, "said", func(_ context.Context, text string) error { heard <- name + " hears " + text; return nil })
		s.Connect()
		guests[name] = s
	}
	for _, name := range []string{"Ada", "Grace", "Linus"} {
		inside, err := client.Request[int](ctx, guests[name], "enter", "kitchen")
		fmt.Println(name, "is one of", inside, err)
	}
	_, err := client.Request[int](ctx, guests["Linus"], "enter", "asleep")
	fmt.Println(err, guests["Ada"].Emit(ctx, "say", "tea?"))
	fmt.Println(<-heard)
	// Output:
	// Ada is one of 1 <nil>
	// Grace is one of 2 <nil>
	// Linus is one of 3 <nil>
	// <nil> <nil>
	// Grace hears tea?
}

// Both sides can ask for an answer, also of many at once. Every question ends, in an answer or an error.
func Example_acknowledgements() {
	t := begin(socketio.Options{})
	defer t.end()
	connected := make(chan *socketio.Socket, 2)
	t.server.Of("/").OnConnect(func(s *socketio.Socket) { connected <- s })

	ctx := context.Background()
	for _, answer := range []string{"tea", "coffee"} {
		s := t.join(client.SocketOptions{})
		client.On(s, "what do you drink", func(context.Context, bool) (string, error) { return answer, nil })
		s.Connect()
		fmt.Println(s.Wait(ctx))
	}

	one := <-connected
	drink, err := socketio.Request[string](ctx, one, "what do you drink", true)
	fmt.Println(drink, err)

	answers, err := t.server.Of("/").All().Timeout(10*time.Second).EmitWithAck(ctx, "what do you drink", true)
	drinks := map[string]bool{}
	for _, a := range answers {
		var drink string
		err = errors.Join(err, a.Decode(&drink))
		drinks[drink] = true
	}
	fmt.Println(slices.Sorted(maps.Keys(drinks)), err)

	hurry, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err = one.EmitWithAck(hurry, "nobody listens to this")
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// <nil>
	// <nil>
	// tea <nil>
	// [coffee tea] <nil>
	// true
}

// A client that loses its connection for a while comes back as the same socket, in the same rooms, with what it missed.
func Example_recovery() {
	t := begin(socketio.Options{Recovery: &socketio.RecoveryOptions{MaxDisconnection: time.Minute}})
	defer t.end()
	connected := make(chan *socketio.Socket, 2)
	t.server.Of("/").OnConnect(func(s *socketio.Socket) {
		if !s.Recovered() {
			s.Join("news")
			s.SetData("a reader")
		}
		connected <- s
	})

	ctx := context.Background()
	heard := make(chan int)
	reader := t.join(client.SocketOptions{})
	client.OnMessage(reader, "headline", func(_ context.Context, n int) error { heard <- n; return nil })
	reader.Connect()
	before := <-connected
	news := t.server.Of("/").To("news")
	fmt.Println(news.Emit(ctx, "headline", 1), <-heard)

	gone := make(chan struct{})
	before.OnDisconnect(func(reason socketio.Reason, _ error) { fmt.Println(reason); close(gone) })
	before.Conn().Close() // as a broken network would
	<-gone
	fmt.Println(news.Emit(ctx, "headline", 2), news.Emit(ctx, "headline", 3))
	fmt.Println(<-heard, <-heard)
	var data string
	after := <-connected
	fmt.Println(after.Recovered(), after.ID() == before.ID(), after.DecodeData(&data), data)
	// Output:
	// <nil> 1
	// forced close
	// <nil> <nil>
	// 2 3
	// true true <nil> a reader
}

// A client that repeats what was not acknowledged, and a server that knows what it has stored: each message counts once.
func Example_deliveryOnce() {
	t := begin(socketio.Options{})
	defer t.end()
	var mu sync.Mutex
	stored, tries := map[string]string{}, 0
	type message struct{ ID, Text string }
	t.server.Of("/").OnConnect(func(s *socketio.Socket) {
		s.OnEvent("store", func(_ context.Context, e *socketio.Event) error {
			var m message
			if err := e.Args[0].Decode(&m); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			stored[m.ID] = m.Text // the same message again changes nothing
			if tries++; tries == 1 {
				return nil // and the acknowledgement is lost
			}
			return e.Ack("stored")
		})
	})

	writer := t.join(client.SocketOptions{Retries: 3, AckTimeout: 100 * time.Millisecond})
	writer.Connect()
	_, err := writer.EmitWithAck(context.Background(), "store", message{"m1", "hello"})
	mu.Lock()
	defer mu.Unlock()
	fmt.Println(err, tries > 1, stored)
	// Output: <nil> true map[m1:hello]
}
