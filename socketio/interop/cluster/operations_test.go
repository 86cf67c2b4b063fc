package cluster

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"transportlab/socketio/internal/testclient"
	"transportlab/socketio/parser"
)

// withoutData matches the data in the text of a socket's description.
var withoutData = regexp.MustCompile(`"data":\{[^}]*\}[^}]*\},`)

var payload = []any{"text", 1.0, -70000.5, nil, true, map[string]any{"nested": []any{[]byte{0, 1, 255}}}, []byte("bytes"), "ünï🍮"}

func runMatrix(m *mixture) {
	for i := range m.peers {
		m.prepare(i, "all", fmt.Sprint("room-", i%2))
	}
	m.prepare(3, "exactly-20-chars-lon", "101")
	for _, operation := range []struct {
		name string
		run  func(*mixture, int)
	}{
		{"emit", testEmit}, {"ask", testAsk}, {"fetch sockets", testFetch}, {"join and leave", testJoinAndLeave},
		{"server-side emit", testSideEmit}, {"disconnect", testDisconnects}, {"recovery", testRecoveries},
	} {
		if operation.name == "recovery" && m.setup.Adapter != "streams" {
			continue
		}
		for i, p := range m.peers {
			m.Run(operation.name+" from "+p.name(), func(t *testing.T) {
				sub := *m
				sub.T = t
				defer func() { m.events = sub.events }()
				operation.run(&sub, i)
			})
		}
	}
}

func testEmit(m *mixture, i int) {
	p := m.peers[i]
	m.reaches(p, command{}, 0, 1, 2, 3)
	m.reaches(p, command{Args: payload}, 0, 1, 2, 3)
	m.reaches(p, command{Rooms: []string{"room-0"}, Args: payload}, 0, 2)
	m.reaches(p, command{Rooms: []string{"room-1"}, Args: []any{"text"}}, 1, 3)
	m.reaches(p, command{Rooms: []string{"room-0", "room-1"}}, 0, 1, 2, 3)
	m.reaches(p, command{Rooms: []string{"all", "room-1"}, Except: []string{"room-0"}}, 1, 3)
	m.reaches(p, command{Except: []string{"room-1"}}, 0, 2)
	m.reaches(p, command{Rooms: []string{"nowhere"}})
	m.reaches(p, command{Rooms: []string{"exactly-20-chars-lon"}}, 3)
	m.reaches(p, command{Rooms: []string{"101"}}, 3)
	for j, c := range m.clients {
		m.reaches(p, command{Rooms: []string{c.SID}, Args: payload}, j)
	}
}

