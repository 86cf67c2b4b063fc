package redisadapter_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/socketio/redisadapter"
)

// Two servers share a Redis, here one in memory. A client of either hears what is emitted on the other, and both count as one.
func Example_scaling() {
	store, err := miniredis.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	ctx := context.Background()
	heard := make(chan string)
	var servers []*socketio.Server
	var clients client.Clients
	for _, name := range []string{"one", "two"} {
		shared := redis.NewClient(&redis.Options{Addr: store.Addr()})
		defer shared.Close()
		server := socketio.NewServer(socketio.Options{Adapter: redisadapter.New(shared, redisadapter.Options{})})
		server.Of("/").Use(func(_ context.Context, s *socketio.Socket) error { s.Join("news"); return nil })
		web := httptest.NewServer(server)
		defer web.Close()
		servers = append(servers, server)
		reader, err := clients.Socket(web.URL, client.Options{}, client.SocketOptions{})
		if err != nil {
			fmt.Println(err)
			return
		}
		client.OnMessage(reader, "headline", func(_ context.Context, text string) error {
			heard <- text + " on node " + name
			return nil
		})
		reader.Connect()
		fmt.Println("client of node", name, reader.Wait(ctx))
	}

	news := servers[0].Of("/").To("news")
	fmt.Println(news.Emit(ctx, "headline", "heard"))
	fmt.Println(<-heard)
	fmt.Println(<-heard)
	everybody, err := news.FetchSockets(ctx)
	fmt.Println(len(everybody), "sockets", err)
	if err := errors.Join(clients.Close(ctx), servers[0].Close(), servers[1].Close()); err != nil {
		fmt.Println(err)
	}
	// Unordered output:
	// client of node one <nil>
	// client of node two <nil>
	// <nil>
	// heard on node one
	// heard on node two
	// 2 sockets <nil>
}
