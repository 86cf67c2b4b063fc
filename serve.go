package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"transportlab/bench/node"
	"transportlab/transports"
)

type serveCommand struct {
	Addr       string        `short:"a" default:"127.0.0.1:8080" placeholder:"HOST:PORT" env:"TRANSPORTLAB_ADDR" help:"Where to listen (${default}). Port 0 picks one."`
	Carrier    string        `default:"h1" enum:"h1,h1tls,h2c,h2" env:"TRANSPORTLAB_CARRIER" help:"What lies under the transports: ${enum} (${default})."`
	Redis      string        `default:"auto" placeholder:"SPEC" env:"TRANSPORTLAB_REDIS" help:"Where the log is kept: auto is a private redis-server when there is one, else embedded; embedded; memory; or a URL (${default})."`
	Transports []string      `short:"t" placeholder:"NAME" help:"Transports to serve (all)."`
	Hosts      []string      `placeholder:"NAME" help:"Names by which pages may address the server; needed with --addr on other than loopback (localhost, 127.0.0.1, [::1])."`
	Benchmark  bool          `help:"Be the target of a load test: one address may hold all connections, and each may send as much as it likes."`
	Budget     time.Duration `default:"10s" help:"Time for saying goodbye to clients at the end (${default})."`
	Tuning     tuning        `embed:"" group:"Options of the transports"`
}

// tuning are transports.Options as flags; zero is a transport's own default.
type tuning struct {
	Interval    time.Duration `placeholder:"500ms" env:"TRANSPORTLAB_INTERVAL" help:"polling, ajax: time between the starts of two requests."`
	Hold        time.Duration `placeholder:"25s" env:"TRANSPORTLAB_HOLD" help:"longpoll: longest time a request is held."`
	Batch       int           `placeholder:"256" help:"Most messages in one answer, event or frame."`
	MaxMessage  int           `placeholder:"65536" help:"Largest message in bytes."`
	Heartbeat   time.Duration `placeholder:"15s" env:"TRANSPORTLAB_HEARTBEAT" help:"Push transports: longest silence on an idle connection."`
	Compression bool          `help:"permessage-deflate on WebSockets."`
	MessageRate int           `placeholder:"100" help:"Messages a second that one connection may send."`
	Origins     []string      `placeholder:"ORIGIN" help:"Foreign origins whose pages may use the server, each scheme://host[:port]."`
}

// Validate refuses what would silently become a default, and is called by kong.
func (t tuning) Validate() error {
	if t.Interval < 0 || t.Hold < 0 || t.Heartbeat < 0 || t.Batch < 0 || t.MaxMessage < 0 || t.MessageRate < 0 {
		return errors.New("options of the transports must be positive")
	}
	return nil
}

func (t tuning) options() transports.Options {
	return transports.Options{Interval: t.Interval, Hold: t.Hold, Batch: t.Batch, MaxMessage: t.MaxMessage,
		Heartbeat: t.Heartbeat, Compression: t.Compression, MessageRate: t.MessageRate, Origins: t.Origins}
}

func (serveCommand) Help() string {
	return `Serves until interrupted, then tells every client that it goes away. With --json it prints one
line that says where it listens.

Examples:

  transportlab serve
  transportlab serve --addr 127.0.0.1:0 --redis memory -t polling,websocket
  transportlab serve --redis redis://127.0.0.1:6379/0 --carrier h2
  transportlab serve --benchmark                  then, beside it: transportlab run --target http://127.0.0.1:8080`
}

func (c *serveCommand) Run(ctx context.Context, t *terminal) error {
	hosts := c.Hosts
	if len(hosts) == 0 {
		host, _, err := net.SplitHostPort(c.Addr)
		if err != nil {
			return &exitCodeError{exitUsage, fmt.Errorf("--addr: %w", err)}
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return &exitCodeError{exitUsage, fmt.Errorf("--addr %s is open to other machines: name with --hosts what they call this one", c.Addr)}
		}
		hosts = []string{"localhost", "127.0.0.1", "[::1]"}
	}
	out := io.Writer(t.out)
	if !t.json {
		out = &announcement{t: t}
	}
	config := node.Config{Addr: c.Addr, Carrier: c.Carrier, Store: c.Redis, Options: c.Tuning.options(),
		Transports: c.Transports, Hosts: hosts, Budget: c.Budget}
	if c.Benchmark {
		config.Generous, config.MaxConns = true, 100_000
		if config.Options.MessageRate == 0 {
			config.Options.MessageRate = 10_000_000
		}
	}
	return node.Serve(ctx, config, nil, out)
}

// An announcement turns the line with which a node says that it is ready into instructions.
type announcement struct {
	t    *terminal
	line bytes.Buffer
}

func (a *announcement) Write(p []byte) (int, error) {
	a.line.Write(p)
	if !bytes.HasSuffix(p, []byte("\n")) {
		return len(p), nil
	}
	var ready node.Ready
	if err := json.Unmarshal(a.line.Bytes(), &ready); err != nil {
		return 0, err
	}
	text := "Serving at " + ready.URL + "\n"
	if !a.t.quiet {
		text = instructions(ready)
	}
	if _, err := io.WriteString(a.t.out, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// tries say how to try each transport by hand; URL stands for the node's, and -k lets curl take its
// self-signed certificate.
var tries = map[string]string{
	"polling": `  curl CURL URL/polling/demo                                    the messages, or 204 when there are none
  curl CURL --json '["","hello"]' URL/polling/demo              sends one`,
	"ajax": `  open URL/ajax/demo                                       the messages as a page
  curl CURL -i -H 'If-None-Match: "EPOCH:OFFSET"' URL/ajax/demo  304 when nothing has changed`,
	"longpoll":  `  curl CURL 'URL/longpoll/demo?after=EPOCH:OFFSET'               waits for what comes after a cursor`,
	"streaming": `  curl CURL -N URL/streaming/demo                               Server-Sent Events; -H 'Accept: application/x-ndjson' for lines of JSON`,
	"websocket": `  npx wscat -c WS/websocket/demo                     then type ["1","hello"]`,
}

func instructions(ready node.Ready) string {
	var b strings.Builder
	store := strings.TrimSpace(ready.Store.Kind + " " + ready.Store.Version)
	fmt.Fprintf(&b, "Serving %s over %s at %s, the log in %s. Topics are at /{transport}/{topic}; try \"demo\":\n",
		strings.Join(ready.Transports, ", "), ready.Carrier, ready.URL, store)
	curl := map[string]string{"h1tls": "-k", "h2c": "--http2-prior-knowledge", "h2": "-k --http2"}[ready.Carrier]
	words := strings.NewReplacer(" CURL", strings.TrimRight(" "+curl, " "), "URL", ready.URL, "WS", "ws"+strings.TrimPrefix(ready.URL, "http"))
	for _, name := range ready.Transports {
		if text, ok := tries[name]; ok {
			fmt.Fprintf(&b, "\n%s\n%s\n", name, words.Replace(text))
		}
	}
	b.WriteString("\nCtrl-C ends it.\n")
	return b.String()
}