func testAsk(m *mixture, i int) {
	p := m.peers[i]
	for _, c := range []command{
		{Op: "ask", Timeout: 10000, Event: "question", Args: payload},
		{Op: "ask", Timeout: 10000, Event: "question", Rooms: []string{"room-0"}, Args: []any{1.0}},
		{Op: "ask", Timeout: 10000, Event: "question", Rooms: []string{"nowhere"}, Args: []any{1.0}},
	} {
		var want []string
		for j, other := range m.peers {
			if c.Rooms == nil || c.Rooms[0] == fmt.Sprint("room-", j%2) {
				want = append(want, show(map[string]any{"client": other.name(), "args": c.Args}))
			}
		}
		answers, _ := m.must(p, c).([]any)
		var got []string
		for _, a := range answers {
			got = append(got, show(a))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			m.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for j, client := range m.clients {
		got := m.must(p, command{Op: "ask-remote", Timeout: 10000, Event: "you?", Rooms: []string{client.SID}})
		if want := map[string]any{"client": m.peers[j].name(), "args": []any{}}; show(got) != show(want) {
			m.Errorf("got %s, want %s", show(got), show(want))
		}
	}
	// A client that is silent costs the others nothing.
	silent := (i + 1) % len(m.clients)
	m.clients[silent].SetAnswer(func(string, []parser.Value) []any { return nil })
	defer m.clients[silent].SetAnswer(answer(m.peers[silent]))
	answers, err := p.do(m.ctx, command{Op: "ask", Timeout: 400, Event: "question"})
	if list, _ := answers.([]any); err == nil || len(list) > 3 {
		m.Errorf("with a silent client: %s, error %v", show(answers), err)
	}
}

func testFetch(m *mixture, i int) {
	p := m.peers[i]
	for _, rooms := range [][]string{nil, {"room-0"}, {"nowhere"}, {m.clients[3].SID}} {
		var want []string
		for j, c := range m.clients {
			own, _ := m.must(m.peers[j], command{Op: "rooms", Socket: c.SID}).([]any)
			if rooms != nil && !slices.Contains(own, any(rooms[0])) {
				continue
			}
			want = append(want, show(map[string]any{
				"id": c.SID, "rooms": own, "data": m.data(j),
				"address": "127.0.0.1", "host": m.peers[j].url()[len("http://"):], "EIO": "4",
			}))
		}
		sockets, _ := m.must(p, command{Op: "fetch", Rooms: rooms}).([]any)
		var got []string
		for _, s := range sockets {
			got = append(got, show(s))
		}
		if !slices.Equal(m.comparable(got), m.comparable(want)) {
			m.Errorf("rooms %q:\ngot  %s\nwant %s", rooms, got, want)
		}
	}
}

// data returns what prepare gives the sockets of a node.
func (m *mixture) data(j int) any {
	return map[string]any{"of": m.peers[j].name(), "b": []byte{1, 2}}
}

// comparable sorts, and leaves binary data out where the official adapter cannot carry it: classic describes sockets in JSON.
func (m *mixture) comparable(list []string) []string {
	out := slices.Clone(list)
	for i, text := range list {
		if m.setup.Adapter == "classic" {
			out[i] = withoutData.ReplaceAllString(text, "")
		}
	}
	slices.Sort(out)
	return out
}

func testJoinAndLeave(m *mixture, i int) {
	p := m.peers[i]
	m.must(p, command{Op: "join", List: []string{"new", "newer"}})
	m.rooms("new", 0, 1, 2, 3)
	m.rooms("newer", 0, 1, 2, 3)
	m.must(p, command{Op: "leave", Rooms: []string{"room-0"}, List: []string{"new"}})
	m.rooms("new", 1, 3)
	m.must(p, command{Op: "leave", Except: []string{"room-0"}, List: []string{"new", "newer"}})
	m.rooms("new")
	m.rooms("newer", 0, 2)
	m.must(p, command{Op: "leave", List: []string{"newer"}})
	m.rooms("newer")
}

// rooms waits until exactly the clients with these indices are in a room.
func (m *mixture) rooms(room string, want ...int) {
	m.Helper()
	for j, c := range m.clients {
		should := slices.Contains(want, j)
		m.poll(fmt.Sprintf("the client of %s in room %q: %v", m.peers[j].name(), room, should), func() bool {
			rooms, _ := m.must(m.peers[j], command{Op: "rooms", Socket: c.SID}).([]any)
			return slices.Contains(rooms, any(room)) == should
		})
	}
}

func testSideEmit(m *mixture, i int) {
	p := m.peers[i]
	mark := fmt.Sprintf("mark of %s", p.name())
	m.must(p, command{Op: "side", Event: "side", Args: []any{mark, 1.0, map[string]any{"a": []any{}}}})
	want := show([]any{"side", mark, 1.0, map[string]any{"a": []any{}}})
	count := func(other peer) (n int) {
		heard, _ := m.must(other, command{Op: "heard"}).([]any)
		for _, event := range heard {
			if show(event) == want {
				n++
			}
		}
		return n
	}
	for j, other := range m.peers {
		if j != i {
			m.poll(other.name()+" to hear", func() bool { return count(other) == 1 })
		}
	}
	answers, _ := m.must(p, command{Op: "side-ask", Event: "side-question", Args: []any{"what", 2.0}}).([]any)
	var got, wanted []string
	for _, a := range answers {
		got = append(got, show(a))
	}
	for j, other := range m.peers {
		if j != i {
			wanted = append(wanted, show(map[string]any{"from": other.name(), "args": []any{"what", 2.0}}))
		}
	}
	slices.Sort(got)
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		m.Errorf("got  %s\nwant %s", got, wanted)
	}
	if count(p) != 0 {
		m.Errorf("%s hears itself", p.name())
	}
}

func testDisconnects(m *mixture, i int) {
	var leaving []*testclient.Client
	room := fmt.Sprint("leaving-", i)
	for _, p := range m.peers {
		c := m.dial(p, nil)
		m.must(p, command{Op: "prepare", Socket: c.SID, List: []string{room}, Data: map[string]any{}})
		leaving = append(leaving, c)
	}
	m.must(m.peers[i], command{Op: "disconnect", Rooms: []string{room}, Close: i%2 == 0})
	for j, c := range leaving {
		if !c.Gone(patience) {
			m.Errorf("the client of %s is still connected", m.peers[j].name())
		}
	}
	m.reaches(m.peers[i], command{}, 0, 1, 2, 3)
}

// testRecoveries drops a client of node i and brings it back to every node in turn.
func testRecoveries(m *mixture, i int) {
	from := m.peers[i]
	for _, to := range m.peers {
		c := m.dial(from, nil)
		room := m.event()
		m.must(from, command{Op: "prepare", Socket: c.SID, List: []string{room}, Data: map[string]any{"secret": []byte{7}}})
		m.must(from, command{Op: "emit", Rooms: []string{c.SID}, Event: "before"})
		if !c.Has("before", 1, patience) {
			m.Fatal("the client got nothing")
		}
		was := map[string]string{"pid": c.PID, "offset": c.Last()}
		c.Drop()
		m.poll("the socket to be gone", func() bool {
			ids, _ := m.must(from, command{Op: "sockets"}).([]any)
			return !slices.Contains(ids, any(c.SID))
		})
		var want []string
		for _, p := range m.peers {
			for _, options := range []command{{}, {Rooms: []string{room}}, {Rooms: []string{c.SID}}, {Rooms: []string{"elsewhere"}}, {Except: []string{room}}} {
				wrong := options.Except != nil || slices.Contains(options.Rooms, "elsewhere")
				args := []any{p.name(), options.Rooms != nil, wrong, []byte{1, 2}}
				m.must(p, command{Op: "emit", Rooms: options.Rooms, Except: options.Except, Event: "missed", Args: args})
				if !wrong {
					want = append(want, show(args))
				}
			}
			m.settled(p)
		}
		var back *testclient.Client
		m.poll(fmt.Sprintf("a client of %s to be recovered by %s", from.name(), to.name()), func() bool {
			back = m.dial(to, was)
			if back.SID != c.SID {
				back.Drop() // its session is still being written
			}
			return back.SID == c.SID
		})
		if back.PID != c.PID || m.must(to, command{Op: "recovered", Socket: c.SID}) != true {
			m.Errorf("%s does not say that the client is recovered", to.name())
		}
		if !back.Has("missed", len(want), patience) {
			m.Fatalf("%s to %s: got %d of %d events", from.name(), to.name(), back.Times("missed"), len(want))
		}
		var got []string
		for _, values := range back.All("missed") {
			args := plain(values)
			got = append(got, show(args[:len(args)-1]))
		}
		if !slices.Equal(got, want) {
			m.Errorf("%s to %s:\ngot  %s\nwant %s", from.name(), to.name(), got, want)
		}
		rooms, _ := m.must(to, command{Op: "rooms", Socket: c.SID}).([]any)
		if len(rooms) != 2 || !slices.Contains(rooms, any(room)) {
			m.Errorf("%s to %s: rooms %v", from.name(), to.name(), rooms)
		}
		back.Drop()
	}
}

// settled waits until what a node has emitted is in the stream: the official one does not wait by itself.
func (m *mixture) settled(p peer) {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.ctx, 10*time.Second)
	defer cancel()
	fence := m.event()
	if _, err := p.do(ctx, command{Op: "emit", Event: fence}); err != nil {
		m.Fatal(err)
	}
	for _, c := range m.clients {
		if !c.Has(fence, 1, patience) {
			m.Fatalf("an event of %s does not arrive", p.name())
		}
	}
}
