package transporttest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/carrier"
)

// RunHTTP checks what a transport whose requests are plain HTTP answers to requests that it must
// refuse: one status and one error for each situation, the same for every transport.
func RunHTTP(t *testing.T, newTransport New) {
	k := newKit(func(_ transports.Log, o transports.Options) transports.Transport { return newTransport(o) })
	for _, c := range httpCases {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			k.runCase(t, c, carrier.H1)
		})
	}
}

var httpCases = []testCase{
	{name: "refusals", promise: "a request that breaks the protocol is refused by its own status and error", run: refusals},
	{name: "body size", promise: "a body over the limit is refused as soon as that is known", run: oversized, options: transports.Options{MaxMessage: 1000}},
	{name: "origins", promise: "pages of foreign origins are refused before anything is done", run: origins},
	{name: "allowed origins", promise: "pages of an allowed origin, and of no other, may read answers", run: allowedOrigins,
		options: transports.Options{Origins: []string{"https://good.example"}}},
	{name: "credentials", promise: "credentials are judged before anything is told", run: credentials, prepare: authorize},
	{name: "rate", promise: "who sends too fast is told to slow down, and when to come back", run: tooFast, options: transports.Options{MessageRate: 1}},
	{name: "store away", promise: "a server without its store answers 503, never 200 with nothing behind it", run: storeAway, prepare: stubLogs},
	{name: "draining", promise: "a node that goes away says so and takes nothing more", run: draining},
	{name: "smuggling", promise: "a request whose length can be read in two ways gets one refusal", run: smuggling},
	{name: "caching", promise: "no answer may be kept by a cache", run: caching},
}

// An answer is a response, and what its error says.
type answer struct {
	status int
	closes bool // the connection ends behind it
	header http.Header
	text   string // of refusals only: other answers may not end
	Error  struct {
		Code       string  `json:"code"`
		Message    string  `json:"message"`
		Retryable  *bool   `json:"retryable"`
		RetryAfter *int64  `json:"retry_after_ms"`
		Epoch      string  `json:"epoch"`
		First      *uint64 `json:"first"`
		Last       *uint64 `json:"last"`
	} `json:"error"`
}

// path is the address of a topic.
func (w *world) path(topic string) string { return "/" + w.arm.Info().Name + "/" + topic }

// raw sends bytes as they are and reads one answer.
func (w *world) raw(text string) answer {
	w.Helper()
	conn, err := net.Dial("tcp", w.addr.Load().(string))
	if err != nil {
		w.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(w.k.patience))
	if _, err := io.WriteString(conn, text); err != nil {
		w.Fatal(err)
	}
	return w.read(bufio.NewReader(conn), text)
}

func (w *world) read(r *bufio.Reader, request string) answer {
	w.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		w.fatal("no answer to %.200q: %v", request, err)
	}
	a := answer{status: resp.StatusCode, closes: resp.Close, header: resp.Header}
	if a.status >= 400 {
		p, err := io.ReadAll(resp.Body)
		if err != nil {
			w.fatal("the answer to %.200q breaks off: %v", request, err)
		}
		a.text = string(p)
		_ = json.Unmarshal(p, &a) // net/http's own refusals are not JSON; form says so where ours are due
	}
	return a
}

// form checks that an answer is a refusal in the lab's own form.
func (w *world) form(what string, a answer, status int, codes ...string) {
	w.Helper()
	switch {
	case a.status != status:
		w.broke("%s: status %d, want %d: %.200s", what, a.status, status, a.text)
		return
	case !slices.Contains(codes, a.Error.Code):
		w.broke("%s: error %q, want %s: %.200s", what, a.Error.Code, strings.Join(codes, " or "), a.text)
		return
	case a.Error.Message == "" || a.Error.Retryable == nil || a.header.Get("Content-Type") != "application/json" ||
		a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff":
		w.broke("%s: not in the form of errors: %v %.200s", what, a.header, a.text)
	case strings.Contains(a.text, marker):
		w.broke("%s: the answer echoes what was sent: %.200s", what, a.text)
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		if a.header.Get("Retry-After") == "" || !*a.Error.Retryable {
			w.broke("%s: it does not say when to come back: %v %.200s", what, a.header, a.text)
		}
	}
}

// marker is put into what must not come back.
const marker = "ECHO"

// post is a POST of a body.
func (w *world) post(topic, headers, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s", w.path(topic), w.addr.Load(), headers, len(body), body)
}

