package transporttest

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/carrier"
	"transportlab/transports/polling"
)

// A brokenServer changes what goes in or out of a server that is right.
type brokenServer struct {
	transports.Server
	in  func(r *http.Request)
	out func(r *http.Request, a *httptest.ResponseRecorder)
}

func (s brokenServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.in != nil {
		s.in(r)
	}
	if s.out == nil {
		s.Server.ServeHTTP(w, r)
		return
	}
	a := httptest.NewRecorder()
	s.Server.ServeHTTP(a, r)
	s.out(r, a)
	for name, values := range a.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(a.Code)
	w.Write(a.Body.Bytes())
}

func (s brokenServer) Shutdown(ctx context.Context) error { return s.Server.Shutdown(ctx) }

func TestBrokenServersAreCaught(t *testing.T) {
	drops := func(name string) brokenServer {
		return brokenServer{out: func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Del(name) }}
	}
	says := func(name, value string) brokenServer {
		return brokenServer{out: func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Set(name, value) }}
	}
	for name, tc := range map[string]struct {
		server brokenServer
		change func(*transports.Options)
		cases  string
	}{
		"takes any content":          {server: brokenServer{in: func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }}, cases: "refusals"},
		"takes any coding":           {server: brokenServer{in: func(r *http.Request) { r.Header.Del("Content-Encoding") }}, cases: "refusals"},
		"takes any method":           {server: brokenServer{in: func(r *http.Request) { r.Method = http.MethodGet }}, cases: "refusals"},
		"takes any cursor":           {server: brokenServer{in: func(r *http.Request) { r.URL.RawQuery = "" }}, cases: "refusals"},
		"takes any origin":           {server: brokenServer{in: func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") }}, cases: "origins,allowed origins"},
		"takes messages of any size": {change: func(o *transports.Options) { o.MaxMessage = 1 << 20 }, cases: "body size"},
		"takes messages at any rate": {change: func(o *transports.Options) { o.MessageRate = 1 << 20 }, cases: "rate"},
		"lets every page read":       {server: says("Access-Control-Allow-Origin", "*"), cases: "origins,allowed origins"},
		"lets pages send cookies":    {server: says("Access-Control-Allow-Credentials", "true"), cases: "allowed origins"},
		"does not vary":              {server: drops("Vary"), cases: "allowed origins"},
		"lets caches keep":           {server: drops("Cache-Control"), cases: "caching,refusals"},
		"lets browsers guess":        {server: drops("X-Content-Type-Options"), cases: "refusals"},
		"does not say when":          {server: drops("Retry-After"), cases: "rate,store away,draining"},
		"keeps connections":          {server: drops("Connection"), cases: "draining"},
		"echoes": {server: brokenServer{out: func(r *http.Request, a *httptest.ResponseRecorder) {
			said := strings.ReplaceAll(r.URL.String()+r.Header.Get("Content-Type"), `"`, "")
			a.Body = bytes.NewBuffer(bytes.Replace(a.Body.Bytes(), []byte(`"message":"`), []byte(`"message":"`+said), 1))
			a.Header().Del("Content-Length")
		}}, cases: "refusals"},
		"hides a store that is away": {server: brokenServer{out: func(_ *http.Request, a *httptest.ResponseRecorder) {
			if a.Code == http.StatusServiceUnavailable {
				a.Code, a.Body = http.StatusOK, new(bytes.Buffer)
			}
		}}, cases: "store away,draining"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			k := newKit(func(_ transports.Log, o transports.Options) transports.Transport {
				if tc.change != nil {
					tc.change(&o)
				}
				return broken{Transport: polling.New(o), server: func(s transports.Server) transports.Server {
					tc.server.Server = s
					return tc.server
				}}
			})
			k.patience = 2 * time.Second
			for _, want := range strings.Split(tc.cases, ",") {
				c := caseNamed(t, want)
				if texts := play(t, k, c, carrier.H1); len(texts) == 0 {
					t.Errorf("a server that %s passes %q", name, want)
				} else if !strings.Contains(texts[0], c.promise) {
					t.Errorf("case %q does not say which promise was broken: %s", want, texts[0])
				}
			}
		})
	}
}

// Who lets everybody in is caught by what should have been refused.
func TestMissingPolicyIsCaught(t *testing.T) {
	k := newKit(func(_ transports.Log, o transports.Options) transports.Transport { return polling.New(o) })
	for _, name := range []string{"credentials", "unauthorized"} {
		c := caseNamed(t, name)
		c.prepare = nil
		if texts := play(t, k, c, carrier.H1); len(texts) == 0 || !strings.Contains(texts[0], c.promise) {
			t.Errorf("without a policy, %q says %q", name, texts)
		}
	}
}
