package model

import (
	"fmt"
	"math"
	"time"

	"transportlab/bench/proxy"
	"transportlab/bench/theory"
)

// textOnly tells whether an arm carries text alone, so that binary data travels as base64.
func textOnly(transport string) bool { return transport == "streaming" }

// constrain says why an arm cannot be chosen, and what to know of it when it can.
func (p *Prediction) constrain(a Ask, heartbeat time.Duration) {
	no := func(format string, args ...any) { p.Excluded = append(p.Excluded, fmt.Sprintf(format, args...)) }
	note := func(format string, args ...any) { p.Notes = append(p.Notes, fmt.Sprintf(format, args...)) }
	holds := p.Transport == "longpoll" || p.Transport == "streaming" // one of the connections that a browser allows to a host
	socket := p.Transport == "websocket" || p.Transport == "socketio"

	if a.Freshness > 0 && p.P99 > a.Freshness {
		no("one message in a hundred would take %s and more, longer than %s", text(p.P99), text(a.Freshness))
	}
	switch a.Proxy {
	case proxy.NginxIgnoring:
		if p.Transport == "streaming" {
			no("a proxy that ignores X-Accel-Buffering holds the stream back until its buffer is full")
		}
	case proxy.Nginx:
		if p.Transport == "streaming" {
			note("nginx passes the stream on because the server says X-Accel-Buffering: no")
		}
		if socket {
			note("nginx must be told to pass the Upgrade on (proxy_http_version 1.1, Upgrade and Connection headers)")
		}
	case proxy.HAProxyHasty:
		if silence := 2 * time.Second; heartbeat > silence && !timetable(p.Transport) {
			no("the proxy ends connections that are silent for %s, and the server speaks up every %s only: set a shorter heartbeat", text(silence), text(heartbeat))
		}
	case Strict:
		switch {
		case p.Transport == "streaming":
			no("a proxy that passes finished answers alone holds a stream back for ever")
		case p.Transport == "websocket":
			no("the proxy passes no upgrade")
		case p.Transport == "socketio":
			no("the proxy passes no upgrade, so it would fall back to long polling, whose figures are those of Long polling")
		}
	}
	switch {
	case holds && a.Tabs >= browserConns:
		no("each page holds a connection, and a browser opens %d to one host over HTTP/1.1: with %d pages nothing else gets through", browserConns, a.Tabs)
	case holds && a.Tabs > 1:
		note("%d of the %d connections that a browser opens to one host over HTTP/1.1 are held", a.Tabs, browserConns)
	}
	if textOnly(p.Transport) {
		switch a.Data {
		case Binary:
			no("it carries text alone; binary data would travel as base64, a third larger (say base64 if that will do)")
		case Base64:
			note("binary data travels as base64, a third larger")
		}
	}
	if a.Cores > 0 && p.Cores > usable*a.Cores {
		no("it would keep %.3g processors busy; of %.3g no more than %.3g should be, or messages queue", p.Cores, a.Cores, usable*a.Cores)
	}
	if a.Memory > 0 && p.Memory > a.Memory {
		no("it would take %.3g MB, more than %.3g MB", p.Memory/1e6, a.Memory/1e6)
	}
	if p.Interval > 0 && p.Interval <= a.RTT {
		note("the round trip is longer than the interval, so that a client asks again as soon as it is answered")
	}
}

// usable is the share of processors that may be busy before messages wait for each other noticeably: at 70 % a
// queue of random arrivals is 2.3 long in the mean.
const usable = 0.7

// text writes a duration with three digits.
func text(d time.Duration) string {
	digits := math.Pow(10, math.Max(0, math.Floor(math.Log10(math.Max(1, math.Abs(float64(d)))))-2))
	return theory.Text(time.Duration(math.Round(float64(d)/digits) * digits))
}
