package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/client"
	"transportlab/transports"
	"transportlab/transports/all"
)

func TestWhatIsPublishedIsToldAsTheLogHasIt(t *testing.T) {
	d := start(t, nil)
	e := d.listen()
	e.hear("publisher", nil)
	d.post("/api/publish", `{"size":100,"binary":true}`)
	d.post("/api/publish", `{"burst":30}`)
	d.post("/api/publish", `{"text":"<b>\u2028 & \"so\""}`)
	d.post("/api/publish", `{"size":90,"binary":false,"rate":200}`)
	var told []map[string]any
	for len(told) < 60 {
		for _, m := range e.hear("published", nil)["list"].([]any) {
			told = append(told, m.(map[string]any))
		}
	}
	d.post("/api/publish", `{"rate":0}`)
	ms, err := d.log.Read(t.Context(), d.Topic(), transports.Cursor{}, 60)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range ms {
		want := fmt.Sprint(m.Offset, m.ID, len(m.Data), m.Binary, d.Topic())
		if got := fmt.Sprint(told[i]["offset"], told[i]["id"], told[i]["size"], told[i]["binary"], told[i]["topic"]); got != want {
			t.Errorf("told %s, the log has %s", got, want)
		}
		var data struct {
			At   float64
			N    int64
			Text string
		}
		switch {
		case i < 30 && (!m.Binary || len(m.Data) != 100):
			t.Errorf("message %d of the burst is %+v", i, m)
		case i >= 30 && json.Unmarshal(m.Data, &data) != nil:
			t.Errorf("message %d is %s", i, m.Data)
		case i >= 30 && (data.N != int64(i+1) || data.At != told[i]["at"]):
			t.Errorf("message %d is %s, told as %v", i, m.Data, told[i])
		case i == 30 && data.Text != "<b>\u2028 & \"so\"":
			t.Errorf("the text is %q", data.Text)
		case i > 30 && len(m.Data) != 90:
			t.Errorf("message %d has %d bytes", i, len(m.Data))
		}
	}
}