// get is a GET, with a query that begins with '?' or none.
func (w *world) get(topic, query, headers string) string {
	return fmt.Sprintf("GET %s%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", w.path(topic), query, w.addr.Load(), headers)
}

const isJSON = "Content-Type: application/json\r\n"

func refusals(w *world) {
	for _, method := range []string{"PUT", "DELETE", "PATCH", "PROPFIND", "OPTIONS"} {
		a := w.raw(method + " " + w.path("t") + " HTTP/1.1\r\nHost: x\r\n\r\n")
		w.form(method, a, 405, "method")
		if allow := a.header.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") {
			w.broke("%s: Allow is %q", method, allow)
		}
	}
	for _, kind := range []string{"", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type: multipart/form-data; boundary=x\r\n",
		"Content-Type: text/html\r\n", "Content-Type: " + marker + "\r\n", isJSON + "Content-Encoding: gzip\r\n", isJSON + "Content-Encoding: gzip, gzip\r\n"} {
		w.form("a body of "+kind, w.raw(w.post("t", kind, `["a","x"]`)), 415, "unsupported")
	}
	w.form("text that is not UTF-8", w.raw(w.post("t", isJSON, "[\"a\",\"x\xff\"]")), 400, "invalid_utf8")
	for what, body := range map[string]string{
		"nothing": "", "no array": `{"a":"x"}`, "half": `["a","x"`, "a number": `["a",1]`, "an ID alone": `["a"]`, "no message": `[]`, "null": "null",
		"something behind": `["a","x"] ["b","y"]`, "a byte order mark": "\ufeff[\"a\",\"x\"]", "depth": strings.Repeat("[", 10_000), "half a surrogate": `["a","\ud800"]`,
		"an ID with a space": `["a ` + marker + `","x"]`, "base64 that is none": `["a",{"b64":"$$$"}]`, "a control character": "[\"a\",\"x\ny\"]",
	} {
		w.form(what, w.raw(w.post("t", isJSON, body)), 400, "malformed", "invalid_utf8")
	}
	for _, topic := range []string{"", "_x", "a%20b", "%7Btag%7D", "a%00b", "%C3%A9", "a*" + marker, strings.Repeat("t", 129)} {
		w.form("POST to topic "+topic, w.raw(w.post(topic, isJSON, `["a","x"]`)), 400, "topic_invalid")
		w.form("GET of topic "+topic, w.raw(w.get(topic, "", "")), 400, "topic_invalid")
	}
	for _, cursor := range []string{"x", "e:", ":1", "e:-1", "e:NaN", "e:1e9", "e:01", "e:18446744073709551616", "e%20:1", marker + ":x", "e:1:1", strings.Repeat("e", 33) + ":1"} {
		w.form("cursor "+cursor, w.raw(w.get("t", "?after="+cursor, "")), 400, "cursor_invalid")
	}
	w.refusedPositions()
}

// refusedPositions are about what is stored.
func (w *world) refusedPositions() {
	if ms, err := w.nodes[0].log.Read(w.ctx, "t", transports.Cursor{}, 10); err != nil || len(ms) > 0 {
		w.broke("%d refused messages were stored (%v)", len(ms), err)
	}
	ms := w.store("t", "m", 3)
	w.form("an ID used again", w.raw(w.post("t", isJSON, `["m-1","other"]`)), 409, "idempotency_conflict")
	for _, after := range []string{ms[0].Epoch + ":9", "other:1"} {
		a := w.raw(w.get("t", "?after="+after, ""))
		w.form("cursor "+after, a, 409, "gap")
		if e := a.Error; e.Epoch != ms[0].Epoch || e.First == nil || *e.First != 1 || e.Last == nil || *e.Last != 3 {
			w.broke("the gap at %s is told as %s", after, a.text)
		}
	}
}

func oversized(w *world) {
	w.form("a message of one byte too many", w.raw(w.post("t", isJSON, `["a","`+strings.Repeat("x", 1001)+`"]`)), 413, "too_large")
	if a := w.raw(w.post("t", isJSON, `["a","`+strings.Repeat("x", 1000)+`"]`)); a.status != 200 {
		w.broke("a message at the limit: %d %s", a.status, a.text)
	}
	announced := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: 10000000000\r\n\r\n", w.path("t"), isJSON)
	a := w.raw(announced) // and not a byte of it sent
	w.form("10 GB announced", a, 413, "too_large")
	if !a.closes {
		w.broke("10 GB announced: the connection is kept: %v", a.header)
	}
	many := `["i","x"` + strings.Repeat(`,"i","x"`, 100) + `]`
	if a := w.raw(w.post("t", isJSON, many)); a.status != 413 && a.status != 400 {
		w.broke("101 messages in one request: %d %s", a.status, a.text)
	}
	w.endless()
}

