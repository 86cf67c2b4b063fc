package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/client"
	"transportlab/transports"
	"transportlab/transports/all"
)

func TestThePageMayTalkToItselfAndItsLanesAlone(t *testing.T) {
	d := start(t, nil)
	r := d.do("GET", "/", "")
	policy := r.Header.Get("Content-Security-Policy")
	if r.StatusCode != 200 || !strings.Contains(r.body, "<title>page</title>") || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the page is %s: %s", r.Status, r.body)
	}
	for i := 1; i <= lanes; i++ {
		url := d.Gate(i).URL()
		if !strings.Contains(policy, url+" ws"+strings.TrimPrefix(url, "http")) {
			t.Errorf("the policy lacks lane %d, %s: %s", i, url, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") {
		t.Errorf("policy %s", policy)
	}
	if r := d.do("GET", "/js/main.js", ""); r.Header.Get("Content-Type") != "text/javascript; charset=utf-8" || r.body != "export {}" {
		t.Errorf("a script is %s %s %q", r.Status, r.Header.Get("Content-Type"), r.body)
	}
}

func TestFilesOutsideThePageAreNotServed(t *testing.T) {
	outside := t.TempDir()
	writeReport(t, filepath.Join(outside, "one"))
	if err := os.Symlink("/etc/hostname", filepath.Join(outside, "one", "link.txt")); err != nil {
		t.Fatal(err)
	}
	d := start(t, func(o *Options) { o.Reports = []string{outside} })
	host := d.hosts[0]
	for _, path := range []string{
		"/..", "/../web.go", "/%2e%2e/web.go", "/..%2fweb.go", "/..%5cweb.go", "/js/../../web.go", "/js%2fmain.js/..", "//etc/passwd",
		"/js", "/js/", "/main.js%00.html", "/C:/x.html", "/notes.exe", "/missing.html", "/js/main.js/", "/.", "/./index.html/..",
		"/reports/one/../../../etc/passwd", "/reports/one/%2e%2e/one/report.html", "/reports/../one/report.html", "/reports/one/link.txt",
		"/reports/one/secret.sh", "/reports/one/", "/reports/one", "/reports/two/report.html", "/reports/%2e%2e/report.html", "/reports/one/..%2freport.html",
		"/" + strings.Repeat("x", 10_000) + ".html",
	} {
		status := d.raw("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
		if !strings.Contains(status, " 404 ") && !strings.Contains(status, " 403 ") && !strings.Contains(status, " 400 ") && !strings.Contains(status, " 301 ") && !strings.Contains(status, " 307 ") {
			t.Errorf("%.60s is answered %s", path, status)
		}
	}
	if r := d.do("GET", "/reports/one/report.html", ""); r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Security-Policy"), "sandbox ") || strings.Contains(r.Header.Get("Content-Security-Policy"), "allow-scripts") {
		t.Errorf("a report is %s under %q", r.Status, r.Header.Get("Content-Security-Policy"))
	}
	var list []report
	if err := json.Unmarshal([]byte(d.do("GET", "/api/reports", "").body), &list); err != nil || len(list) != 1 || list[0].Title != "Two & three" || list[0].Path != "/reports/one/report.html" {
		t.Errorf("reports %+v, %v", list, err)
	}
}

func TestForeignPagesAreRefused(t *testing.T) {
	d := start(t, nil)
	own := strings.TrimSuffix(d.URL(), "/")
	for _, c := range []struct {
		name, method, path string
		header             []string
		want               string
	}{
		{"another name of this address", "GET", "/", []string{"Host", "evil.example"}, "host"},
		{"another name with the port", "GET", "/api/config", []string{"Host", "evil.example:" + strings.Split(d.hosts[0], ":")[1]}, "host"},
		{"another port", "GET", "/", []string{"Host", "127.0.0.1:1"}, "host"},
		{"no port", "GET", "/", []string{"Host", "127.0.0.1"}, "host"},
		{"a foreign origin", "POST", "/api/publish", []string{"Origin", "http://evil.example"}, "origin"},
		{"the null origin", "POST", "/api/publish", []string{"Origin", "null"}, "origin"},
		{"another port's origin", "POST", "/api/publish", []string{"Origin", d.Gate(1).URL()}, "origin"},
		{"https", "POST", "/api/publish", []string{"Origin", strings.Replace(own, "http", "https", 1)}, "origin"},
		{"a cross-site form", "POST", "/api/nodes/a/kill", []string{"Sec-Fetch-Site", "cross-site"}, "origin"},
		{"a same-site form", "POST", "/api/nodes/a/kill", []string{"Sec-Fetch-Site", "same-site"}, "origin"},
		{"a cross-site read", "GET", "/api/events", []string{"Sec-Fetch-Site", "cross-site"}, "origin"},
		{"a form's type", "POST", "/api/publish", []string{"Content-Type", "text/plain"}, "unsupported"},
		{"its own", "POST", "/api/publish", []string{"Origin", own, "Sec-Fetch-Site", "same-origin"}, ""},
	} {
		r := d.do(c.method, c.path, "{}", c.header...)
		if r.code() != c.want || (c.want == "") != (r.StatusCode == 200) {
			t.Errorf("%s is answered %s %q, want %q", c.name, r.Status, r.code(), c.want)
		}
		if r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s gets %v", c.name, r.Header)
		}
	}
}

