package transports_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/transports"
	"transportlab/transports/memlog"
	"transportlab/transports/polling"
	"transportlab/transports/websocket"
)

func TestServerRoutesAndRefuses(t *testing.T) {
	policy := transports.Policy{
		Hosts: []string{"127.0.0.1", "lab.example"},
		Authorize: func(r *http.Request, topic string) error {
			switch {
			case r.Header.Get("Authorization") == "":
				return transports.ErrUnauthorized
			case topic == "private":
				return transports.ErrForbidden
			}
			return nil
		},
	}
	s := transports.NewServer(memlog.New(memlog.Options{}), policy, polling.New(transports.Options{}), websocket.New(transports.Options{}))
	for _, c := range []struct {
		path, host, token string
		status            int
		code              string
	}{
		{"/polling/t", "127.0.0.1:80", "x", 204, ""},
		{"/polling/t", "lab.example", "x", 204, ""},
		{"/polling/t", "evil.example", "x", 403, "forbidden"},
		{"/polling/t", "lab.example.evil", "x", 403, "forbidden"},
		{"/polling/t", "127.0.0.1", "", 401, "unauthorized"},
		{"/polling/private", "127.0.0.1", "x", 403, "forbidden"},
		{"/polling/_t", "127.0.0.1", "x", 400, "topic_invalid"},
		{"/polling/a/b", "127.0.0.1", "x", 400, "topic_invalid"},
		{"/polling/", "127.0.0.1", "x", 400, "topic_invalid"},
		{"/polling", "127.0.0.1", "x", 404, "not_found"},
		{"/pigeon/t", "127.0.0.1", "x", 404, "not_found"},
		{"/websocket/t", "127.0.0.1", "x", 426, "upgrade"},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Host = c.host
		if c.token != "" {
			r.Header.Set("Authorization", c.token)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var body struct{ Error struct{ Code string } }
		json.Unmarshal(w.Body.Bytes(), &body)
		if w.Code != c.status || body.Error.Code != c.code {
			t.Errorf("%s at %s with token %q: %d %s, want %d %s", c.path, c.host, c.token, w.Code, w.Body, c.status, c.code)
		}
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFollowReturnsEveryMessageInOrder(t *testing.T) {
	log := memlog.New(memlog.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // ends with the last message
		for i := range 100 {
			log.Append(ctx, "t", transports.Message{ID: string(rune('A'+i%26)) + string(rune('a'+i/26))})
		}
	}()
	stop := errors.New("enough")
	next := uint64(1)
	err := transports.Follow(ctx, log, "t", transports.Cursor{}, 7, func(ms []transports.Message) error {
		for _, m := range ms {
			if m.Offset != next || len(ms) > 7 {
				t.Errorf("offset %d in a batch of %d, want %d in at most 7", m.Offset, len(ms), next)
			}
			next++
		}
		if next > 100 {
			return stop
		}
		return nil
	})
	if err != stop {
		t.Errorf("Follow returned %v", err)
	}
	log.Forget("t")
	var gap *transports.GapError
	if err := transports.Follow(ctx, log, "t", transports.Cursor{Epoch: "gone", Offset: 1}, 7, nil); !errors.As(err, &gap) {
		t.Errorf("Follow of a lost epoch returned %v, want a *GapError", err)
	}
}

func TestA31_TopicsThatOneAddressBeginsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := transports.NewServer(memlog.New(memlog.Options{}), transports.Policy{}, polling.New(transports.Options{}))
		get := func(topic, client string) int {
			r := httptest.NewRequest("GET", "/polling/"+topic, nil)
			r.RemoteAddr = client
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
				t.Error("429 without Retry-After")
			}
			return w.Code
		}
		for i := range 60 {
			want := 204
			if i >= 50 {
				want = 429
			}
			if got := get(fmt.Sprint("t", i), "192.0.2.1:1000"); got != want {
				t.Errorf("topic %d: %d, want %d", i, got, want)
			}
		}
		if got := get("t7", "192.0.2.1:1001"); got != 204 {
			t.Errorf("a topic that is known: %d", got)
		}
		if got := get("other", "192.0.2.2:1000"); got != 204 {
			t.Errorf("another address: %d", got)
		}
		time.Sleep(61 * time.Second)
		if got := get("t55", "192.0.2.1:1000"); got != 204 {
			t.Errorf("a minute later: %d", got)
		}
		s.Shutdown(t.Context())
	})
}