// endless sends chunks until the server has had enough.
func (w *world) endless() {
	conn, err := net.Dial("tcp", w.addr.Load().(string))
	if err != nil {
		w.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(w.k.patience))
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\n%sTransfer-Encoding: chunked\r\n\r\n6\r\n[\"a\",\"\r\n", w.path("t"), isJSON)
	answered := make(chan answer, 1)
	go func() { // ends with the answer, or the connection
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			answered <- answer{text: err.Error()}
			return
		}
		p, _ := io.ReadAll(resp.Body)
		a := answer{status: resp.StatusCode, closes: resp.Close, header: resp.Header, text: string(p)}
		_ = json.Unmarshal(p, &a)
		answered <- a
	}()
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 4096, strings.Repeat("x", 4096))
	const most = 64 << 20 // what buffers on the way may swallow is less
	for sent := 0; ; sent += len(chunk) {
		select {
		case a := <-answered:
			w.form("an endless body", a, 413, "too_large")
			return
		default:
		}
		if _, err := io.WriteString(conn, chunk); err != nil {
			w.form("an endless body", <-answered, 413, "too_large")
			return
		}
		if sent > most {
			w.broke("%d bytes of an endless body were taken", sent)
			return
		}
	}
}

func origins(w *world) {
	host := w.addr.Load().(string)
	foreign := []string{"Origin: https://evil.example\r\n", "Origin: null\r\n", "Origin: http://" + host + ".evil.example\r\n", "Origin: https://" + host + "\r\n",
		"Origin: http://127.0.0.1:1\r\n", "Origin: http://" + strings.ToUpper("localhost") + "\r\n", "Origin: http://" + host + "\r\nOrigin: https://evil.example\r\n",
		"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"}
	for _, h := range foreign {
		for what, a := range map[string]answer{"GET": w.raw(w.get("t", "", h)), "POST": w.raw(w.post("t", h+isJSON, `["a","x"]`))} {
			w.form(what+" with "+h, a, 403, "origin")
			if a.header.Get("Access-Control-Allow-Origin") != "" {
				w.broke("%s with %s: CORS headers: %v", what, h, a.header)
			}
		}
	}
	if ms, err := w.nodes[0].log.Read(w.ctx, "t", transports.Cursor{}, 10); err != nil || len(ms) > 0 {
		w.broke("%d messages of foreign pages were stored (%v)", len(ms), err)
	}
	for _, h := range []string{"", "Origin: http://" + host + "\r\n", "Sec-Fetch-Site: same-origin\r\n", "Sec-Fetch-Site: none\r\n"} {
		if a := w.raw(w.post("t", h+isJSON, `["a","x"]`)); a.status != 200 {
			w.broke("POST with %q: %d %s", h, a.status, a.text)
		}
	}
}

func allowedOrigins(w *world) {
	good, evil := "Origin: https://good.example\r\n", "Origin: https://evil.example\r\n"
	a := w.raw(w.post("t", good+isJSON, `["a","x"]`))
	if a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "https://good.example" || !slices.Contains(a.header.Values("Vary"), "Origin") {
		w.broke("an allowed page's POST: %d %v", a.status, a.header)
	}
	if a.header.Get("Access-Control-Allow-Credentials") != "" {
		w.broke("credentials are allowed across origins: %v", a.header)
	}
	w.form("another page's POST", w.raw(w.post("t", evil+isJSON, `["b","x"]`)), 403, "origin")
	ask := "OPTIONS " + w.path("t") + " HTTP/1.1\r\nHost: x\r\nAccess-Control-Request-Method: POST\r\n"
	a = w.raw(ask + good + "\r\n")
	if a.status != 204 || !strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "POST") || a.header.Get("Access-Control-Max-Age") == "" {
		w.broke("an allowed page's preflight: %d %v", a.status, a.header)
	}
	if a = w.raw(ask + evil + "\r\n"); a.status < 400 || a.header.Get("Access-Control-Allow-Origin") != "" {
		w.broke("another page's preflight: %d %v", a.status, a.header)
	}
}

