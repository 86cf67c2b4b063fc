package streamsadapter

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/internal/nodewiretest"
	"transportlab/socketio/internal/redistest"
	"transportlab/socketio/internal/testclient"
	"transportlab/socketio/parser"
)

// oneNode returns the namespace "/hostile" of a server with recovery, and a function that connects a client to it.
func oneNode(t *testing.T, client redis.UniversalClient) (*socketio.Namespace, func(auth any) *testclient.Client) {
	t.Helper()
	server := socketio.NewServer(socketio.Options{
		Adapter: New(client, Options{}), Recovery: &socketio.RecoveryOptions{}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ns := server.Of("/hostile")
	if _, err := ns.ServerCount(ctx); err != nil {
		t.Fatal(err)
	}
	return ns, func(auth any) *testclient.Client {
		c, err := testclient.Dial(t, ctx, web.URL, "/hostile", auth)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func TestStreamsSurviveHostileMessages(t *testing.T) {
	redisClient := newClient(t, redistest.Start(t).Addr)
	ns, dial := oneNode(t, redisClient)
	client := dial(nil)
	var messages [][]byte
	for _, m := range nodewiretest.Valid(t, "/hostile") {
		if m.Kind == nodewire.Disconnect {
			continue // some of its mutants are valid, and would disconnect the client
		}
		b, err := m.Msgpack()
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, b)
	}
	for _, message := range nodewiretest.Hostile(t, messages...) {
		if strings.Contains(string(message), "\xa4type\x06") {
			continue
		}
		if err := redisClient.Publish(t.Context(), "socket.io#/hostile#", message).Err(); err != nil {
			t.Fatal(err)
		}
	}
	add := func(values ...string) {
		t.Helper()
		if err := redisClient.XAdd(t.Context(), &redis.XAddArgs{Stream: "socket.io", Values: values}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range nodewiretest.Valid(t, "/hostile") {
		fields, err := m.Entry()
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(fields); i += 2 {
			if m.Kind == nodewire.Disconnect && i == 1 {
				continue
			}
			changed := append([]string{}, fields...)
			for _, value := range []string{"", "{", "{}", "null", "%%%", "gA==", "-1", strings.Repeat("k", 1000)} {
				changed[i] = value
				if m.Kind == nodewire.Disconnect && i == 7 {
					continue
				}
				add(changed...)
			}
		}
	}
	add("nothing", "of this")
	if err := ns.Emit(t.Context(), "still there"); err != nil {
		t.Fatal(err)
	}
	if !client.Has("still there", 1, 20*time.Second) {
		t.Error("the node does not deliver any more")
	}
	data := parser.Value{JSON: []byte(`["from another node"]`)}
	fields, err := nodewire.Message{Kind: nodewire.Broadcast, UID: "other", Namespace: "/hostile", Data: data}.Entry()
	if err != nil {
		t.Fatal(err)
	}
	add(fields...)
	if !client.Has("from another node", 1, 20*time.Second) {
		t.Error("the node does not read the stream any more")
	}
}

// A session and a stream that somebody has written rubbish into: the client is a new one, and nothing worse happens.
func TestSpoiltSessionsAreNotRecovered(t *testing.T) {
	redisClient := newClient(t, redistest.Start(t).Addr)
	ns, dial := oneNode(t, redisClient)
	first := dial(nil)
	if err := ns.Emit(t.Context(), "offset, please"); err != nil {
		t.Fatal(err)
	}
	if !first.Has("offset, please", 1, 20*time.Second) {
		t.Fatal("the client got nothing")
	}
	good, err := nodewire.Session(socketio.Session{SocketID: "AAAAAAAAAAAAAAAAAAAA", PrivateID: "other"})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "%%%", "gA==", "kA==", "3f////8=", good} {
		if err := redisClient.Set(t.Context(), "sio:session:pid", text, 0).Err(); err != nil {
			t.Fatal(err)
		}
		c := dial(map[string]string{"pid": "pid", "offset": first.Last()})
		if c.PID == "pid" || c.SID == "AAAAAAAAAAAAAAAAAAAA" || ns.Socket(c.SID).Recovered() {
			t.Errorf("session %q is recovered", text)
		}
	}
}

func TestRecoveryTakesMoreThanOneRead(t *testing.T) {
	redisClient := newClient(t, redistest.Start(t).Addr)
	ns, dial := oneNode(t, redisClient)
	c := dial(nil)
	if err := ns.Emit(t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	if !c.Has("before", 1, 20*time.Second) {
		t.Fatal("the client got nothing")
	}
	was := map[string]string{"pid": c.PID, "offset": c.Last()}
	c.Drop()
	redistest.Poll(t, "the session to be kept", func() bool {
		n, err := redisClient.Exists(t.Context(), "sio:session:"+c.PID).Result()
		return err == nil && n == 1
	})
	if ttl := redisClient.PTTL(t.Context(), "sio:session:"+c.PID).Val(); ttl <= 0 || ttl > 2*time.Minute {
		t.Errorf("the session is kept for %v", ttl)
	}
	pipe := redisClient.Pipeline()
	const missed = 2*restoreCount + 1
	for range missed {
		fields, err := nodewire.Message{Kind: nodewire.Broadcast, UID: "other", Namespace: "/hostile", Data: parser.Value{JSON: []byte(`["missed"]`)}}.Entry()
		if err != nil {
			t.Fatal(err)
		}
		pipe.XAdd(t.Context(), &redis.XAddArgs{Stream: "socket.io", Values: fields})
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := dial(was)
	if back.SID != c.SID || !back.Has("missed", missed, 20*time.Second) {
		t.Errorf("recovered %v, got %d of %d", back.SID == c.SID, back.Times("missed"), missed)
	}
}
