package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/model"
	"transportlab/bench/result"
)

type adviseCommand struct {
	Clients   int           `default:"1000" placeholder:"N" help:"Clients that are connected at once (${default})."`
	Rate      string        `default:"1/s" placeholder:"N/s" help:"Messages that each client reads: 2/s, 30/min, 5/h (${default})."`
	Readers   string        `default:"1" placeholder:"N" help:"Clients that one message goes to: 1 is notifications, all is a score that everybody follows (${default})."`
	Size      string        `default:"300" placeholder:"SIZE" help:"Of a message: 300, 2kB, 1MiB (${default} bytes)."`
	Data      string        `default:"text" enum:"text,binary,base64" help:"What messages are: text; binary; or base64, binary that may travel as text (${default})."`
	RTT       time.Duration `name:"rtt" default:"0s" placeholder:"TIME" help:"Round trip between clients and server (${default})."`
	Freshness time.Duration `placeholder:"TIME" help:"How long 99 of 100 messages may take at most; those that ask on a timetable then ask as rarely as that allows (any)."`
	Interval  time.Duration `placeholder:"TIME" help:"How often polling and ajax ask (as --freshness allows)."`
	Proxy     string        `default:"none" placeholder:"NAME" help:"What stands before the server: none, nginx, nginx-ignoring, haproxy, haproxy-2s; strict passes finished answers alone (${default})."`
	Tabs      int           `default:"1" placeholder:"N" help:"Pages that one user has open at once, over HTTP/1.1 (${default})."`
	Cores     float64       `placeholder:"N" help:"Processors that the server may use (any)."`
	Memory    string        `placeholder:"SIZE" help:"Memory that it may use: 500MB, 2GiB (any)."`
	Prefer    string        `default:"balance" enum:"balance,latency,bytes,cpu,memory" help:"What to rank by: balance, latency, bytes, cpu, memory (${default})."`
	Client    string        `default:"browser" enum:"browser,go" help:"Whose request headers travel: browser or go (${default})."`
	From      []string      `placeholder:"FILE" help:"Results of your own to fit the model on, instead of those that come with the program."`
	Keep      string        `placeholder:"FILE" help:"Write what the model is fitted on into a file, and advise nothing."`
	Errors    bool          `help:"Show the held-out error of every figure of every transport."`
}

func (adviseCommand) Help() string {
	return `Predicts for every transport how long deliveries take, how many bytes clients move, and what
processor time and memory the server needs; ranks those that meet what must hold; and says why, and
how far off the prediction may be. Latency is theory's closed form above a fitted floor; costs are
sums of terms (a message sent, a question, a connection, a byte) whose prices are fitted on measured
runs. The error is that on runs which the fit did not see.

Latency counts from the moment the server's log has a message to the moment a client has it. Bytes
are what clients move; the publishers' are not in them.

Examples:

  transportlab advise --clients 10000 --rate 2/s --size 300 --rtt 50ms --freshness 1s --proxy nginx
  transportlab advise --clients 500 --readers all --rate 20/s           a live score
  transportlab advise --clients 2000 --rate 1/min --freshness 1m        news, now and then: is polling enough?
  transportlab advise --rate 10/s --data binary --prefer bytes
  transportlab advise --errors                                          how good is the model?
  transportlab run --matrix bench/model/matrix.yaml -o mine             prices of your own machine
  transportlab advise --from mine/result.json --clients 10000`
}

func (c *adviseCommand) Run(_ context.Context, t *terminal) error {
	m, err := c.model(t.in)
	if err != nil {
		return err
	}
	if c.Keep != "" {
		return result.WriteWhole(c.Keep, m.Source().Write)
	}
	ask, err := c.ask()
	if err != nil {
		return &exitCodeError{exitUsage, err}
	}
	advice, err := m.Advise(ask)
	if err != nil {
		return &exitCodeError{exitUsage, err}
	}
	switch {
	case t.json:
		return json.NewEncoder(t.out).Encode(adviceJSON(advice, m))
	case c.Errors:
		return showErrors(t, m)
	case t.quiet:
		for _, p := range advice.Ranked {
			if _, err := fmt.Fprintln(t.out, p.Transport); err != nil {
				return err
			}
		}
		return nil
	}
	return showAdvice(t, advice, m)
}

