package findings

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
)

// costs are published figures of bytes, processor time and memory.
func costs() []Statement {
	return []Statement{
		{ID: "appelqvist-2017", Group: result.Literature, Source: "Appelqvist & Örnmyr 2017, Mälardalen University",
			Says:   "Around a message of 30 B stand 2 B of WebSocket, 8 B of Server-Sent Events, 472 B of an XHR and 464 B of a long poll.",
			Theirs: "2, 8, 281+191, 273+191 B",
			Method: "A hundred messages of 30 B, one after the other, with the headers that Chromium sends; without what carries offsets and IDs.", test: framing},
		{ID: "babovic-2016", Group: result.Literature, Source: "Babovic et al. 2016, IEEE Access 4",
			Says:   "A message costs about 300 B more by long polling than by a WebSocket.",
			Theirs: "≈ 300 B",
			Method: "A hundred messages of 64 B over each, bytes in both directions, with Go's headers and with a browser's.", test: longpollExtra},
		{ID: "lubbers-2010", Group: result.Literature, Source: "Lubbers & Greco 2010, SOA World",
			Says:   "A polling request and answer carry 871 B of headers, a WebSocket's message 2 B.",
			Theirs: "871 B against 2 B",
			Method: "Header bytes of a poll with the headers that Chromium sends, and bytes of framing of a WebSocket message of 64 B.", test: headerArithmetic},
		{ID: "bozdag-2007", Group: result.Literature, Source: "Bozdağ, Mesbah & van Deursen 2007, WSE",
			Says:   "Push costs the server seven times the processor time of pull.",
			Theirs: "7 times",
			Method: "A hundred clients, 20 messages a second to all: server CPU per delivery of streaming over that of polling every 250 ms, six runs each.", test: pushCPU},
		{ID: "centrifugo-idle", Group: result.Literature, Source: "Centrifugo's documentation, 2026",
			Says:   "An idle WebSocket costs a Go server 27 KB, and the kernel 4 KB.",
			Theirs: "27 KB",
			Method: "Growth of the server's resident memory with 5,000 idle clients, three runs.", test: idleMemory},
		{ID: "centrifugo-deflate", Group: result.Literature, Source: "Centrifugo's blog, 2024",
			Says:   "permessage-deflate leaves 39 % of the traffic.",
			Theirs: "39 %",
			Method: "Four hundred price updates in JSON, about 120 B each, over a WebSocket with and without permessage-deflate; bytes downwards.", test: deflate},
	}
}

func framing(ctx context.Context, _ *session) (o outcome, err error) {
	texts := slices.Repeat([]string{strings.Repeat("x", 30)}, 100)
	around := map[string]float64{} // without data and envelope
	for _, name := range []string{"websocket", "streaming", "longpoll", "ajax"} {
		s, err := exchanged(ctx, name, transports.Options{Interval: 20 * time.Millisecond}, true, texts)
		if err != nil {
			return o, err
		}
		around[name] = s.up + s.down - s.envelope - 30
	}
	ws, sse, poll, xhr := around["websocket"], around["streaming"], around["longpoll"], around["ajax"]
	return outcome{
		ours:    fmt.Sprintf("WebSocket %.1f B, Server-Sent Events %.1f B, AJAX %.0f B, long poll %.0f B", ws, sse, xhr, poll),
		verdict: verdict(within(ws, 2, 2, 0.5) && within(sse, 8, 14, 0.1) && within(poll, 464, 464, 0.5) && within(xhr, 472, 472, 0.5)),
		why:     "The WebSocket's frame is the 2 B of the standard. An event's own syntax is 8 B too, but a chunk of HTTP/1.1 stands around it and a line with the cursor to resume at within it. Headers have grown with browsers: Chromium sends client hints and fetch metadata that did not exist in 2017.",
		figures: []result.Extra{extra("websocket-B", ws), extra("streaming-B", sse), extra("ajax-B", xhr), extra("longpoll-B", poll)},
	}, nil
}

func longpollExtra(ctx context.Context, _ *session) (o outcome, err error) {
	var more [2]float64
	for i, browser := range []bool{false, true} {
		poll, err := exchanged(ctx, "longpoll", transports.Options{}, browser, text64(100))
		if err != nil {
			return o, err
		}
		socket, err := exchanged(ctx, "websocket", transports.Options{}, browser, text64(100))
		if err != nil {
			return o, err
		}
		more[i] = poll.up + poll.down - socket.up - socket.down
	}
	return outcome{
		ours:    fmt.Sprintf("%.0f B with Go's headers, %.0f B with a browser's", more[0], more[1]),
		verdict: verdict(within(300, more[0], more[1], 0.1)),
		why:     "It is the request and the answer that each message needs; how long their headers are is the client's and the server's choice, so that the published figure is one point of a range.",
		figures: []result.Extra{extra("go-B", more[0]), extra("browser-B", more[1])},
	}, nil
}

