package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"transportlab/bench/child"
	"transportlab/bench/fleet"
	"transportlab/bench/node"
	"transportlab/bench/pace"
	"transportlab/bench/probe"
	"transportlab/bench/record"
)

// A load is what every peer is given in a turn. Sizes are bytes.
type load struct {
	Size     int           `json:"size"`     // of a message
	Idle     int           `json:"idle"`     // clients that are connected for the memory figure
	Steady   int           `json:"steady"`   // clients of the latency figure
	Rate     int           `json:"rate"`     // messages a second for it: an open loop, evenly spaced
	Length   time.Duration `json:"length"`   // of it
	Clients  int           `json:"clients"`  // of the saturated part
	Window   int64         `json:"window"`   // messages that the slowest of them may be behind
	Saturate time.Duration `json:"saturate"` // length of it
}

// A figure is what one turn of one peer gave.
type figure struct {
	Peer       string  `json:"peer"`
	Block      int     `json:"block"`
	Memory     float64 `json:"memory"`     // resident bytes for each idle connection
	P50        float64 `json:"p50"`        // ns from the moment a message was due until a client has it
	P99        float64 `json:"p99"`        // ns
	SteadyCPU  float64 `json:"steady_cpu"` // ns of the server for each delivery, at the steady rate
	Deliveries float64 `json:"deliveries"` // a second, saturated
	CPU        float64 `json:"cpu"`        // ns of the server for each delivery, saturated
	Missing    int64   `json:"missing"`    // deliveries of the steady part that did not come
}

// A running server and the way to it.
type running struct {
	ready
	peer   peer
	stats  string // where a node of the lab is asked to collect its garbage; "" for the others
	client *http.Client
	close  func() error
}

// start starts a peer's server.
func start(ctx context.Context, p peer, scripts string) (*running, error) {
	r := &running{peer: p, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}}}
	var err error
	switch {
	case p.script != "":
		err = r.startNode(ctx, filepath.Join(scripts, p.script))
	case p.publish != nil:
		var announced node.Ready
		var c *child.Process
		if c, err = child.Start(ctx, p.id(), nil, child.Options{}, &announced); err == nil {
			r.ready, r.close = ready{announced.PID, announced.URL[len("http://"):]}, c.Close
			r.stats = announced.Stats
		}
	default:
		var c *child.Process
		if c, err = child.Start(ctx, p.id(), nil, child.Options{}, &r.ready); err == nil {
			r.close = c.Close
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return r, nil
}

func (r *running) startNode(ctx context.Context, script string) error {
	cmd := exec.Command("node", "--expose-gc", filepath.Base(script))
	cmd.Dir, cmd.Stderr = filepath.Dir(script), os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	r.close = func() error {
		stdin.Close()
		late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() }) // it has ended already
		defer late.Stop()
		return cmd.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &r.ready)
	}
	if err != nil {
		return errors.Join(err, r.close())
	}
	return nil
}

func (r *running) end() error {
	r.client.CloseIdleConnections()
	if err := r.close(); err != nil {
		return fmt.Errorf("%s: %w", r.peer.name, err)
	}
	return nil
}

// publish tells everybody.
func (r *running) publish(message []byte) error {
	if r.peer.publish != nil {
		return r.peer.publish(r.Addr, r.client, message)
	}
	return r.post("http://"+r.Addr+"/publish", "text/plain", message)
}

// appendMessage publishes through the lab's own protocol: a batch of one message without an ID.
func appendMessage(addr string, client *http.Client, message []byte) error {
	return (&running{client: client}).post("http://"+addr+"/streaming/a", "application/json", fmt.Appendf(nil, `["",%q]`, message))
}