func credentials(w *world) {
	for _, tc := range []struct {
		topic, headers string
		status         int
		code           string
	}{{"t", "", 401, "unauthorized"}, {"t", "Authorization: " + marker + "\r\n", 403, "forbidden"}, {"secret", "Authorization: good\r\n", 403, "forbidden"}} {
		w.form("GET "+tc.topic, w.raw(w.get(tc.topic, "", tc.headers)), tc.status, tc.code)
		w.form("GET "+tc.topic+" from a cursor", w.raw(w.get(tc.topic, "?after=e:1", tc.headers)), tc.status, tc.code)
		w.form("POST "+tc.topic, w.raw(w.post(tc.topic, tc.headers+isJSON, `["a","x"]`)), tc.status, tc.code)
	}
}

func tooFast(w *world) {
	conn, err := net.Dial("tcp", w.addr.Load().(string)) // the rate is one connection's
	if err != nil {
		w.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(w.k.patience))
	r := bufio.NewReader(conn)
	for i := range 20 {
		request := w.post("t", isJSON, fmt.Sprintf(`["i%d","x"]`, i))
		io.WriteString(conn, request)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			w.fatal("request %d got no answer: %v", i, err)
		}
		p, _ := io.ReadAll(resp.Body)
		if resp.StatusCode == http.StatusOK {
			continue
		}
		a := answer{status: resp.StatusCode, closes: resp.Close, header: resp.Header, text: string(p)}
		_ = json.Unmarshal(p, &a)
		w.form("too many messages", a, 429, "rate_limited")
		return
	}
	w.broke("20 messages at once passed where one a second is allowed")
}

func storeAway(w *world) {
	w.nodes[0].log.(*stubLog).fail(transports.ErrUnavailable)
	w.form("POST", w.raw(w.post("t", isJSON, `["a","x"]`)), 503, "unavailable")
	w.form("GET", w.raw(w.get("t", "", "")), 503, "unavailable")
	w.form("GET from a cursor", w.raw(w.get("t", "?after=e:1", "")), 503, "unavailable")
}

func draining(w *world) {
	if err := w.nodes[0].server.Shutdown(w.ctx); err != nil {
		w.broke("Shutdown returned %v", err)
	}
	for what, a := range map[string]answer{"POST": w.raw(w.post("t", isJSON, `["a","x"]`)), "GET": w.raw(w.get("t", "", ""))} {
		w.form(what, a, 503, "draining")
		if !a.closes {
			w.broke("%s: the connection is kept: %v", what, a.header)
		}
	}
}

func smuggling(w *world) {
	body := `["a","x"]`
	inner := w.post("t", isJSON, `["smuggled","x"]`)
	start := "POST " + w.path("t") + " HTTP/1.1\r\nHost: x\r\n" + isJSON
	for what, text := range map[string]string{
		"two different lengths":    start + "Content-Length: 9\r\nContent-Length: 0\r\n\r\n" + body + inner,
		"an unknown coding":        start + "Transfer-Encoding: xchunked\r\n\r\n" + inner,
		"a coding twice":           start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + inner,
		"a folded header":          start + "Content-Length: 0\r\nX: a\r\n b\r\nTransfer-Encoding\r\n\r\n" + inner,
		"a length with a sign":     start + "Content-Length: +9\r\n\r\n" + body + inner,
		"a space before the colon": start + "Content-Length : 9\r\n\r\n" + body + inner,
		"a chunk size with a sign": start + "Transfer-Encoding: chunked\r\n\r\n+9\r\n" + body + "\r\n0\r\n\r\n" + inner,
		"no host":                  "POST " + w.path("t") + " HTTP/1.1\r\n" + isJSON + "Content-Length: 9\r\n\r\n" + body + inner,
	} {
		if a := w.raw(text); a.status < 400 || a.status == 404 {
			w.broke("%s: %d", what, a.status)
		}
	}
	ms, err := w.nodes[0].log.Read(w.ctx, "t", transports.Cursor{}, 10)
	if err != nil {
		w.Fatal(err)
	}
	for _, m := range ms {
		w.broke("%s was stored", describe(m))
	}
}

func caching(w *world) {
	ms := w.store("t", "m", 3)
	for what, text := range map[string]string{
		"GET": w.get("t", "", ""), "GET from a cursor": w.get("t", "?after="+ms[0].Cursor.String(), ""), "GET at the end": w.get("t", "?after="+ms[2].Cursor.String(), ""),
	} {
		a := w.raw(text)
		if control := a.header.Get("Cache-Control"); a.status >= 400 || !strings.Contains(control, "no-store") || !strings.Contains(control, "no-transform") {
			w.broke("%s: %d, Cache-Control %q", what, a.status, control)
		}
	}
}
