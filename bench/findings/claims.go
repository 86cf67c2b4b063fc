package findings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
)

const notes = "common introductions to real-time transports"

// claims are about transports in general.
func claims() []Statement {
	return []Statement{
		{ID: "polling-asks-regardless", Group: result.Claim, Source: notes,
			Says:   "Polling asks at its interval whether or not there is anything new.",
			Method: "One polling client at 100 ms, two seconds in which nothing is stored; the server counts requests.", test: pollingAsks},
		{ID: "streaming-stays-open", Group: result.Claim, Source: notes,
			Says:   "Streaming keeps the connection open.",
			Method: "A hundred messages to one streaming client; connections and requests that they take are counted.", test: streamingOpen},
		{ID: "streaming-headers", Group: result.Claim, Source: notes,
			Says:   "The HTTP headers of streaming make messages larger and later, which is a major drawback.",
			Method: "Header bytes of a hundred messages of 64 B on an open stream; and the median latency of the workload push over streaming and over WebSocket, six runs each.", test: streamingHeaders},
		{ID: "ajax-part-of-page", Group: result.Claim, Source: notes,
			Says:   "AJAX fetches a portion of the page instead of all of it.",
			Method: "A page of a hundred messages; the same URL asked for the part behind the last but one, as fragment and as a whole page.", test: ajaxPart},
		{ID: "websocket-both-ways", Group: result.Claim, Source: notes,
			Says:   "A WebSocket carries messages both ways on one connection that stays open until the work is done.",
			Method: "A hundred messages sent and received by one client; connections are counted.", test: bothWays},
	}
}

func text64(n int) []string { return slices.Repeat([]string{strings.Repeat("x", 64)}, n) }

func pollingAsks(ctx context.Context, _ *session) (o outcome, err error) {
	const length = 2 * time.Second
	x, err := open(ctx, "polling", transports.Options{Interval: 100 * time.Millisecond}, false)
	if err != nil {
		return o, err
	}
	defer x.close()
	asked, before := x.requests.Load(), x.client.Meter().Snapshot()
	quiet, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	if m, err := x.Recv(quiet); !errors.Is(err, context.DeadlineExceeded) {
		return o, fmt.Errorf("a quiet topic gives %q, %w", m.Data, err)
	}
	d := x.client.Meter().Snapshot().Sub(before)
	n, bytes := x.requests.Load()-asked, float64(d.Up.App()+d.Down.App())
	want := float64(length / (100 * time.Millisecond))
	return outcome{
		ours:    fmt.Sprintf("%d requests in %s for no message, %.0f B", n, length, bytes),
		verdict: verdict(within(float64(n), want, want, 0.15)),
		why:     fmt.Sprintf("A timetable of 100 ms makes %.0f requests in that time. Each costs both sides a request and an answer that says nothing.", want),
		figures: []result.Extra{extra("requests", float64(n)), extra("bytes", bytes)},
	}, nil
}

func streamingOpen(ctx context.Context, _ *session) (o outcome, err error) {
	s, err := exchanged(ctx, "streaming", transports.Options{}, false, text64(100))
	if err != nil {
		return o, err
	}
	return outcome{
		ours:    fmt.Sprintf("%d further connections and %d further requests for 100 messages", s.opened, s.requests),
		verdict: verdict(s.opened == 0 && s.requests == 0),
		why:     "All messages came in the answer to the one request that had been made before. The server ends it after a time (rotation), and the client asks again at its cursor.",
		figures: []result.Extra{extra("connections", float64(s.opened)), extra("requests", float64(s.requests))},
	}, nil
}

// pushPlan is the workload push over two arms on loopback.
func pushPlan() (bench.Plan, workload.Workload, error) {
	w, err := workload.Find("push")
	return bench.Plan{Title: "push over streaming and WebSocket", Blocks: 6, Workloads: []workload.Workload{w},
		Arms: []result.Arm{arm("streaming", "loopback", ""), arm("websocket", "loopback", "")}}, w, err
}

func streamingHeaders(ctx context.Context, s *session) (o outcome, err error) {
	bytes, err := exchanged(ctx, "streaming", transports.Options{}, false, text64(100))
	if err != nil {
		return o, err
	}
	p, w, err := pushPlan()
	if err != nil {
		return o, err
	}
	d, err := s.measure(ctx, p)
	if err != nil {
		return o, err
	}
	stream, err := metric(d, p.Arms[0], w.Name, "p50-ns")
	if err != nil {
		return o, err
	}
	socket, err := metric(d, p.Arms[1], w.Name, "p50-ns")
	if err != nil {
		return o, err
	}
	ratio := stream.Median / socket.Median
	return outcome{
		ours:    fmt.Sprintf("%.4g header bytes per message; median latency %s, %.3g times that of WebSocket", bytes.headers, interval(stream, millis), ratio),
		verdict: verdict(bytes.headers > 1 || ratio > 2),
		why:     "Headers are sent once, with the request that opens the stream. A message then costs an event's few bytes of framing, and waits for nothing.",
		figures: []result.Extra{extra("header-B/msg", bytes.headers), extra("streaming-p50-ns", stream.Median), extra("websocket-p50-ns", socket.Median)},
	}, nil
}

func ajaxPart(ctx context.Context, _ *session) (o outcome, err error) {
	x, err := open(ctx, "ajax", transports.Options{}, false)
	if err != nil {
		return o, err
	}
	defer x.close()
	var last, before transports.Cursor
	for i := range 100 {
		before = last
		if last, err = x.log.Append(ctx, topic, transports.Message{ID: fmt.Sprint("page", i), Data: []byte(text64(1)[0])}); err != nil {
			return o, err
		}
	}
	size := func(accept string, after transports.Cursor) (float64, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.server.URL()+"/ajax/"+topic+"?after="+after.String(), nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Accept", accept)
		resp, err := x.client.HTTP.Do(req)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		n, err := io.Copy(io.Discard, resp.Body)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = errors.New(resp.Status)
		}
		return float64(n), err
	}
	part, err := size("text/html", before)
	if err != nil {
		return o, err
	}
	whole, err := size("text/html,application/xhtml+xml", transports.Cursor{})
	if err != nil {
		return o, err
	}
	return outcome{
		ours:    fmt.Sprintf("%.0f B for what is new, %.0f B for the page: %.0f times less", part, whole, whole/part),
		verdict: verdict(part < whole/10),
		why:     "The saving is the page's size over the part's, so it grows with the page; the request's headers are paid either way.",
		figures: []result.Extra{extra("part-B", part), extra("page-B", whole)},
	}, nil
}

func bothWays(ctx context.Context, _ *session) (o outcome, err error) {
	x, err := open(ctx, "websocket", transports.Options{}, false)
	if err != nil {
		return o, err
	}
	defer x.close()
	for i := range 100 {
		if _, err := x.Send(ctx, transports.Message{ID: fmt.Sprint("both", i), Data: []byte("x")}); err != nil {
			return o, err
		}
		if _, err := x.Recv(ctx); err != nil {
			return o, err
		}
	}
	n := x.client.Meter().Snapshot()
	return outcome{
		ours:    fmt.Sprintf("100 messages up and 101 down on %d connection, which is still open (%d)", n.Opened, n.Live),
		verdict: verdict(n.Opened == 1 && n.Live == 1),
		why:     "Sends, their acknowledgements and deliveries are frames of one connection. Proxies and idle timeouts may end it all the same; then the client dials again at its cursor.",
		figures: []result.Extra{extra("connections", float64(n.Opened))},
	}, nil
}
