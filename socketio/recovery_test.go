package socketio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"transportlab/socketio/parser"
)

// identity joins the main namespace and returns the socket's ids.
func (l *lab) identity(connect string) (line *line, sid, pid string, before []string) {
	l.t.Helper()
	line = l.dial()
	line.say("0" + connect)
	for {
		text := line.hear()
		var ids struct{ SID, PID string }
		if strings.HasPrefix(text, "0") {
			if err := json.Unmarshal([]byte(text[1:]), &ids); err != nil {
				l.t.Fatal(err)
			}
			return line, ids.SID, ids.PID, before
		}
		before = append(before, text)
	}
}

var offsetOf = regexp.MustCompile(`,"([0-9A-Za-z_.-]+)"\]$`)

func recoveringLab(t *testing.T, r RecoveryOptions) (*lab, chan *Socket, *record) {
	l := newLab(t, Options{Recovery: &r})
	arrived, asked := make(chan *Socket, 100), &record{}
	ns := l.server.Of("/")
	ns.Use(func(_ context.Context, s *Socket) error {
		asked.add(fmt.Sprint(s.Recovered()))
		var auth struct{ Refuse bool }
		if s.Handshake().DecodeAuth(&auth) == nil && auth.Refuse {
			return errors.New("refused")
		}
		return nil
	})
	ns.OnConnect(func(s *Socket) {
		if !s.Recovered() {
			s.Join("r")
			s.SetData(map[string]int{"n": 1})
		}
		arrived <- s
	})
	return l, arrived, asked
}

func (l *lab) persisted(pid string) {
	l.t.Helper()
	store := l.server.Of("/").adapter.(*recovering)
	eventually(l.t, func() bool {
		store.mu.Lock()
		defer store.mu.Unlock()
		_, ok := store.sessions[pid]
		return ok
	}, func() string { return "the session is not kept" })
}

func TestRecoveryFollowsTheGoldenTrace(t *testing.T) {
	l, arrived, asked := recoveringLab(t, RecoveryOptions{})
	ctx, ns := t.Context(), l.server.Of("/")
	c, sid, pid, _ := l.identity("")
	s := <-arrived
	if len(sid) != 20 || len(pid) != 20 || sid == pid || s.ID() != sid {
		t.Fatalf("ids %q %q", sid, pid)
	}
	if err := errors.Join(s.Emit(ctx, "hi", "a"), ns.To("r").Emit(ctx, "bin", []byte{1, 2})); err != nil {
		t.Fatal(err)
	}
	if got := c.hear(); !regexp.MustCompile(`^2\["hi","a","[\w.-]+"\]$`).MatchString(got) {
		t.Errorf("heard %s", got)
	}
	last := c.hear()
	if !regexp.MustCompile(`^51-\["bin",\{"_placeholder":true,"num":0\},"[\w.-]+"\]$`).MatchString(last) {
		t.Errorf("heard %s", last)
	}
	offset := offsetOf.FindStringSubmatch(last)[1]
	c.expect("\x01\x02")
	_ = c.c.CloseNow()
	l.persisted(pid)
	for _, to := range []Broadcast{ns.All(), ns.To("r"), ns.To("elsewhere"), ns.To(sid), ns.All().Except("r"), ns.All().Volatile()} {
		if err := to.Emit(ctx, "missed", len(to.opts.Rooms)); err != nil {
			t.Fatal(err)
		}
	}
	c, sid2, pid2, before := l.identity(`{"pid":"` + pid + `","offset":"` + offset + `"}`)
	if sid2 != sid || pid2 != pid {
		t.Errorf("ids %q %q became %q %q", sid, pid, sid2, pid2)
	}
	if got := regexp.MustCompile(`,"[\w.-]+"\]`).ReplaceAllString(strings.Join(before, " "), "]"); got != `2["missed",0] 2["missed",1] 2["missed",1]` {
		t.Errorf("before the CONNECT packet came %s", got)
	}
	s = <-arrived
	var data map[string]int
	if err := s.DecodeData(&data); err != nil || data["n"] != 1 || !s.Recovered() || len(s.Rooms()) != 2 {
		t.Errorf("data %v, %v, recovered %v, rooms %v", data, err, s.Recovered(), s.Rooms())
	}
	if asked.String() != "false true" {
		t.Errorf("the middleware has seen %s", asked)
	}
	if err := ns.To("r").Emit(ctx, "live"); err != nil {
		t.Fatal(err)
	}
	if got := c.hear(); !strings.HasPrefix(got, `2["live","`) {
		t.Errorf("heard %s", got)
	}
}