func TestWhatALaneSendsIsToldToo(t *testing.T) {
	d := start(t, nil)
	e := d.listen()
	e.hear("publisher", nil)
	resp, err := http.Post(d.Gate(2).URL()+"/polling/"+d.Topic(), "application/json", strings.NewReader(`["mine","{\"at\":1e999}"]`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	list := e.hear("published", nil)["list"].([]any)
	m := list[0].(map[string]any)
	if m["id"] != "mine" || m["at"].(float64) < 1e12 {
		t.Errorf("told %v", m)
	}
	if want := fmt.Sprintf(`"cursor":"%s:1"`, m["epoch"]); !strings.Contains(d.do("GET", "/api/config", "").body, want) {
		t.Errorf("the configuration lacks %s", want)
	}
}

func TestNamespacesKeepRoomsOfOneNameApart(t *testing.T) {
	d := start(t, nil)
	manager, err := client.New(d.origins[0], client.Options{Path: namespacePath})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close(context.Background())
	heard := make(chan string, 10)
	sockets := map[string]*client.Socket{}
	for _, name := range []string{"/news", "/chat"} {
		s := manager.Socket(name, client.SocketOptions{})
		s.OnEvent("said", func(_ context.Context, e *client.Event) error {
			var x said
			err := e.Args[0].Decode(&x)
			heard <- name + " " + x.Room + " " + x.Text
			return err
		})
		s.Connect()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := s.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		sockets[name] = s
	}
	ask := func(name, event string, args ...any) bool {
		t.Helper()
		answer, err := sockets[name].EmitWithAck(t.Context(), event, args...)
		var ok bool
		if err != nil || answer[0].Decode(&ok) != nil {
			t.Fatalf("%s %s%v: %v", name, event, args, err)
		}
		return ok
	}
	if ask("/news", "say", "lobby", "too early") || !ask("/news", "join", "lobby") || !ask("/chat", "join", "lobby") {
		t.Error("who is not in a room speaks in it, or cannot enter")
	}
	for _, wrong := range [][]any{{}, {1}, {""}, {strings.Repeat("x", 65)}, {"a", "b"}} {
		if ask("/news", "join", wrong...) {
			t.Errorf("join%v is taken", wrong)
		}
	}
	if !ask("/news", "say", "lobby", "one") || ask("/news", "say", "lobby", strings.Repeat("x", 2001)) || !ask("/chat", "say", "lobby", "two") {
		t.Error("what may be said is refused, or the reverse")
	}
	var got []string
	for range 2 {
		select {
		case text := <-heard:
			got = append(got, text)
		case <-time.After(20 * time.Second):
			t.Fatalf("only %q was heard", got)
		}
	}
	if !slices.Contains(got, "/news lobby one") || !slices.Contains(got, "/chat lobby two") || len(heard) > 0 {
		t.Errorf("heard %q and %d more", got, len(heard))
	}
}

func TestEveryTransportWorksThroughALaneFromThePagesOriginAlone(t *testing.T) {
	d := start(t, nil)
	for i, name := range transportNames() {
		arm, err := all.Find(name, settings())
		if err != nil {
			t.Fatal(err)
		}
		target := transports.Target{URL: d.Gate(i+1).URL() + "/" + name, Topic: "t" + name, Header: http.Header{"Origin": {d.origins[0]}}}
		conn, err := arm.Dial(t.Context(), target)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := conn.Send(t.Context(), transports.Message{Data: []byte(name)}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m, err := conn.Recv(t.Context()); err != nil || string(m.Data) != name {
			t.Errorf("%s: %q, %v", name, m.Data, err)
		}
		conn.Close()
		target.Header.Set("Origin", d.Gate(i+1).URL()+"0")
		if conn, err = arm.Dial(t.Context(), target); err == nil {
			_, err = conn.Send(t.Context(), transports.Message{Data: []byte(name)})
			conn.Close()
		}
		if err == nil {
			t.Errorf("%s lets a foreign page send", name)
		}
	}
}

func TestLanesGoToTheNodeThatLives(t *testing.T) {
	d := start(t, nil)
	e := d.listen()
	state := func(a, b string) func(map[string]any) bool {
		return func(event map[string]any) bool {
			list := event["nodes"].([]any)
			return list[0].(map[string]any)["state"] == a && list[1].(map[string]any)["state"] == b
		}
	}
	to := func(node string) {
		t.Helper()
		if _, name := d.Gate(1).Live(); name != node {
			t.Errorf("lane 1 goes to %q, want %q", name, node)
		}
	}
	e.hear("nodes", state("up", "up"))
	to("a")
	d.post("/api/nodes/a/drain", `{}`)
	e.hear("nodes", state("down", "up"))
	to("b")
	d.post("/api/nodes/b/kill", `{}`)
	e.hear("nodes", state("down", "down"))
	to("")
	if resp, err := http.Get(d.Gate(1).URL() + "/polling/t"); err == nil {
		resp.Body.Close()
		t.Errorf("without a node a lane answers %s", resp.Status)
	}
	d.post("/api/nodes/b/start", `{}`)
	e.hear("nodes", state("down", "up"))
	to("b")
	d.post("/api/nodes/a/start", `{}`)
	e.hear("nodes", state("up", "up"))
	to("a")
	d.nodes[len(d.nodes)-1].die() // unasked
	e.hear("nodes", state("down", "up"))
	to("b")
	e.hear("nodes", func(event map[string]any) bool { // of the live one
		b := event["nodes"].([]any)[1].(map[string]any)
		return b["cpu"].(float64) > 0.2 && b["cpu"].(float64) < 0.3 && b["rss"] == float64(7<<20)
	})
}

func TestAWorkloadRunsOnceAtATime(t *testing.T) {
	folder := t.TempDir()
	step := make(chan error)
	d := start(t, func(o *Options) {
		o.Workloads, o.Reports = []Workload{{Name: "push"}}, []string{folder}
		o.Run = func(ctx context.Context, j Job, progress func(Progress)) (string, error) {
			progress(Progress{Text: "half\x00 \xff way of " + j.Workload, Done: 0.5})
			select {
			case err := <-step:
				if err == nil {
					writeReport(t, filepath.Join(folder, "fresh"))
				}
				return filepath.Join(folder, "fresh"), err
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
	})
	e := d.listen()
	for _, body := range []string{`{"workload":"pull","transports":["polling"],"runs":1}`, `{"workload":"push","transports":[],"runs":1}`,
		`{"workload":"push","transports":["pigeon"],"runs":1}`, `{"workload":"push","transports":["polling","polling"],"runs":1}`,
		`{"workload":"push","transports":["polling"],"runs":0}`, `{"workload":"push","transports":["polling"],"runs":11}`} {
		if r := d.do("POST", "/api/run", body); r.StatusCode != 400 {
			t.Errorf("%s is answered %s", body, r.Status)
		}
	}
	job := `{"workload":"push","transports":["polling","websocket"],"runs":1}`
	d.post("/api/run", job)
	e.hear("run", func(event map[string]any) bool { return event["done"] == 0.5 })
	if r := d.do("POST", "/api/run", job); r.StatusCode != 409 || r.code() != "busy" {
		t.Errorf("a second run is answered %s", r.Status)
	}
	step <- nil
	done := e.hear("run", func(event map[string]any) bool { return event["state"] == "done" })
	if r := d.do("GET", done["report"].(string), ""); r.StatusCode != 200 {
		t.Errorf("its report %v is %s", done["report"], r.Status)
	}
	d.post("/api/run", job)
	step <- errors.New("a message was lost")
	e.hear("run", func(event map[string]any) bool {
		return event["state"] == "failed" && event["text"] == "a message was lost"
	})
	d.post("/api/run", job) // is under way when the demo ends
}
