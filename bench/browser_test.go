package bench

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// The names are those of requests that Chromium 156 sent to a socket, without Host and what the body needs.
func TestABrowsersRequestsCarryWhatChromiumSends(t *testing.T) {
	got := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
	defer server.Close()
	client := &http.Client{Transport: browser{http.DefaultTransport}}
	defer client.CloseIdleConnections()
	const always = "Accept-Encoding Accept-Language User-Agent "
	const page = always + "Accept Connection Referer Sec-Ch-Ua Sec-Ch-Ua-Mobile Sec-Ch-Ua-Platform Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site "
	for _, c := range []struct{ method, accept, upgrade, want string }{
		{http.MethodGet, "", "", page},
		{http.MethodPost, "", "", page + "Origin Content-Length Content-Type"},
		{http.MethodGet, "text/event-stream", "", page + "Pragma Cache-Control"},
		{http.MethodGet, "", "websocket", always + "Pragma Cache-Control Origin Upgrade Connection"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+"/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.accept != "" {
			r.Header.Set("Accept", c.accept)
		}
		if c.upgrade != "" {
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", c.upgrade)
		}
		if c.method == http.MethodPost {
			r.Header.Set("Content-Type", "application/json")
		}
		before := len(r.Header)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if len(r.Header) != before {
			t.Error("the caller's request was changed")
		}
		h := <-got
		want := slices.Sorted(slices.Values(strings.Fields(c.want)))
		if names := slices.Sorted(maps.Keys(h)); !slices.Equal(names, want) {
			t.Errorf("%s %s%s carries %v, want %v", c.method, c.accept, c.upgrade, names, want)
		}
	}
}

func TestABrowserReadsCompressedStreamsAsTheyCome(t *testing.T) {
	next := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		http.NewResponseController(w).Flush() // the head comes alone
		z := gzip.NewWriter(w)
		defer z.Close()
		for line := range 3 {
			<-next
			fmt.Fprintln(z, line)
			z.Flush()
			http.NewResponseController(w).Flush()
		}
	}))
	defer server.Close()
	client := &http.Client{Transport: browser{http.DefaultTransport}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := bufio.NewReader(resp.Body)
	for line := range 3 {
		next <- struct{}{}
		if text, err := body.ReadString('\n'); err != nil || text != fmt.Sprintln(line) {
			t.Fatalf("%q, %v", text, err)
		}
	}
	if _, err := body.ReadByte(); err != io.EOF || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("at the end %v, encoding %q", err, resp.Header.Get("Content-Encoding"))
	}
}
