package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/node"
	"transportlab/bench/probe"
	"transportlab/bench/workload"
	"transportlab/reports"
	"transportlab/transports"
	"transportlab/web"
)

type demoCommand struct {
	Addr  string `short:"a" default:"127.0.0.1:7070" placeholder:"HOST:PORT" env:"TRANSPORTLAB_DEMO_ADDR" help:"Where the page is, on this machine alone (${default}). Port 0 picks one."`
	Redis string `default:"embedded" placeholder:"SPEC" env:"TRANSPORTLAB_REDIS" help:"Where the log is kept: embedded; auto is a private redis-server when there is one; or a URL (${default})."`
	Open  bool   `help:"Show the page in the default browser."`
	Out   string `short:"o" default:"artifacts" placeholder:"DIR" env:"TRANSPORTLAB_DEMO_OUT" help:"Folder in which the reports of workloads that the page runs get a folder each (${default})."`
}

func (demoCommand) Help() string {
	return `Serves a page that shows one stream of messages over all transports side by side, from two servers that it can
slow down, cut off and kill. Ctrl-C ends it. With --json it prints one line that says where it listens.

Examples:

  transportlab demo
  transportlab demo --addr 127.0.0.1:0 --redis auto --open`
}

// demoOptions are those of the demo's nodes: a poll four times a second shows more than two, and a hold
// that ends within a minute's watching shows that it does.
func demoOptions() transports.Options {
	return transports.Options{Interval: 250 * time.Millisecond, Hold: 10 * time.Second}.WithDefaults()
}

func (c *demoCommand) Run(ctx context.Context, t *terminal) error {
	store, err := node.OpenStore(ctx, c.Redis)
	if err != nil {
		return err
	}
	if store.Spec == "" {
		return errors.Join(&exitCodeError{exitUsage, fmt.Errorf("--redis %s: the demo's two servers could not share it", c.Redis)}, store.Close())
	}
	o := web.Options{
		Addr: c.Addr, Version: version, Log: store.Log, Store: store.Info.String(), Settings: demoOptions(),
		Reports: []string{c.Out, "reports/latest"},
		StartNode: func(ctx context.Context, _ string, origins []string) (web.Node, error) {
			return startDemoNode(ctx, store.Spec, origins)
		},
		Run: func(ctx context.Context, j web.Job, progress func(web.Progress)) (string, error) {
			return runJob(ctx, j, c.Out, progress)
		},
	}
	for _, w := range workload.Builtin() {
		o.Workloads = append(o.Workloads, web.Workload{Name: w.Name, Explain: w.Explain})
	}
	s, err := web.Start(ctx, o)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	err = c.announce(t, s.URL())
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, s.Close(), store.Close())
}

func (c *demoCommand) announce(t *terminal, url string) error {
	if c.Open {
		if err := openBrowser(url); err != nil {
			fmt.Fprintln(t.err, "transportlab: --open:", err)
		}
	}
	if t.json {
		return json.NewEncoder(t.out).Encode(map[string]string{"url": url})
	}
	text := "The demo is at " + url + "\n"
	if !t.quiet {
		text += "Ctrl-C ends it.\n"
	}
	_, err := fmt.Fprint(t.out, text)
	return err
}

// openBrowser asks the desktop to show an address.
func openBrowser(url string) error {
	program := "xdg-open"
	if runtime.GOOS == "darwin" {
		program = "open"
	}
	cmd := exec.Command(program, url)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait() //nolint:errcheck // ends with the program, which hands the address over; how it went is on the screen
	return nil
}

// A demoNode is a node as the page's server sees it.
type demoNode struct{ *node.Child }

func startDemoNode(ctx context.Context, store string, origins []string) (web.Node, error) {
	o := demoOptions()
	o.Origins = origins
	child, err := node.Start(ctx, node.Config{Store: store, Options: o, Hosts: []string{"127.0.0.1", "localhost"},
		MaxConns: 1000, Generous: true, Budget: 5 * time.Second})
	if err != nil {
		return nil, err
	}
	return demoNode{child}, nil
}

// URL implements web.Node.
func (n demoNode) URL() string { return n.Child.URL }

// Usage implements web.Node.
func (n demoNode) Usage() (web.Usage, error) {
	s, err := probe.Process(n.PID)
	return web.Usage{At: s.At, CPU: s.CPU, RSS: s.RSS}, err
}

// runJob measures what the page asks for and writes the report into a folder of its own.
func runJob(ctx context.Context, j web.Job, out string, progress func(web.Progress)) (string, error) {
	p := bench.DefaultPlan()
	w, err := workload.Find(j.Workload)
	if err != nil {
		return "", err
	}
	p.Workloads, p.Blocks, p.Reference = []workload.Workload{w}, j.Runs, ""
	if p.Arms, err = bench.Arms(j.Transports, []string{"h1"}); err != nil {
		return "", err
	}
	p.Title = fmt.Sprintf("%s over one log: %s", strings.Join(j.Transports, ", "), j.Workload)
	p.Command = []string{"transportlab", "run", "-w", j.Workload, "-t", strings.Join(j.Transports, ","), "-n", fmt.Sprint(j.Runs)}
	folder := filepath.Join(out, "demo-"+time.Now().UTC().Format("20060102-150405"))
	if err := writable(folder); err != nil {
		return "", err
	}
	d, err := bench.Run(ctx, p, func(e bench.Event) {
		done := float64(e.Number - 1)
		if e.Progress.Total > 0 {
			done += min(e.Progress.Done.Seconds()/e.Progress.Total.Seconds(), 1)
		}
		progress(web.Progress{Text: liveLine(e), Done: done / float64(max(e.Total, 1))})
	})
	if d == nil || len(d.Runs) == 0 {
		return "", err
	}
	r, reportErr := reports.New(d)
	if reportErr != nil {
		return "", errors.Join(err, reportErr)
	}
	if _, writeErr := r.Write(folder); writeErr != nil {
		return "", errors.Join(err, writeErr)
	}
	return folder, err
}