func TestSessionsThatCannotBeRecoveredBeginAnew(t *testing.T) {
	l, _, _ := recoveringLab(t, RecoveryOptions{})
	away := func() (sid, pid, offset string) {
		c, sid, pid, _ := l.identity("")
		s := l.server.Of("/").Socket(sid)
		if err := s.Emit(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		offset = offsetOf.FindStringSubmatch(c.hear())[1]
		_ = c.c.CloseNow()
		l.persisted(pid)
		return sid, pid, offset
	}
	sid, pid, offset := away()
	for name, connect := range map[string]string{
		"number as pid":    `{"pid":1,"offset":"` + offset + `"}`,
		"number as offset": `{"pid":"` + pid + `","offset":1}`,
		"no offset":        `{"pid":"` + pid + `"}`,
		"unknown pid":      `{"pid":"x","offset":"` + offset + `"}`,
	} {
		if _, got, _, _ := l.identity(connect); got == sid {
			t.Errorf("%s: recovered", name)
		}
	}
	if _, got, _, _ := l.identity(`{"pid":"` + pid + `","offset":"` + offset + `"}`); got != sid {
		t.Error("not recovered though all is right")
	}
	if _, got, _, _ := l.identity(`{"pid":"` + pid + `","offset":"` + offset + `"}`); got == sid {
		t.Error("recovered twice")
	}
	sid, pid, _ = away()
	if _, got, _, _ := l.identity(`{"pid":"` + pid + `","offset":"unknown"}`); got == sid {
		t.Error("recovered from an unknown offset")
	}
	sid, pid, offset = away()
	c := l.dial()
	c.say(`0{"pid":"` + pid + `","offset":"` + offset + `","refuse":true}`)
	c.expect(`4{"message":"refused"}`)
	if l.server.Of("/").local.HasRoom(sid) {
		t.Error("a refused client is in a room")
	}
}

func TestClientsThatLeaveOnPurposeAreNotKept(t *testing.T) {
	l, arrived, _ := recoveringLab(t, RecoveryOptions{SkipMiddlewares: true})
	c, _, pid, _ := l.identity("")
	s := <-arrived
	c.say("1")
	<-s.Context().Done()
	store := l.server.Of("/").adapter.(*recovering)
	store.mu.Lock()
	defer store.mu.Unlock()
	if _, kept := store.sessions[pid]; kept {
		t.Error("the session is kept")
	}
}

func TestOldSessionsAndPacketsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := NewServer(Options{Recovery: &RecoveryOptions{MaxPackets: 3}})
		defer func() { _ = server.Close() }()
		if err := server.Of("/").open(); err != nil {
			t.Fatal(err)
		}
		store, ctx := server.Of("/").adapter.(*recovering), t.Context()
		join := func(Session) {}
		if err := store.Broadcast(ctx, eventOf(t, "a"), BroadcastOptions{}); err != nil {
			t.Fatal(err)
		}
		offset := store.packets[0].offset
		restore := func(age time.Duration) error {
			if err := store.PersistSession(ctx, Session{PrivateID: "p"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(age)
			_, err := store.RestoreSession(ctx, "p", offset, join)
			return err
		}
		if err := restore(time.Minute); err != nil {
			t.Errorf("after a minute: %v", err)
		}
		if err := restore(2*time.Minute + time.Second); !errors.Is(err, ErrNoSession) {
			t.Errorf("after two: %v", err)
		}
		if len(store.packets) != 0 || len(store.sessions) != 0 {
			t.Errorf("%d packets and %d sessions are left", len(store.packets), len(store.sessions))
		}
		for range 10 {
			if err := store.Broadcast(ctx, eventOf(t, "b"), BroadcastOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if len(store.packets) != 3 {
			t.Errorf("%d packets are kept", len(store.packets))
		}
	})
}

func eventOf(t *testing.T, name string, args ...any) parser.Packet {
	t.Helper()
	p, err := eventPacket(name, args)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOffsetsAreTheOfficialServers(t *testing.T) {
	var c offsetClock
	at := time.UnixMilli(1700000000000)
	for i, want := range []string{"OlBr8UW", "OlBr8UW.0", "OlBr8UW.1"} {
		got := c.next(at)
		if i == 0 {
			want = yeast(1700000000000)
		} else {
			want = yeast(1700000000000) + want[7:]
		}
		if got != want {
			t.Errorf("offset %d is %s, want %s", i, got, want)
		}
	}
	if got, want := c.next(at.Add(time.Millisecond)), yeast(1700000000001); got != want {
		t.Errorf("a millisecond later %s, want %s", got, want)
	}
}

// yeast is the algorithm as its authors write it.
func yeast(ms int64) (s string) {
	for ms > 0 {
		s = string(offsetDigits[ms%64]) + s
		ms /= 64
	}
	return s
}

// A slowStore is an adapter that needs its context to keep a session, as one on a network does.
type slowStore struct {
	*recovering
	kept *record
}

func (s slowStore) PersistSession(ctx context.Context, session Session) error {
	s.kept.add(fmt.Sprint(ctx.Err()))
	return s.recovering.PersistSession(ctx, session)
}

func TestSessionsAreKeptWhileTheServerCloses(t *testing.T) {
	for name, end := range map[string]func(*Server) error{
		"Close": (*Server).Close,
		"Drain": func(s *Server) error { return s.Drain(context.Background(), 0) },
	} {
		kept := &record{}
		l := newLab(t, Options{Recovery: &RecoveryOptions{}, Adapter: func(local *Local) (Adapter, error) {
			a, err := newMemory(local)
			if err != nil {
				return nil, err
			}
			return slowStore{a.(*recovering), kept}, nil
		}})
		l.join("")
		l.join("")
		if err := end(l.server); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := kept.String(); got != "<nil> <nil>" {
			t.Errorf("%s: contexts were %q when sessions were to be kept", name, got)
		}
	}
}