func (r *running) post(url, kind string, body []byte) error {
	resp, err := r.client.Post(url, kind, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// sample reads the server's process, after it has collected its garbage if so asked.
func (r *running) sample(collect bool) (probe.Sample, error) {
	if collect {
		var err error
		if r.stats != "" {
			var resp *http.Response
			if resp, err = r.client.Get(r.stats + "?collect=1"); err == nil {
				resp.Body.Close()
			}
		} else {
			err = r.post("http://"+r.Addr+"/collect", "text/plain", nil)
		}
		if err != nil {
			return probe.Sample{}, err
		}
	}
	return probe.Process(r.PID)
}

// fleet connects clients.
func (r *running) fleet(ctx context.Context, n int, heard func(client, number int)) (*fleet.Fleet, error) {
	o := r.peer.opening
	o.Addr, o.Heard = r.Addr, heard
	return fleet.Dial(ctx, o, n)
}

// turn gives a peer the load once, with a server of its own.
func turn(ctx context.Context, p peer, l load, scripts string) (f figure, err error) {
	r, err := start(ctx, p, scripts)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	for _, part := range []func(context.Context, *running, load, *figure) error{idle, steady, saturated} {
		if err := part(ctx, r, l, &f); err != nil {
			return f, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	f.Peer = p.name
	return f, nil
}

// idle measures what connections cost that hear nothing.
func idle(ctx context.Context, r *running, l load, f *figure) error {
	before, err := r.sample(true)
	if err != nil {
		return err
	}
	clients, err := r.fleet(ctx, l.Idle, nil)
	if err != nil {
		return err
	}
	defer clients.Close()
	if err := clients.Reach(ctx, func(n int) error { return r.publish(fleet.Message(n, l.Size)) }); err != nil { // all of them are really there
		return err
	}
	after, err := r.sample(true)
	if err != nil {
		return err
	}
	f.Memory = (float64(after.RSS) - float64(before.RSS)) / float64(l.Idle)
	return nil
}

// steady measures latency in an open loop: from the moment a message was due, however late it was sent.
func steady(ctx context.Context, r *running, l load, f *figure) error {
	total := l.Rate * int(l.Length/time.Millisecond) / 1000
	at := make([]time.Duration, total)
	for i := range at {
		at[i] = time.Duration(i) * time.Second / time.Duration(l.Rate)
	}
	const first = 100_000 // numbers below are the greetings'
	var start time.Time
	var begun atomic.Bool
	var recorders [4]record.Recorder
	var heard atomic.Int64
	clients, err := r.fleet(ctx, l.Steady, func(client, number int) {
		if number >= first && begun.Load() {
			recorders[client%len(recorders)].Record(time.Since(start.Add(at[number-first])))
			heard.Add(1)
		}
	})
	if err != nil {
		return err
	}
	defer clients.Close()
	if err := clients.Reach(ctx, func(n int) error { return r.publish(fleet.Message(n, l.Size)) }); err != nil {
		return err
	}
	before, err := r.sample(false)
	if err != nil {
		return err
	}
	start = time.Now().Add(10 * time.Millisecond)
	begun.Store(true)
	var g errgroup.Group
	if _, err := pace.Run(ctx, start, at, func(from, to int) {
		for i := from; i < to; i++ {
			g.Go(func() error { return r.publish(fleet.Message(first+i, l.Size)) })
		}
	}); err != nil {
		return err
	}
	if err := g.Wait(); err != nil {
		return err
	}
	want := int64(total * l.Steady)
	for late := time.Now().Add(5 * time.Second); heard.Load() < want && time.Now().Before(late) && ctx.Err() == nil; {
		time.Sleep(5 * time.Millisecond)
	}
	after, err := r.sample(false)
	if err != nil {
		return err
	}
	clients.Close()
	var all record.Recorder
	for i := range recorders {
		all.Merge(&recorders[i])
	}
	f.P50, f.P99 = float64(all.Quantile(50)), float64(all.Quantile(99))
	f.Missing = want - heard.Load()
	f.SteadyCPU = float64(after.CPU-before.CPU) / float64(max(heard.Load(), 1))
	return nil
}

// saturated measures what the server can do when it is asked for all it has.
func saturated(ctx context.Context, r *running, l load, f *figure) error {
	clients, err := r.fleet(ctx, l.Clients, nil)
	if err != nil {
		return err
	}
	defer clients.Close()
	publish := func(n int) error { return r.publish(fleet.Message(n, l.Size)) }
	if err := clients.Reach(ctx, publish); err != nil {
		return err
	}
	busy, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	var publishing sync.WaitGroup
	publishing.Go(func() { failed = clients.Saturate(busy, l.Window, publish) }) // ends with stop
	time.Sleep(300 * time.Millisecond)                                           // warm-up
	before, err := r.sample(false)
	sum := clients.Sum()
	if err == nil {
		time.Sleep(l.Saturate)
	}
	after, later := r.sample(false)
	n := float64(clients.Sum() - sum)
	stop()
	publishing.Wait()
	if err := errors.Join(err, later, failed); err != nil {
		return err
	}
	f.Deliveries = n / after.At.Sub(before.At).Seconds()
	f.CPU = float64(after.CPU-before.CPU) / max(n, 1)
	return nil
}
