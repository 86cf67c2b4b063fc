package calibrate

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"transportlab/bench/result"
	"transportlab/transports/carrier"
)

func TestHeadsAreFoundInATranscript(t *testing.T) {
	for _, c := range []struct {
		what       string
		transcript string
		answers    bool
		headers    int
	}{
		{"requests", "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nGET \r\n", false, 28 + 48},
		{"an upgrade", "GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00\r\n\r\n", false, 69},
		{"an answer to it", "HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00\r\n\r\n", true, 36},
		{"answers", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true, 27 + 38 + 38},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", true, 47 + 27},
		{"chunks without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nab", true, 47},
		{"nothing", "", true, 0},
	} {
		heads, err := headsOf([]byte(c.transcript), c.answers)
		sum := 0
		for _, h := range heads {
			sum += h[1] - h[0]
		}
		if err != nil || sum != c.headers {
			t.Errorf("%s: %d bytes of headers in %v, want %d; %v", c.what, sum, heads, c.headers, err)
		}
	}
	for _, broken := range []string{"HTTP/1.1 200 OK\r\nContent", "no HTTP\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"} {
		if heads, err := headsOf([]byte(broken), true); err == nil {
			t.Errorf("%q: %v", broken, heads)
		}
	}
}

// exchange sends a request of known bytes over a carrier whose meter lies above dial, and returns what the meter
// and the tap say of it.
func exchange(t *testing.T, tap *tap, dial func(context.Context, string, string) (net.Conn, error)) (passed, result.Run) {
	t.Helper()
	server, err := carrier.Listen(carrier.H1, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}), carrier.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := carrier.Dial(carrier.H1, carrier.ClientOptions{DialContext: dial})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	tap.mark()
	for range 3 {
		resp, err := client.HTTP.Post(server.URL(), "text/plain", strings.NewReader("hello world"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	tap.mark()
	seen := client.Meter().Snapshot()
	truth, err := tap.between(0, 1, true)
	if err != nil {
		t.Fatal(err)
	}
	layers := func(b carrier.Bytes) result.Layers {
		return result.Layers{Payload: uint64(b.Body), Headers: uint64(b.Header), Framing: uint64(b.Framing)}
	}
	run := result.Run{Accounting: result.Accounting{Delivered: 3, Expected: 3}, Bytes: &result.Bytes{Sends: 3, Receives: 3,
		Steady: result.Traffic{Up: layers(seen.Up), Down: layers(seen.Down)}}}
	return truth, run
}

func TestTheMeterAgreesWithATapBeneathIt(t *testing.T) {
	tap := new(tap)
	truth, run := exchange(t, tap, tap.dial)
	if truth.headers == 0 || truth.all < truth.headers+66 {
		t.Fatalf("the tap saw %+v", truth)
	}
	checks := judgeBytes("h1", len("hello world"), truth, run)
	if failed := (Result{Checks: checks}).Failed(); len(failed) != 0 || len(checks) != 3 {
		t.Errorf("failed %+v of %+v", failed, checks)
	}
}

// A leak is a connection that sends a byte more than it was given, out of the meter's sight: a space at the end of a header.
type leak struct{ net.Conn }

func (c leak) Write(p []byte) (int, error) {
	longer := strings.Replace(string(p), "text/plain\r\n", "text/plain \r\n", 1)
	if _, err := c.Conn.Write([]byte(longer)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func TestAByteBehindTheMetersBackFailsTheCheck(t *testing.T) {
	tap := new(tap)
	truth, run := exchange(t, tap, func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := tap.dial(ctx, network, addr)
		return leak{c}, err
	})
	checks := judgeBytes("h1", len("hello world"), truth, run)
	failed := (Result{Checks: checks}).Failed()
	if len(failed) != 2 || failed[0].Truth-failed[0].Read != 1 {
		t.Errorf("failed %+v", failed)
	}
}
