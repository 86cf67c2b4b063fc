package emitter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"transportlab/socketio/internal/redistest"
)

func TestMain(m *testing.M) {
	// go-redis tries a lost server once more a second after its Close
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

func TestClassicMessagesAreThoseOfTheOfficialEmitter(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: redistest.Start(t).Addr})
	defer client.Close()
	messages := client.PSubscribe(t.Context(), "*")
	defer messages.Close()
	if _, err := messages.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := New(client, Options{}).Of("chat")
	for _, c := range []struct {
		send          func(context.Context) error
		channel, want string
	}{
		{
			func(ctx context.Context) error { return e.Emit(ctx, "hi", 1) }, "socket.io#/chat#",
			"\x93\xa7emitter\x83\xa4type\x02\xa4data\x92\xa2hi\x01\xa3nsp\xa5/chat\x83\xa5rooms\x90\xa6except\x90\xa5flags\x80",
		},
		{
			func(ctx context.Context) error {
				return e.To("r").Except("x").Volatile().Compress(false).Emit(ctx, "hi")
			}, "socket.io#/chat#r#",
			"\x93\xa7emitter\x83\xa4type\x02\xa4data\x91\xa2hi\xa3nsp\xa5/chat\x83\xa5rooms\x91\xa1r\xa6except\x91\xa1x\xa5flags\x82\xa8volatile\xc3\xa8compress\xc2",
		},
		{
			func(ctx context.Context) error { return e.To("a", "b").To("a").Emit(ctx, "hi") }, "socket.io#/chat#",
			"\x93\xa7emitter\x83\xa4type\x02\xa4data\x91\xa2hi\xa3nsp\xa5/chat\x83\xa5rooms\x92\xa1a\xa1b\xa6except\x90\xa5flags\x80",
		},
		{
			func(ctx context.Context) error { return e.To("a").SocketsJoin(ctx, "b") }, "socket.io-request#/chat#",
			`{"type":2,"opts":{"rooms":["a"],"except":[]},"rooms":["b"]}`,
		},
		{
			func(ctx context.Context) error { return e.SocketsLeave(ctx, "b", "c") }, "socket.io-request#/chat#",
			`{"type":3,"opts":{"rooms":[],"except":[]},"rooms":["b","c"]}`,
		},
		{
			func(ctx context.Context) error { return e.Except("a").DisconnectSockets(ctx, true) }, "socket.io-request#/chat#",
			`{"type":4,"opts":{"rooms":[],"except":["a"]},"close":true}`,
		},
		{
			func(ctx context.Context) error { return e.ServerSideEmit(ctx, "hi", "x") }, "socket.io-request#/chat#",
			`{"uid":"emitter","type":6,"data":["hi","x"]}`,
		},
	} {
		if err := c.send(t.Context()); err != nil {
			t.Fatal(err)
		}
		received, err := messages.ReceiveTimeout(t.Context(), 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		m := received.(*redis.Message)
		if m.Channel != c.channel || m.Payload != c.want {
			t.Errorf("got  %s %q\nwant %s %q", m.Channel, m.Payload, c.channel, c.want)
		}
	}
}

func TestStreamEntriesAreThoseOfTheOfficialEmitter(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: redistest.Start(t).Addr})
	defer client.Close()
	e := NewStreams(client, StreamsOptions{})
	for _, send := range []func(context.Context) error{
		func(ctx context.Context) error { return e.To("r").Emit(ctx, "hi", 1) },
		func(ctx context.Context) error { return e.ServerSideEmit(ctx, "hi", "x") },
	} {
		if err := send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := client.XRange(t.Context(), "socket.io", "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`map[data:{"packet":{"type":2,"data":["hi",1]},"opts":{"rooms":["r"],"except":[],"flags":{}}} nsp:/ type:3 uid:emitter]`,
		`map[data:{"packet":["hi","x"]} nsp:/ type:9 uid:emitter]`,
	}
	var got []string
	for _, entry := range entries {
		got = append(got, fmt.Sprint(entry.Values))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestErrorsNameWhatFailed(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	defer client.Close()
	e := New(client, Options{})
	if err := e.Emit(t.Context(), "disconnect"); !errors.Is(err, ErrReserved) {
		t.Errorf("error %v, want ErrReserved", err)
	}
	if err := e.Emit(t.Context(), "x", make(chan int)); err == nil {
		t.Error("a channel was sent")
	}
	if err := e.Emit(t.Context(), "x"); err == nil {
		t.Error("no error without Redis")
	}
}
