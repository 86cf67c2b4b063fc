package redislog

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/redislog/redistest"
)

func TestOpenPrivateServer(t *testing.T) {
	redistest.Need(t)
	s := open(t, "auto", Options{})
	if s.Info.Kind != "redis-server child" || s.Info.Persistence != "none" || s.Info.Version == "" {
		t.Errorf("%+v", s.Info)
	}
	socket, ok := strings.CutPrefix(s.Spec, "unix://")
	if !ok {
		t.Fatalf("spec %q", s.Spec)
	}
	put(t, s.Log, "child", "id0")
	other := open(t, s.Spec, Options{}) // as another process does
	if ms, err := other.Log.Read(t.Context(), "child", transports.Cursor{}, 1); err != nil || len(ms) != 1 {
		t.Errorf("%d messages, %v", len(ms), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("unix", socket); err == nil {
		t.Error("the server outlived its store")
	}
	if _, err := os.Stat(filepath.Dir(socket)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder is still there: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func TestOpenPrivateServerWithLongFolder(t *testing.T) {
	redistest.Need(t)
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	s := open(t, "auto", Options{Persist: true})
	if !strings.HasPrefix(s.Spec, "redis://127.0.0.1:") || s.Info.Persistence != "aof" {
		t.Errorf("%q %+v", s.Spec, s.Info)
	}
	put(t, s.Log, "child", "id0")
}

func TestOpenWithoutServerIsEmbedded(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	s := open(t, "", Options{})
	if s.Info.Kind != "embedded miniredis" || !strings.HasPrefix(s.Spec, "redis://127.0.0.1:") {
		t.Errorf("%q %+v", s.Spec, s.Info)
	}
	put(t, s.Log, "embedded", "id0")
	if other := open(t, s.Spec, Options{}); other.Info.Kind != "embedded miniredis" {
		t.Errorf("another process takes it for %+v", other.Info)
	}
}

func TestEmbeddedKeysExpire(t *testing.T) {
	s := open(t, "embedded", Options{TTL: time.Second})
	put(t, s.Log, "expires", "id0")
	client := s.Log.(*Log).client
	eventually(t, "the keys expire", func() bool { return client.DBSize(t.Context()).Val() == 0 })
}

func TestOpenMemory(t *testing.T) {
	s := open(t, "memory", Options{MaxLen: 3})
	last := fill(t, s.Log, "memory", 0, 5)
	if ms, err := s.Log.Read(t.Context(), "memory", transports.Cursor{}, 10); err != nil || len(ms) != 3 || last.Offset != 5 {
		t.Errorf("%d messages, %v", len(ms), err)
	}
	if s.Info.Kind != "memory" || s.Spec != "" {
		t.Errorf("%+v", s)
	}
}

func TestInfoInResults(t *testing.T) {
	b, err := json.Marshal(Info{Kind: "redis", Version: "7.0.15", Address: "h:1", Persistence: "aof", EvictionPolicy: "noeviction", PubSub: "plain"})
	want := `{"kind":"redis","version":"7.0.15","address":"h:1","persistence":"aof","eviction_policy":"noeviction","pubsub":"plain"}`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
	if s := (Info{Kind: "redis", Version: "7.0.15", Address: "h:1", Persistence: "aof"}).String(); s != "redis 7.0.15 h:1, persistence aof" {
		t.Error(s)
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	for _, test := range []struct{ spec, want string }{
		{"rediss", "redis+cluster://"},
		{"localhost:6379", "redis://"},
		{"http://x", "redis://"},
		{"redis://h:x", "redis://"},
		{"redis://h/notanumber", "database"},
		{"redis+cluster://h", "host:port"},
		{"redis+cluster://h:1/3", "one database"},
		{"redis+cluster://h:1?tls=maybe", "neither true nor false"},
		{"redis+cluster://h:1,h:2?x=y", `unknown parameter "x"`},
		{"redis+sentinel://h:1,h:2", "names no master"},
		{"redis+sentinel://h:1,h:2/m/x", "number of a database"},
		{"redis://" + nobody.Addr().String(), "is it running"},
		{"unix:///no/such/socket", "is it running"},
	} {
		s, err := Open(t.Context(), test.spec, Options{Timeout: time.Second})
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Open(%q): %v; want a word of %q", test.spec, err, test.want)
		}
	}
	_, err = Open(t.Context(), "redis+cluster://user:hunter2@h", Options{})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error holds the password: %v", err)
	}
}

func TestOpenRefusesTheWrongMode(t *testing.T) {
	s := redistest.Start(t, "--cluster-enabled", "yes", "--cluster-port", "0")
	if store, err := Open(t.Context(), s.URL(), Options{}); err == nil || !strings.Contains(err.Error(), "redis+cluster://") {
		if err == nil {
			store.Close()
		}
		t.Errorf("a cluster's node as a server: %v", err)
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	s := redistest.Start(t)
	s.Pause()
	defer s.Resume()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if store, err := Open(ctx, s.URL(), Options{}); !errors.Is(err, transports.ErrUnavailable) {
		if err == nil {
			store.Close()
		}
		t.Errorf("opening a paused server: %v", err)
	}
}
