package web

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
