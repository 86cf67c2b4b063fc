package emitter_test

import (
	"context"
	"log"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio/emitter"
)

// A command tells the clients of a running cluster that it has finished.
func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	defer client.Close()
	e := emitter.New(client, emitter.Options{})
	if err := e.Of("/jobs").To("watchers").Emit(context.Background(), "done", map[string]int{"job": 7}); err != nil {
		log.Print(err)
	}
}
