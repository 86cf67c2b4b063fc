package admin

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/client"
	"transportlab/socketio/engineio"
)

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	server := socketio.NewServer(socketio.Options{})
	defer server.Close()
	check := func(string, string) bool { return false }
	for name, tc := range map[string]struct {
		o    Options
		want error
	}{
		"no authentication":   {Options{}, ErrNoCheck},
		"two authentications": {Options{Check: check, NoAuth: true}, ErrBothAuth},
		"main namespace":      {Options{Namespace: "/", NoAuth: true}, ErrNamespace},
	} {
		if _, err := Instrument(server, tc.o); !errors.Is(err, tc.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	first, err := Instrument(server, Options{NoAuth: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Instrument(server, Options{NoAuth: true, Namespace: "other"}); !errors.Is(err, engineio.ErrObserved) {
		t.Errorf("a second time: %v", err)
	}
	first.Close()
	first.Close()
	second, err := Instrument(server, Options{NoAuth: true, Namespace: "other"})
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	second.Close()
}

func TestOnlyTheRightCredentialsOrASessionLetIn(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{Check: Secret("ada", "lovelace"), Namespace: "custom"})
	for _, auth := range []any{
		nil, map[string]any{}, map[string]any{"username": "ada"}, map[string]any{"username": "ada", "password": "wrong"},
		map[string]any{"username": "eve", "password": "lovelace"}, map[string]any{"sessionId": "0123456789abcdef"},
		map[string]any{"sessionId": 1}, map[string]any{"username": []string{"ada"}, "password": "lovelace"},
	} {
		p := n.pageSocket(auth)
		p.Connect()
		var refused *client.ConnectError
		if err := p.Wait(deadline(t)); !errors.As(err, &refused) || refused.Message != "invalid credentials" || len(refused.Data.JSON) != 0 {
			t.Errorf("credentials %v: %v", auth, err)
		}
	}
	p := n.page(map[string]any{"username": "ada", "password": "lovelace", "sessionId": ""})
	if p.Namespace() != "/custom" {
		t.Errorf("namespace %s", p.Namespace())
	}
	id, _ := p.wait("session", nil).args[0].(string)
	if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(id) {
		t.Errorf("session id %q", id)
	}
	p.wait("config", nil)
	var told []any // before CONNECT and after
	p.mu.Lock()
	for _, h := range p.heard {
		if h.event == "session" || h.event == "config" {
			told = append(told, h.event)
		}
		if h.event == "session" && h.args[0] != id {
			t.Errorf("another session %v", h.args[0])
		}
	}
	first := p.heard[0].event
	p.mu.Unlock()
	if !slices.Equal(told, []any{"session", "session", "config"}) || first != "session" {
		t.Errorf("told %q, first %q", told, first)
	}
	again := n.page(map[string]any{"sessionId": id})
	again.wait("config", nil)
	if again.has("session") {
		t.Error("a session was made for one who has one")
	}
}

func TestWithoutAuthenticationEverybodyComesIn(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true})
	p := n.page(nil)
	p.wait("config", nil)
	if p.has("session") {
		t.Error("a session was made")
	}
}

type brokenStore struct{ err error }

func (b brokenStore) Save(context.Context, string) error          { return b.err }
func (b brokenStore) Known(context.Context, string) (bool, error) { return false, b.err }

func TestABrokenStoreKeepsOutSessionsButNotPasswords(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{Check: Secret("ada", "x"), Sessions: brokenStore{errors.New("broken")}})
	p := n.pageSocket(map[string]any{"sessionId": "a"})
	p.Connect()
	if err := p.Wait(deadline(t)); err == nil || !strings.Contains(err.Error(), "sessions are unavailable") {
		t.Errorf("with a session: %v", err)
	}
	in := n.page(map[string]any{"username": "ada", "password": "x"})
	in.wait("config", nil)
	if in.has("session") {
		t.Error("a session that was not saved is told")
	}
}

func TestSessionsEndAfterADayAndAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemorySessions()
		known := func(id string) bool {
			ok, err := m.Known(t.Context(), id)
			return ok && err == nil
		}
		save := func(id string) {
			if err := m.Save(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		save("a")
		time.Sleep(SessionLifetime - time.Second)
		if !known("a") || known("b") {
			t.Error("a session ended early, or one is known that was not saved")
		}
		time.Sleep(time.Second)
		if known("a") {
			t.Error("a session lasts too long")
		}
		save("b")
		if len(m.order) != 1 || len(m.until) != 1 {
			t.Errorf("%d sessions are kept", len(m.order))
		}
		for range maxSessions {
			save(engineio.NewID())
		}
		if known("b") || len(m.until) != maxSessions || len(m.order) != maxSessions {
			t.Errorf("%d sessions are kept", len(m.until))
		}
	})
}

func TestAClosedAdminLetsNobodyIn(t *testing.T) {
	n := newNode(t, socketio.Options{}, Options{NoAuth: true})
	p := n.page(nil)
	gone := make(chan client.Reason, 1)
	p.OnDisconnect(func(r client.Reason, _ error) { gone <- r })
	n.admin.Close()
	select {
	case r := <-gone:
		if r != client.ReasonServerDisconnect {
			t.Errorf("reason %q", r)
		}
	case <-deadline(t).Done():
		t.Fatal("the page stays")
	}
	late := n.pageSocket(nil)
	late.Connect()
	if err := late.Wait(deadline(t)); err == nil || !strings.Contains(err.Error(), "administration has ended") {
		t.Errorf("after Close: %v", err)
	}
	n.join("/") // the rest of the server goes on
}
