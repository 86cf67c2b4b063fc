package redisadapter_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/redisadapter"
)

// Any number of processes like this one, and of official servers with createAdapter, are one cluster.
func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	server := socketio.NewServer(socketio.Options{Adapter: redisadapter.New(client, redisadapter.Options{})})
	defer server.Close()
	server.Of("/").OnConnect(func(s *socketio.Socket) { s.Join("news") })
	http.Handle("/socket.io/", server)

	err := server.Of("/").To("news").Emit(context.Background(), "headline", "read on every node")
	fmt.Println(err)
}

// On a Redis Cluster the load spreads over the masters, and a node hears only of rooms that it has members of.
func ExampleNewSharded() {
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:7000", "127.0.0.1:7001"}})
	server := socketio.NewServer(socketio.Options{
		Adapter: redisadapter.NewSharded(client, redisadapter.ShardedOptions{SubscriptionMode: redisadapter.Dynamic}),
	})
	defer server.Close()
	http.Handle("/socket.io/", server)
}