func headerArithmetic(ctx context.Context, _ *session) (o outcome, err error) {
	poll, err := exchanged(ctx, "polling", transports.Options{Interval: 20 * time.Millisecond}, true, text64(50))
	if err != nil {
		return o, err
	}
	socket, err := exchanged(ctx, "websocket", transports.Options{}, false, text64(50))
	if err != nil {
		return o, err
	}
	headers := poll.headers * 50 / float64(poll.requests)
	return outcome{
		ours:    fmt.Sprintf("%.0f B against %.1f B", headers, socket.framing),
		verdict: result.NotComparable,
		why:     "The published figure is arithmetic on one example request with its cookies, not a measurement. The 2 B are the frame's header as the standard has it; acknowledgements, offsets and TCP's own headers are in neither figure.",
		figures: []result.Extra{extra("headers-B", headers), extra("framing-B", socket.framing)},
	}, nil
}

func pushCPU(ctx context.Context, s *session) (o outcome, err error) {
	w, err := workload.Find("fanout")
	if err != nil {
		return o, err
	}
	w.Duration = 1000 * ms
	p := bench.Plan{Title: "Bozdağ", Blocks: 6, Workloads: []workload.Workload{w},
		Arms: []result.Arm{arm("streaming", "loopback", ""), arm("polling", "loopback", "interval=250ms")}}
	d, err := s.measure(ctx, p)
	if err != nil {
		return o, err
	}
	push, err := metric(d, p.Arms[0], w.Name, "cpu-ns/msg")
	if err != nil {
		return o, err
	}
	pull, err := metric(d, p.Arms[1], w.Name, "cpu-ns/msg")
	if err != nil {
		return o, err
	}
	micro := func(ns float64) string { return fmt.Sprintf("%.3g µs", ns/1e3) }
	ratio := push.Median / pull.Median
	return outcome{
		ours:    fmt.Sprintf("%.2g times: %s against %s", ratio, interval(push, micro), interval(pull, micro)),
		verdict: verdict(ratio > 3.5 && ratio < 14),
		why:     "Here a push is one write of what has gathered, and a poll is a whole request for the five messages or so of its interval. The published factor came from a server that held a thread for each client.",
		figures: []result.Extra{extra("push-cpu-ns/msg", push.Median), extra("pull-cpu-ns/msg", pull.Median), extra("ratio", ratio)},
	}, nil
}

func idleMemory(ctx context.Context, s *session) (o outcome, err error) {
	w := workload.Workload{Name: "many-idle", Kind: workload.Idle, Clients: 5000, Duration: 500 * ms}.WithDefaults()
	p := bench.Plan{Title: "Centrifugo", Blocks: 3, Workloads: []workload.Workload{w}, Arms: []result.Arm{arm("websocket", "loopback", "")}}
	d, err := s.measure(ctx, p)
	if err != nil {
		return o, err
	}
	each, err := metric(d, p.Arms[0], w.Name, "B/conn")
	if err != nil {
		return o, err
	}
	return outcome{
		ours:    interval(each, func(b float64) string { return fmt.Sprintf("%.1f KB", b/1024) }),
		verdict: verdict(within(each.Median, 27<<10, 27<<10, 0.25)),
		why:     "The published figure is that of a goroutine and buffers for each connection. Here an idle connection has neither: it is a session that is woken, and its buffers are borrowed. The kernel's part is not resident memory of the process and not in this figure.",
		figures: []result.Extra{extra("B/conn", each.Median)},
	}, nil
}

func deflate(ctx context.Context, _ *session) (o outcome, err error) {
	rng := rand.New(rand.NewPCG(1, 2))
	lines := make([]string, 400)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"channel":"prices","symbol":%q,"bid":%.2f,"ask":%.2f,"volume":%d,"time":"2026-11-23T09:%02d:%02d.%03dZ"}`,
			[]string{"ACME", "GLOBEX", "INITECH", "HOOLI"}[rng.IntN(4)], 100+10*rng.Float64(), 110+10*rng.Float64(), rng.IntN(10_000), i/60%60, i%60, rng.IntN(1000))
	}
	plain, err := exchanged(ctx, "websocket", transports.Options{}, false, lines)
	if err != nil {
		return o, err
	}
	packed, err := exchanged(ctx, "websocket", transports.Options{Compression: true}, false, lines)
	if err != nil {
		return o, err
	}
	left := packed.down / plain.down
	return outcome{
		ours:    fmt.Sprintf("%.0f %%: %.0f B a message instead of %.0f B", 100*left, packed.down, plain.down),
		verdict: verdict(within(left, 0.39, 0.39, 0.25)),
		why:     "Here each message is compressed by itself, so that a connection keeps no dictionary (some 40 kB); a short message then gains little. The published figure is of a compressor that remembers earlier messages, and of other texts.",
		figures: []result.Extra{extra("left", left), extra("plain-B", plain.down), extra("deflate-B", packed.down)},
	}, nil
}
