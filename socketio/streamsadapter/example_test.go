package streamsadapter_test

import (
	"net/http"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/streamsadapter"
)

// A client that loses its connection gets what it missed when it comes back, to whatever node.
func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	server := socketio.NewServer(socketio.Options{
		Adapter:  streamsadapter.New(client, streamsadapter.Options{MaxLen: 100_000}),
		Recovery: &socketio.RecoveryOptions{},
	})
	defer server.Close()
	http.Handle("/socket.io/", server)
}
