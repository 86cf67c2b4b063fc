package socketio

import (
	"compress/gzip"
	"io"
	"net/http"
	"testing"
	"testing/fstest"

	"transportlab/socketio/engineio"
)

func TestClientFilesAreServedUnderTheirEightNames(t *testing.T) {
	files := fstest.MapFS{"secret.txt": {Data: []byte("secret")}}
	for _, name := range clientFiles {
		files[name] = &fstest.MapFile{Data: []byte("content of " + name)}
	}
	l := newLab(t, Options{ClientFiles: files, ClientVersion: "4.8.4"})
	get := func(path string, header ...string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.web.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "identity")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		res, err := l.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	for _, name := range clientFiles {
		res := get("/socket.io/" + name)
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || string(body) != "content of "+name || res.Header.Get("ETag") != `"4.8.4"` ||
			res.Header.Get("Cache-Control") != "public, max-age=0" || res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %q %v", name, res.StatusCode, body, res.Header)
		}
		for _, encoding := range []string{"identity", "gzip"} {
			if res := get("/socket.io/"+name, "If-None-Match", `"4.8.4"`, "Accept-Encoding", encoding); res.StatusCode != 304 {
				t.Errorf("%s again, %s: %d", name, encoding, res.StatusCode)
			}
		}
		res = get("/socket.io/"+name, "Accept-Encoding", "gzip")
		zip, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(zip); err != nil || string(body) != "content of "+name {
			t.Errorf("%s compressed: %q, %v", name, body, err)
		}
	}
	for path, want := range map[string]int{
		"/socket.io/secret.txt": 400, "/socket.io/../secret.txt": 400, "/socket.io/%2e%2e/secret.txt": 400, "/socket.io": 404,
		"/other/": 404, "/socket.io/foo?EIO=4&transport=polling": 200,
	} {
		if res := get(path); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

func TestWithoutClientFilesNoneAreServed(t *testing.T) {
	l := newLab(t, Options{Engine: engineio.Options{}})
	if got := l.http("GET", "/socket.io/socket.io.js", ""); got != `{"code":0,"message":"Transport unknown"}` {
		t.Errorf("got %s", got)
	}
}
