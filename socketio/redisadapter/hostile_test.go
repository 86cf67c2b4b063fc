package redisadapter

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

const hostileNamespace = "/hostile"

// oneNode returns a server with one client, and the socket of that client.
func oneNode(t *testing.T, adapter socketio.AdapterFunc) (*testclient.Client, *socketio.Socket) {
	t.Helper()
	server := socketio.NewServer(socketio.Options{Adapter: adapter, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	ns := server.Of(hostileNamespace)
	if _, err := ns.ServerCount(ctx); err != nil {
		t.Fatal(err)
	}
	client, err := testclient.Dial(t, ctx, web.URL, hostileNamespace, nil)
	if err != nil {
		t.Fatal(err)
	}
	var socket *socketio.Socket
	redistest.Poll(t, "the socket to be there", func() bool {
		socket = ns.Socket(client.SID)
		return socket != nil
	})
	return client, socket
}

func TestClassicSurvivesHostileMessages(t *testing.T) {
	redisClient := newClient(t, redistest.Start(t).Addr)
	client, _ := oneNode(t, New(redisClient, Options{}))
	event := parser.Packet{Type: parser.Event, Namespace: hostileNamespace, Data: parser.Value{JSON: []byte(`["x",1]`)}}
	broadcast, err := nodewire.ClassicBroadcast("other", event, socketio.BroadcastOptions{})
	if err != nil {
		t.Fatal(err)
	}
	valid := [][]byte{broadcast}
	for kind := nodewire.RequestSocketIDs; kind <= nodewire.RequestBroadcast; kind++ {
		if kind == nodewire.RequestDisconnect {
			continue // some of its mutants are valid, and would disconnect the client
		}
		b, err := nodewire.Request{Kind: kind, UID: "other", RequestID: "i", Data: event.Data, Namespace: hostileNamespace}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		valid = append(valid, b)
	}
	for _, kind := range []nodewire.ResponseKind{nodewire.RespondSockets, nodewire.RespondServerSideEmit, nodewire.RespondDelivered, nodewire.RespondAck} {
		b, err := nodewire.Response{Kind: kind, RequestID: "i"}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		valid = append(valid, b)
	}
	for _, message := range nodewiretest.Hostile(t, valid...) {
		for _, channel := range []string{"socket.io#/hostile#", "socket.io#/hostile#" + client.SID + "#", "socket.io-request#/hostile#", "socket.io-response#/hostile#"} {
			if strings.Contains(string(message), `"type":4`) && strings.Contains(channel, "request") {
				continue
			}
			if err := redisClient.Publish(t.Context(), channel, message).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	event.Data.JSON = []byte(`["still there"]`)
	if broadcast, err = nodewire.ClassicBroadcast("other", event, socketio.BroadcastOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := redisClient.Publish(t.Context(), "socket.io#/hostile#", broadcast).Err(); err != nil {
		t.Fatal(err)
	}
	if !client.Has("still there", 1, 20*time.Second) {
		t.Error("the node does not deliver any more")
	}
}

func TestShardedSurvivesHostileMessages(t *testing.T) {
	redisClient := newClient(t, redistest.Start(t).Addr)
	client, _ := oneNode(t, NewSharded(redisClient, ShardedOptions{}))
	var valid [][]byte
	for _, m := range nodewiretest.Valid(t, hostileNamespace) {
		if m.Kind == nodewire.Disconnect {
			continue
		}
		for _, encode := range []func() ([]byte, error){m.JSON, m.Msgpack} {
			b, err := encode()
			if err != nil {
				t.Fatal(err)
			}
			valid = append(valid, b)
		}
	}
	for _, message := range nodewiretest.Hostile(t, valid...) {
		if strings.Contains(string(message), `"type":6`) || strings.Contains(string(message), "\xa4type\x06") {
			continue
		}
		if err := redisClient.SPublish(t.Context(), "socket.io#/hostile#", message).Err(); err != nil {
			t.Fatal(err)
		}
	}
	last := nodewire.Message{Kind: nodewire.Broadcast, UID: "other", Namespace: hostileNamespace, Data: parser.Value{JSON: []byte(`["still there"]`)}}
	b, err := last.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := redisClient.SPublish(t.Context(), "socket.io#/hostile#", b).Err(); err != nil {
		t.Fatal(err)
	}
	if !client.Has("still there", 1, 20*time.Second) {
		t.Error("the node does not deliver any more")
	}
}

// Requests that no node of today sends, but that the official adapter still answers.
func TestRequestsOfOldVersionsAreAnswered(t *testing.T) {
	redisClient := newClient(t, redistest.Start(t).Addr)
	client, socket := oneNode(t, New(redisClient, Options{}))
	responses := redisClient.Subscribe(t.Context(), "socket.io-response#/hostile#")
	defer responses.Close()
	if _, err := responses.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := func(request string) string {
		t.Helper()
		if err := redisClient.Publish(t.Context(), "socket.io-request#/hostile#", request).Err(); err != nil {
			t.Fatal(err)
		}
		m, err := responses.ReceiveTimeout(t.Context(), 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return m.(*redis.Message).Payload
	}
	sid := client.SID
	for _, c := range [][2]string{
		{`{"uid":"old","requestId":"1","type":0,"rooms":[]}`, `{"requestId":"1","sockets":["` + sid + `"]}`},
		{`{"uid":"old","requestId":"2","type":1}`, `{"requestId":"2","rooms":["` + sid + `"]}`},
		{`{"requestId":"3","type":2,"sid":"` + sid + `","room":"old"}`, `{"requestId":"3"}`},
		{`{"uid":"old","requestId":"4","type":0,"rooms":["old"]}`, `{"requestId":"4","sockets":["` + sid + `"]}`},
		{`{"requestId":"5","type":3,"sid":"` + sid + `","room":"old"}`, `{"requestId":"5"}`},
		{`{"uid":"old","requestId":"6","type":0,"rooms":["old"]}`, `{"requestId":"6","sockets":[]}`},
		{`{"requestId":"7","type":4,"sid":"` + sid + `","close":true}`, `{"requestId":"7"}`},
	} {
		if got := ask(c[0]); got != c[1] {
			t.Errorf("%s\ngot  %s\nwant %s", c[0], got, c[1])
		}
	}
	if !client.Gone(20*time.Second) || socket.Connected() {
		t.Error("the client is still connected")
	}
}

func TestUnknownSubscriptionModeIsRefused(t *testing.T) {
	server := socketio.NewServer(socketio.Options{
		Adapter: NewSharded(newClient(t, "127.0.0.1:1"), ShardedOptions{SubscriptionMode: "static "}),
		Logger:  slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	defer server.Close()
	if _, err := server.Of("/").ServerCount(t.Context()); err == nil || !strings.Contains(err.Error(), `"static "`) {
		t.Errorf("error %v", err)
	}
}
