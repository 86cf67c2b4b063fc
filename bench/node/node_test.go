package node

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/transports"
	"transportlab/transports/all"
	"transportlab/transports/carrier"
)

func TestMain(m *testing.M) {
	if IsChild() {
		os.Exit(Main())
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // each child would sleep for a second at its end
	goleak.VerifyTestMain(m)
}

func started(t *testing.T, c Config) *Child {
	t.Helper()
	n, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Kill)
	return n
}

func TestAChildServesAndSaysGoodbye(t *testing.T) {
	n := started(t, Config{Carrier: carrier.H1, Transports: []string{"websocket", "longpoll"}})
	if n.PID == os.Getpid() || len(n.Transports) != 2 || n.Store.Kind != "memory" {
		t.Errorf("announced %+v", n.Ready)
	}
	client, err := carrier.Dial(n.Carrier, carrier.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ws, err := all.Find("websocket", transports.Options{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ws.Dial(t.Context(), transports.Target{URL: n.URL + "/websocket", Topic: "a", Client: client.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Send(t.Context(), transports.Message{Data: []byte("hello")}); err != nil {
		t.Fatal(err)
	}
	if m, err := conn.Recv(t.Context()); err != nil || string(m.Data) != "hello" {
		t.Fatalf("received %q, %v", m.Data, err)
	}
	before, err := n.Sample(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	after, err := n.Sample(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	if after.GCs <= before.GCs || after.Goroutines < 3 || after.RSS < 1<<20 || after.CPU <= before.CPU || after.Descriptors < 5 {
		t.Errorf("samples %+v and %+v", before, after)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if _, err := conn.Recv(t.Context()); err == nil {
		t.Error("the client was not told")
	}
}

func TestAChildEndsInOrderAtSIGTERM(t *testing.T) {
	n := started(t, Config{})
	if err := n.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-n.Ended()
	if err := n.Close(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestStartTellsWhyAChildDidNotStart(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Carrier: "pigeon"}, `unknown carrier "pigeon"`},
		{Config{Transports: []string{"pigeon"}}, `there is no transport "pigeon"`},
		{Config{Addr: "127.0.0.1:99999"}, "invalid port"},
	} {
		if n, err := Start(t.Context(), c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one that contains %q", c.config, err, c.want)
			if n != nil {
				n.Kill()
			}
		}
	}
}

func TestCloseTellsHowAChildDied(t *testing.T) {
	n := started(t, Config{})
	if err := n.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("error %v", err)
	}
}

func TestServeEndsWithItsInputAndWithItsContext(t *testing.T) {
	in, parent := io.Pipe()
	served := make(chan error, 1)
	out, announced := io.Pipe()
	go func() { served <- Serve(t.Context(), Config{Stats: true}, in, announced) }() // ends with in
	var ready Ready
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(ready.Stats)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	req, _ := http.NewRequest(http.MethodGet, ready.Stats, nil)
	req.Host = "evil.example"
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("another name of the address is answered %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	parent.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b bytes.Buffer
	start := time.Now()
	if err := Serve(ctx, Config{}, nil, &b); err != nil || b.Len() == 0 {
		t.Errorf("%v after %s, announced %q", err, time.Since(start), b.String())
	}
}

func TestAStoreIsSharedByNodes(t *testing.T) {
	store, err := StartStore(t.Context(), "embedded")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if store.Info.Kind != "embedded miniredis" || store.Spec == "" {
		t.Errorf("store %+v", store)
	}
	arm, err := all.Find("longpoll", transports.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dial := func() transports.Conn {
		n := started(t, Config{Store: store.Spec})
		conn, err := arm.Dial(t.Context(), transports.Target{URL: n.URL + "/longpoll", Topic: "a"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	a, b := dial(), dial()
	if _, err := a.Send(t.Context(), transports.Message{Data: []byte("hello")}); err != nil {
		t.Fatal(err)
	}
	if m, err := b.Recv(t.Context()); err != nil || string(m.Data) != "hello" {
		t.Errorf("the other node delivers %q, %v", m.Data, err)
	}
	a.Close()
	b.Close()
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func TestLoopback(t *testing.T) {
	for url, want := range map[string]bool{
		"http://127.0.0.1:80": true, "https://localhost/x": true, "http://[::1]:8": true, "http://127.9.9.9": true,
		"http://10.0.0.1:80": false, "https://example.com": false, "http://localhost.example.com": false, "": false,
		"http://127.0.0.1.example.com": false,
	} {
		if err := Loopback(url); (err == nil) != want {
			t.Errorf("%q: %v", url, err)
		}
	}
}
