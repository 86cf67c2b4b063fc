package ajax

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/transports"
	"transportlab/transports/memlog"
)

// answer is a transport that hands requests to a handler, in no time.
type answer struct{ http.Handler }

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	a.ServeHTTP(w, r)
	return w.Result(), nil
}

func TestAnswerToPostBringsTheMessageWithoutAGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(transports.Options{Interval: time.Hour})
		s := a.NewServer(memlog.New(memlog.Options{}))
		defer s.Shutdown(t.Context())
		c, _ := a.Dial(t.Context(), transports.Target{URL: "http://lab/ajax", Topic: "t", Client: &http.Client{Transport: answer{s}}})
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got := make(chan transports.Message, 1)
		go func() { // ends with the message
			m, err := c.Recv(ctx)
			if err != nil {
				t.Error(err)
			}
			got <- m
		}()
		synctest.Wait() // the first GET found nothing; the next is far away
		at, err := c.Send(ctx, transports.Message{ID: "a", Data: []byte("x")})
		if err != nil {
			t.Fatal(err)
		}
		if m := <-got; m.Cursor != at {
			t.Errorf("received %v, want the message at %v", m, at)
		}
	})
}

func TestIntervalAdapts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(transports.Options{Interval: time.Second})
		log := memlog.New(memlog.Options{})
		s := a.NewServer(log)
		defer s.Shutdown(t.Context())
		var asked []time.Duration
		start := time.Now()
		count := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, time.Since(start))
			s.ServeHTTP(w, r)
		})
		c, _ := a.Dial(t.Context(), transports.Target{URL: "http://lab/ajax", Topic: "t", Client: &http.Client{Transport: answer{count}}})
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		c.Recv(ctx)
		want := []time.Duration{0, 250, 750, 1750, 3750, 7750, 11750}
		if len(asked) != len(want) {
			t.Fatalf("asked at %v, want %v ms", asked, want)
		}
		for i := range want {
			if asked[i] != want[i]*time.Millisecond {
				t.Errorf("asked at %v, want %v ms", asked, want)
				break
			}
		}
	})
}

func TestContentIsNegotiated(t *testing.T) {
	log := memlog.New(memlog.Options{})
	s := New(transports.Options{}).NewServer(log)
	hostile := `<script>alert(1)</script>`
	at, err := log.Append(t.Context(), "t", transports.Message{ID: "<b>", Data: []byte(hostile)})
	if err != nil {
		t.Fatal(err)
	}
	get := func(accept, tag string) *http.Response {
		r := httptest.NewRequest("GET", "/ajax/t", nil)
		r.Header.Set("Accept", accept)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	body := func(r *http.Response) string {
		p, _ := io.ReadAll(r.Body)
		return string(p)
	}
	if r := get("*/*", ""); r.Header.Get("Content-Type") != "application/json" || r.Header.Get("ETag") != `"`+at.String()+`"` {
		t.Errorf("JSON: %v", r.Header)
	}
	if r := get("*/*", `"`+at.String()+`"`); r.StatusCode != http.StatusNotModified || body(r) != "" {
		t.Errorf("unchanged: %d", r.StatusCode)
	}
	fragment := body(get("text/html", ""))
	page := body(get("text/html,application/xhtml+xml,*/*", ""))
	if strings.Contains(fragment, "<html") || !strings.HasPrefix(fragment, "<li") {
		t.Errorf("fragment: %s", fragment)
	}
	if !strings.Contains(page, "<html") || !strings.Contains(page, fragment) {
		t.Errorf("page: %s", page)
	}
	for _, html := range []string{fragment, page} {
		if strings.Contains(html, "<script") || strings.Contains(html, "<b>") {
			t.Errorf("a message became markup: %s", html)
		}
	}
	if csp := get("text/html", "").Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
	s.Shutdown(t.Context())
}
