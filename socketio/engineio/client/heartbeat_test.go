package client

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/socketio/engineio"
)

// A scripted round tripper answers polls with what comes from a channel, and every POST with ok.
type scripted chan string

func (s scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	body := "ok"
	if r.Method == http.MethodGet {
		select {
		case body = <-s:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func silentSession(t *testing.T) (*session, scripted) {
	answers := make(scripted, 10)
	answers <- handshake
	return dial(t, "http://host", Options{Transports: []string{Polling}, HTTPClient: &http.Client{Transport: answers}}), answers
}

func TestSilentServerIsAPingTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, answers := silentSession(t)
		begin := time.Now()
		time.Sleep(40 * time.Second)
		answers <- "2" // starts the time anew; other packets do not
		time.Sleep(40 * time.Second)
		answers <- "4hello"
		if r := <-s.closed; r != engineio.ReasonPingTimeout {
			t.Errorf("reason %q", r)
		}
		if err := <-s.cause; !errors.Is(err, ErrSilent) {
			t.Errorf("cause %v", err)
		}
		if d := time.Since(begin); d != 85*time.Second {
			t.Errorf("the session ended after %v, want 40 s + 25 s + 20 s", d)
		}
	})
}

func TestExpiredTellsBeforeTheTimerDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := silentSession(t)
		if s.Expired() {
			t.Error("a new session has expired")
		}
		s.mu.Lock()
		s.beat.due = time.Now().Add(-time.Second) // the wall clock went on while the machine slept
		s.mu.Unlock()
		if !s.Expired() {
			t.Error("the session has not expired")
		}
		if r := <-s.closed; r != engineio.ReasonPingTimeout {
			t.Errorf("reason %q", r)
		}
	})
}

func TestCloseOfAHangingServerTakesFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(scripted, 1)
		answers <- handshake
		hang := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answers.RoundTrip(r)
		})}
		s := dial(t, "http://host", Options{Transports: []string{Polling}, HTTPClient: hang})
		begin := time.Now()
		if err := s.Send(text("nobody reads this")); err != nil {
			t.Fatal(err)
		}
		s.Close()
		s.Wait()
		if d := time.Since(begin); d != closeTimeout {
			t.Errorf("Close took %v", d)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
