package bench

import (
	"compress/gzip"
	"io"
	"net/http"
)

// AsBrowser makes requests as a browser would: with its headers, and undoing the compression that they ask for.
func AsBrowser(next http.RoundTripper) http.RoundTripper { return browser{next} }

// BrowserBytes is how many bytes of headers a browser's fetch request has beyond one of Go's client, whose
// User-Agent and Accept-Encoding it replaces; less its Referer, whose length is the page's.
func BrowserBytes() int {
	n := -len("User-Agent: Go-http-client/1.1\r\n") - len("Accept-Encoding: gzip\r\n")
	for _, values := range []map[string]string{alike(), fetched()} {
		for name, value := range values {
			n += len(name) + len(": \r\n") + len(value)
		}
	}
	return n
}

// A browser sends with every request what Chromium 156 on Linux sends, as it was captured from it: about 400
// bytes more than Go's client with fetch, EventSource and WebSocket alike. Like Chromium it takes compressed
// answers.
type browser struct{ next http.RoundTripper }

// alike is what Chromium sends whatever the request is for. Pages and servers of the lab are on one host, and
// neither sets cookies, of which real ones often have more than all of this.
func alike() map[string]string {
	return map[string]string{
		"User-Agent":      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
		"Accept-Encoding": "gzip, deflate, br, zstd",
		"Accept-Language": "en-US,en;q=0.9",
	}
}

// fetched is what fetch and EventSource add.
func fetched() map[string]string {
	return map[string]string{
		"Connection":         "keep-alive",
		"Sec-Ch-Ua":          `"Not:A-Brand";v="8", "Chromium";v="156"`,
		"Sec-Ch-Ua-Mobile":   "?0",
		"Sec-Ch-Ua-Platform": `"Linux"`,
		"Sec-Fetch-Site":     "same-origin",
		"Sec-Fetch-Mode":     "cors",
		"Sec-Fetch-Dest":     "empty",
	}
}

// RoundTrip implements http.RoundTripper.
func (b browser) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	set := func(values map[string]string) {
		for name, value := range values {
			r.Header.Set(name, value)
		}
	}
	origin := r.URL.Scheme + "://" + r.URL.Host
	set(alike())
	if r.Header.Get("Upgrade") != "" {
		set(map[string]string{"Pragma": "no-cache", "Cache-Control": "no-cache", "Origin": origin})
	} else {
		set(fetched())
		r.Header.Set("Referer", origin+"/")
		switch {
		case r.Method == http.MethodPost:
			r.Header.Set("Origin", origin)
		case r.Header.Get("Accept") == "text/event-stream":
			set(map[string]string{"Pragma": "no-cache", "Cache-Control": "no-cache"})
		}
		if r.Header.Get("Accept") == "" {
			r.Header.Set("Accept", "*/*")
		}
	}
	resp, err := b.next.RoundTrip(r)
	if err == nil && resp.Header.Get("Content-Encoding") == "gzip" {
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength, resp.Uncompressed = -1, true
		resp.Body = &unzipping{ReadCloser: resp.Body}
	}
	return resp, err
}

// An unzipping body is read when somebody reads it: the head of a stream may come with its first message.
type unzipping struct {
	io.ReadCloser
	plain *gzip.Reader
	err   error
}

func (u *unzipping) Read(p []byte) (int, error) {
	if u.plain == nil && u.err == nil {
		u.plain, u.err = gzip.NewReader(u.ReadCloser)
	}
	if u.err != nil {
		return 0, u.err
	}
	return u.plain.Read(p)
}
