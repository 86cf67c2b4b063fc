package socketio

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

func TestAnObserverIsToldOfSocketsRoomsAndData(t *testing.T) {
	l := newLab(t, Options{})
	var told record
	stop, err := l.server.Observe(Observer{
		Connected: func(s *Socket) { told.add("connected:" + s.Namespace().Name()) },
		Changed:   func(s *Socket) { told.add(fmt.Sprint("data:", s.Data())) },
		Joined: func(s *Socket, room string) {
			if room == s.ID() {
				room = "own"
			}
			told.add("joined:" + room)
		},
		Left: func(s *Socket, room string) {
			if room == s.ID() {
				room = "own"
			}
			told.add("left:" + room)
		},
		Describe: func(_ *Socket, data parser.Value) parser.Value {
			return parser.Value{JSON: fmt.Appendf(nil, `{"was":%s}`, data.JSON)}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.server.Observe(Observer{}); !errors.Is(err, engineio.ErrObserved) {
		t.Errorf("a second observer: %v", err)
	}
	ns := l.server.Of("/later")
	ns.Use(func(_ context.Context, s *Socket) error { s.Join("early"); return nil })
	ns.OnConnect(func(s *Socket) {
		s.SetData(7)
		s.Join("a", "b", "a")
		s.Leave("a")
	})
	c := l.join("/later,")
	want := "joined:early joined:own connected:/later data:7 joined:a joined:b left:a"
	told.become(t, want)
	infos, err := ns.All().FetchSockets(t.Context())
	if err != nil || len(infos) != 1 || string(infos[0].Data.JSON) != `{"was":7}` {
		t.Errorf("sockets %v, error %v", infos, err)
	}
	c.say("1/later,")
	want += " left:early left:b left:own"
	told.become(t, want)
	stop()
	l.join("/later,")
	told.become(t, want)
}

func TestAnEngineObserverCountsMessagesAndSessions(t *testing.T) {
	l := newLab(t, Options{})
	l.server.Of("/").OnConnect(answerEcho)
	var told record
	stop, err := l.server.Engine().Observe(engineio.Observer{
		Opened:   func(s *engineio.Socket) { told.add("opened:" + s.Transport()) },
		Closed:   func(_ *engineio.Socket, reason engineio.Reason) { told.add("closed:" + string(reason)) },
		Received: func(n int) { told.add(fmt.Sprint("in:", n)) },
		Sent:     func(n int) { told.add(fmt.Sprint("out:", n)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if _, err := l.server.Engine().Observe(engineio.Observer{}); !errors.Is(err, engineio.ErrObserved) {
		t.Errorf("a second observer: %v", err)
	}
	c := l.join("")
	c.silence()
	if n := l.server.Engine().PollingSessions(); n != 0 {
		t.Errorf("%d sessions poll", n)
	}
	_ = c.c.CloseNow()
	told.become(t, "opened:websocket in:1 out:31 in:9 out:11 closed:transport close")
	l.http("GET", "/socket.io/?EIO=4&transport=polling", "")
	if n := l.server.Engine().PollingSessions(); n != 1 {
		t.Errorf("%d sessions poll", n)
	}
}

func TestLookupMakesOnlyDynamicNamespaces(t *testing.T) {
	l := newLab(t, Options{})
	child := l.server.OfMatch(regexp.MustCompile(`^/room-\d+$`))
	if _, ok := l.server.Lookup("/typo"); ok {
		t.Error("a namespace was made for a client")
	}
	ns, ok := l.server.Lookup("/room-1")
	if !ok || len(child.Children()) != 1 {
		t.Error("no child was made")
	}
	if again, ok := l.server.Lookup("/room-1"); !ok || again != ns || len(l.server.Namespaces()) != 2 {
		t.Errorf("%d namespaces", len(l.server.Namespaces()))
	}
}
