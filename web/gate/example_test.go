package gate_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"transportlab/web/gate"
)

// A page's requests pass a gate, which knows afterwards what they cost.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	g, err := gate.Listen(gate.Options{Target: func() (addr, name string, ok bool) {
		return strings.TrimPrefix(server.URL, "http://"), "a", true
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Close()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(g.URL() + "/polling/news")
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	entries, _ := g.Entries(0, 10)
	for _, e := range entries[1:3] {
		fmt.Println(e.Kind, e.Dir, e.Title)
	}
	fmt.Println(g.Counts().Down.Headers, "bytes of headers came down,", g.Counts().Down.Payload, "of messages")
	// Output:
	// request up GET /polling/news
	// response down 204 No Content
	// 46 bytes of headers came down, 0 of messages
}
