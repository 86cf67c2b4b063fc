package socketio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/parser"
)

// A fakeCluster is an adapter that knows one other node, played by the test.
type fakeCluster struct {
	memory
	record
	answers []parser.Value
}

func (f *fakeCluster) Broadcast(ctx context.Context, p parser.Packet, o BroadcastOptions) error {
	f.add("broadcast:" + p.Namespace + string(p.Data.JSON))
	return errors.Join(f.memory.Broadcast(ctx, p, o), errors.New("the other node is away"))
}

func (f *fakeCluster) ServerCount(context.Context) (int, error) { return 2, nil }

func (f *fakeCluster) BroadcastWithAck(ctx context.Context, p parser.Packet, o BroadcastOptions, sink AckSink) error {
	f.add(fmt.Sprintf("ask:%d:%v", p.ID, o.Flags.Timeout > 0))
	sink.Expect(len(f.answers))
	for _, a := range f.answers {
		sink.Ack(a)
	}
	return f.local.BroadcastWithAck(ctx, p, o, sink)
}

func (f *fakeCluster) ServerSideEmit(_ context.Context, event parser.Value) error {
	f.add("emit:" + string(event.JSON))
	return nil
}

func (f *fakeCluster) ServerSideEmitWithAck(_ context.Context, event parser.Value) ([]parser.Value, error) {
	f.add("ask:" + string(event.JSON))
	return f.answers, nil
}

func (f *fakeCluster) RoomCreated(room string) { f.add("+" + room) }
func (f *fakeCluster) RoomDeleted(room string) { f.add("-" + room) }

func clusterLab(t *testing.T) (*lab, *fakeCluster) {
	f := &fakeCluster{}
	l := newLab(t, Options{Adapter: func(local *Local) (Adapter, error) {
		f.memory = memory{local}
		return f, nil
	}})
	return l, f
}

func TestClusterGetsWhatIsForIt(t *testing.T) {
	l, f := clusterLab(t)
	ctx, ns := t.Context(), l.server.Of("/")
	ns.OnConnect(answerEcho)
	line := l.join("")
	id := ns.Sockets()[0].ID()
	if err := ns.Emit(ctx, "x", 1); err == nil || !strings.Contains(err.Error(), "away") {
		t.Errorf("the other node's absence is not told: %v", err)
	}
	line.expect(`2["x",1]`) // the local socket has it nevertheless
	if n, err := ns.ServerCount(ctx); n != 2 || err != nil {
		t.Errorf("%d servers, %v", n, err)
	}
	if err := ns.ServerSideEmit(ctx, "ev", "a"); err != nil {
		t.Error(err)
	}
	f.answers = []parser.Value{{JSON: json.RawMessage(`"there"`)}}
	if v, err := ns.ServerSideEmitWithAck(ctx, "q"); err != nil || string(v[0].JSON) != `"there"` {
		t.Errorf("answers %v, %v", v, err)
	}
	answers := make(chan []parser.Value, 1)
	go func() { // ends with the answers
		v, _ := ns.All().Timeout(10*time.Second).EmitWithAck(context.Background(), "q")
		answers <- v
	}()
	line.expect(`20["q"]`)
	line.say(`30["here"]`)
	if v := <-answers; len(v) != 2 {
		t.Errorf("%d answers", len(v))
	}
	f.become(t, "+"+id+` broadcast:/["x",1] emit:["ev","a"] ask:["q"] ask:0:true`)
}

func TestRoomsAreToldOnceEach(t *testing.T) {
	l, f := clusterLab(t)
	ns := l.server.Of("/")
	a, b := l.join(""), l.join("")
	sockets := ns.Sockets()
	f.mu.Lock()
	f.list = nil
	f.mu.Unlock()
	sockets[0].Join("r", "r")
	sockets[1].Join("r", sockets[0].ID())
	sockets[0].Leave(sockets[0].ID())
	sockets[0].Leave("r", "never joined")
	sockets[1].Leave("r")
	if got := f.String(); got != "+r -r" {
		t.Errorf("told %s", got)
	}
	_, _ = a.c.CloseNow(), b.c.CloseNow()
	eventually(t, func() bool { return len(ns.Sockets()) == 0 }, func() string { return "sockets stay" })
	told := strings.Fields(f.String())
	slices.Sort(told)
	want := []string{"+r", "-r", "-" + sockets[0].ID(), "-" + sockets[1].ID()}
	slices.Sort(want)
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestEventsOfOtherNodesAreHandled(t *testing.T) {
	l, _ := clusterLab(t)
	ns := l.server.Of("/")
	ns.OnServerEvent("sum", func(_ context.Context, args []parser.Value) (any, error) {
		var a, b int
		return map[string]int{"sum": a + b + len(args)}, errors.Join(args[0].Decode(&a), args[1].Decode(&b))
	})
	ns.OnServerEvent("panic", func(context.Context, []parser.Value) (any, error) { panic("on purpose") })
	answers := make(chan string, 2)
	ack := func(v parser.Value) { answers <- string(v.JSON) }
	local := ns.local
	if err := ns.open(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`["panic"]`, `not an array`, `["unknown"]`, `["sum",1,2]`} {
		local.ServerSideEmit(parser.Value{JSON: json.RawMessage(text)}, ack)
	}
	if got := <-answers; got != `{"sum":2}` {
		t.Errorf("answered %s", got)
	}
}

func TestOptionsTravelInTheOfficialForm(t *testing.T) {
	for _, c := range []struct {
		o    BroadcastOptions
		want string
	}{
		{BroadcastOptions{}, `{"rooms":[],"except":[],"flags":{}}`},
		{BroadcastOptions{Rooms: []string{"a"}, Except: []string{"b"}, Flags: Flags{Volatile: true, NoCompress: true,
			SingleResponse: true, Timeout: 1500 * time.Millisecond}},
			`{"rooms":["a"],"except":["b"],"flags":{"volatile":true,"compress":false,"expectSingleResponse":true,"timeout":1500}}`},
	} {
		got, err := json.Marshal(c.o)
		if err != nil || string(got) != c.want {
			t.Errorf("got %s, %v, want %s", got, err, c.want)
		}
		var again BroadcastOptions
		if err := json.Unmarshal(got, &again); err != nil || again.Flags != c.o.Flags || !slices.Equal(again.Rooms, c.o.Rooms) {
			t.Errorf("%s reads back as %+v, %v", got, again, err)
		}
	}
	info := SocketInfo{ID: "x", Data: parser.Value{JSON: []byte(`{"b":{"_placeholder":true,"num":0}}`), Attachments: [][]byte{{1, 2}}}}
	text, err := json.Marshal(info)
	if err != nil || !strings.Contains(string(text), `"rooms":[],"data":{"b":"AQI="}`) {
		t.Errorf("got %s, %v", text, err)
	}
	v, err := SocketInfo{ID: "x"}.Value()
	if err != nil || !strings.Contains(string(v.JSON), `"data":{}`) || !strings.Contains(string(v.JSON), `"rooms":[]`) {
		t.Errorf("got %s, %v", v.JSON, err)
	}
}

func TestAdapterThatCannotStartIsNotHidden(t *testing.T) {
	l := newLab(t, Options{Adapter: func(*Local) (Adapter, error) { return nil, errors.New("no connection") }})
	if err := l.server.Of("/").Emit(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "no connection") {
		t.Errorf("got %v", err)
	}
	line := l.dial()
	line.say("0")
	line.expect(`4{"message":"Service unavailable"}`)
}
