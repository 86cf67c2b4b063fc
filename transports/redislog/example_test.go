package redislog_test

import (
	"context"
	"errors"
	"fmt"

	"transportlab/transports"
	"transportlab/transports/redislog"
)

func ExampleOpen() {
	ctx := context.Background()
	store, err := redislog.Open(ctx, "embedded", redislog.Options{MaxLen: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	for _, word := range []string{"append", "wait", "read"} {
		if _, err := store.Log.Append(ctx, "words", transports.Message{ID: word, Data: []byte(word)}); err != nil {
			fmt.Println(err)
			return
		}
	}
	done := errors.New("done")
	_ = transports.Follow(ctx, store.Log, "words", transports.Cursor{}, 10, func(ms []transports.Message) error {
		for _, m := range ms {
			fmt.Printf("%d %s\n", m.Offset, m.Data)
		}
		return done
	})
	fmt.Println(store.Info.Kind)
	// Output:
	// 1 append
	// 2 wait
	// 3 read
	// embedded miniredis
}