// model is fitted on the user's own results, or on those that come with the program.
func (c *adviseCommand) model(stdin io.Reader) (*model.Model, error) {
	if len(c.From) == 0 {
		return model.Default()
	}
	o, err := readObservations(stdin, c.From)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	m, err := model.Fit(o)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	return m, nil
}

// readObservations takes them out of results, or reads a file of them that --keep wrote.
func readObservations(stdin io.Reader, names []string) (*model.Observations, error) {
	if len(names) == 1 && names[0] != "-" {
		f, err := os.Open(names[0])
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if kept, err := model.Read(f); !errors.Is(err, model.ErrFormat) {
			if err != nil {
				return nil, fmt.Errorf("%s: %w", names[0], err)
			}
			return kept, nil
		}
	}
	documents := make([]*result.Document, len(names))
	for i, name := range names {
		d, err := readResult(stdin, name)
		if err != nil {
			return nil, err
		}
		documents[i] = d
	}
	return model.Observe(documents...)
}

// ask is what the flags say.
func (c *adviseCommand) ask() (model.Ask, error) {
	a := model.Ask{Clients: c.Clients, Data: c.Data, RTT: c.RTT, Freshness: c.Freshness, Interval: c.Interval, Proxy: c.Proxy, Tabs: c.Tabs,
		Cores: c.Cores, Prefer: c.Prefer}
	var err error
	if a.Rate, err = parseRate(c.Rate); err != nil {
		return a, fmt.Errorf("--rate: %w", err)
	}
	size, err := parseSize(c.Size)
	if err != nil {
		return a, fmt.Errorf("--size: %w", err)
	}
	a.Size = int(math.Round(size))
	if c.Memory != "" {
		if a.Memory, err = parseSize(c.Memory); err != nil {
			return a, fmt.Errorf("--memory: %w", err)
		}
	}
	if c.Readers == "all" {
		a.Readers = a.Clients
	} else if a.Readers, err = strconv.Atoi(c.Readers); err != nil || a.Readers < 1 {
		return a, fmt.Errorf("--readers: %q is neither a number of clients nor all", c.Readers)
	}
	for name, value := range map[string]int{"clients": a.Clients, "size": a.Size, "tabs": a.Tabs} {
		if value < 1 {
			return a, fmt.Errorf("--%s must be at least 1", name)
		}
	}
	if c.Client == "browser" {
		a.Headers = bench.BrowserBytes()
	}
	return a, nil
}

// parseRate reads messages a time: "2/s", "30/min"; without a time it is a second.
func parseRate(text string) (float64, error) {
	number, per, ok := strings.Cut(strings.TrimSpace(text), "/")
	seconds := map[string]float64{"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}[per]
	if !ok {
		seconds = 1
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || seconds == 0 || !(v > 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is no rate such as 2/s, 30/min or 5/h", text)
	}
	return v / seconds, nil
}

// parseSize reads bytes: "300", "2kB", "1MiB".
func parseSize(text string) (float64, error) {
	number := strings.TrimRight(strings.TrimSpace(text), "BKMGikmg ")
	unit := strings.TrimSpace(strings.TrimSpace(text)[len(number):])
	scale := map[string]float64{"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "k": 1e3, "KiB": 1 << 10, "MB": 1e6, "M": 1e6, "MiB": 1 << 20, "GB": 1e9, "G": 1e9, "GiB": 1 << 30}[unit]
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || scale == 0 || !(v > 0) || math.IsInf(v, 0) {
		return 0, errors.New(strconv.Quote(text) + " is no size such as 300, 2kB or 1MiB")
	}
	return v * scale, nil
}