func TestWrongInputIsAnswered(t *testing.T) {
	d := start(t, nil)
	for _, c := range []struct {
		path, body string
		status     int
		code       string
	}{
		{"/api/publish", `{"rate":-1}`, 400, "malformed"},
		{"/api/publish", `{"rate":501}`, 400, "malformed"},
		{"/api/publish", `{"rate":0.001}`, 400, "malformed"},
		{"/api/publish", `{"rate":1e999}`, 400, "malformed"},
		{"/api/publish", `{"rate":"20"}`, 400, "malformed"},
		{"/api/publish", `{"size":7}`, 400, "malformed"},
		{"/api/publish", `{"size":8193}`, 400, "malformed"},
		{"/api/publish", `{"burst":0}`, 400, "malformed"},
		{"/api/publish", `{"burst":1001}`, 400, "malformed"},
		{"/api/publish", `{"burst":1.5}`, 400, "malformed"},
		{"/api/publish", `{"text":""}`, 400, "malformed"},
		{"/api/publish", `{"text":"` + strings.Repeat("x", 4097) + `"}`, 400, "malformed"},
		{"/api/publish", `{"text":"` + strings.Repeat("x", 70_000) + `"}`, 413, "too_large"},
		{"/api/publish", `{"shape":1}`, 400, "malformed"},
		{"/api/publish", `{} {}`, 400, "malformed"},
		{"/api/publish", `[]`, 400, "malformed"},
		{"/api/publish", ``, 400, "malformed"},
		{"/api/publish", strings.Repeat("[", 60_000), 400, "malformed"},
		{"/api/lanes/0/cut", `{}`, 404, "not_found"},
		{"/api/lanes/7/cut", `{}`, 404, "not_found"},
		{"/api/lanes/x/fault", `{}`, 404, "not_found"},
		{"/api/lanes/1/fault", `{"delayMs":-1}`, 400, "malformed"},
		{"/api/lanes/1/fault", `{"delayMs":10001}`, 400, "malformed"},
		{"/api/lanes/1/fault", `{"jitterMs":10001}`, 400, "malformed"},
		{"/api/lanes/1/fault", `{"rateKbit":0.5}`, 400, "malformed"},
		{"/api/lanes/1/fault", `{"stall":1}`, 400, "malformed"},
		{"/api/nodes/c/kill", `{}`, 404, "not_found"},
		{"/api/nodes/a/eat", `{}`, 409, "state"},
		{"/api/nodes/a/start", `{}`, 409, "state"},
		{"/api/run", `{"workload":"push"}`, 501, "unsupported"},
		{"/api/nothing", `{}`, 405, "method"},
	} {
		r := d.do("POST", c.path, c.body)
		if r.StatusCode != c.status || r.code() != c.code || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %.60s is answered %s %s", c.path, c.body, r.Status, r.body)
		}
	}
	if r := d.do("DELETE", "/api/publish", ""); r.StatusCode != 405 {
		t.Errorf("DELETE is answered %s", r.Status)
	}
}

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

func TestListenersAreBounded(t *testing.T) {
	d := start(t, nil)
	var first *ear
	for i := range mostListeners {
		if e := d.listen(); i == 0 {
			first = e
		}
	}
	if r := d.do("GET", "/api/events", ""); r.StatusCode != 503 || r.Header.Get("Retry-After") == "" {
		t.Errorf("one more is answered %s", r.Status)
	}
	first.leave()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		d.events.mu.Lock()
		n := len(d.events.listeners)
		d.events.mu.Unlock()
		if n == mostListeners-1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d listeners stay", n)
		}
	}
	slow, ok := d.events.enter()
	if !ok {
		t.Fatal("the place of one that left is not free")
	}
	for range mostWaiting + 1 {
		d.events.send("x")
	}
	n := 0
	for range slow {
		n++
	}
	if n != mostWaiting {
		t.Errorf("a listener that falls behind gets %d events and is let go, want %d", n, mostWaiting)
	}
}

func TestTheDemoIsThisMachinesAlone(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:80", "127.0.0.1", "[::1]:0"} {
		if s, err := Start(t.Context(), Options{Addr: addr}); err == nil {
			s.Close()
			t.Errorf("%s is taken", addr)
		}
	}
}

func TestViolationsAreCounted(t *testing.T) {
	d := start(t, nil)
	if r := d.do("POST", "/csp-report", `{"csp-report":{}}`, "Content-Type", "application/csp-report", "Origin", "null"); r.StatusCode != 204 {
		t.Errorf("a report is answered %s", r.Status)
	}
	if r := d.do("POST", "/csp-report", strings.Repeat("x", 70_000)); r.StatusCode != 413 {
		t.Errorf("a large report is answered %s", r.Status)
	}
	if d.Violations() != 1 || !strings.Contains(d.do("GET", "/api/config", "").body, `"cspReports":1`) {
		t.Errorf("%d violations", d.Violations())
	}
}
