package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"transportlab/bench"
	"transportlab/bench/findings"
	"transportlab/bench/threshold"
	"transportlab/reports"
)

type runCommand struct {
	Workloads  []string      `short:"w" placeholder:"NAME" env:"TRANSPORTLAB_WORKLOADS" help:"Built-in workloads or workload files; - is standard input (push, fanout, rtt, idle)."`
	Transports []string      `short:"t" placeholder:"NAME" env:"TRANSPORTLAB_TRANSPORTS" help:"What to compare (polling, ajax, longpoll, streaming, websocket)."`
	Floors     bool          `help:"Measure the floors null and tcp as well: what the machine can do at best."`
	Carriers   []string      `placeholder:"NAME" env:"TRANSPORTLAB_CARRIERS" help:"What lies under them: h1, h1tls, h2c, h2; each transport runs on those that it can (h1)."`
	Nets       []string      `name:"net" sep:"none" placeholder:"NET" env:"TRANSPORTLAB_NETS" help:"What lies between clients and server: loopback, lan, broadband, 4g, satellite, or rtt=50ms,rate=10mbit,loss=1%,jitter=2ms; several are compared (loopback)."`
	Emulator   string        `default:"auto" enum:"auto,relay,wrapper" env:"TRANSPORTLAB_EMULATOR" help:"What makes them: relay carries packets between network namespaces, wrapper delays bytes and needs no rights, auto is the relay where it can be (${default})."`
	Proxies    []string      `name:"proxy" placeholder:"NAME" env:"TRANSPORTLAB_PROXIES" help:"What stands before the server: none, nginx, nginx-ignoring, haproxy, haproxy-2s, haproxy-tuned; several are compared (none)."`
	Matrix     string        `placeholder:"NAME" env:"TRANSPORTLAB_MATRIX" help:"What to compare in all its dimensions, instead of workloads, transports and what lies under them: a built-in matrix (quick, standard), or a file; - is standard input."`
	Runs       int           `short:"n" placeholder:"N" env:"TRANSPORTLAB_RUNS" help:"How often each of them runs each workload; a verdict needs 6 (6)."`
	Precision  percent       `placeholder:"P" env:"TRANSPORTLAB_PRECISION" help:"Go on after that until every headline is known to ± this share of its median, such as 5%%."`
	MaxRuns    int           `placeholder:"N" env:"TRANSPORTLAB_MAX_RUNS" help:"With a precision: most runs of each (40)."`
	MaxTime    time.Duration `placeholder:"TIME" env:"TRANSPORTLAB_MAX_TIME" help:"With a precision: no further ones begin after so long (30m)."`
	Saturation bool          `help:"Find how much each transport carries as well, as saturate does, but coarser and in four minutes at most."`
	Findings   bool          `help:"Hold claims and published figures against measurements as well, as reproduce does; four minutes."`
	Seed       uint64        `placeholder:"N" env:"TRANSPORTLAB_SEED" help:"Of the order of the runs, and of every workload's send times and contents (1)."`
	Duration   time.Duration `placeholder:"TIME" help:"Measured part of each run, instead of the workload's own."`
	Warmup     time.Duration `placeholder:"TIME" help:"The same load before it, not measured, instead of the workload's own."`
	Redis      string        `default:"auto" placeholder:"SPEC" env:"TRANSPORTLAB_REDIS" help:"Where the log is kept: auto is a private redis-server when there is one, else embedded; embedded; memory; or a URL (${default})."`
	Reference  string        `placeholder:"ARM" help:"What the others are compared with in the tables (websocket, or the best)."`
	Target     string        `placeholder:"URL" help:"A server that runs already, instead of a fresh one for each run. Only on this machine, unless the next flag is given."`
	Mine       bool          `name:"i-own-this-host" help:"The target's host is yours to put under load."`
	Baseline   string        `placeholder:"FILE" help:"An earlier result, which the workloads' thresholds may ask not to be worse than."`
	Calibrate  string        `default:"quick" enum:"quick,full,no" env:"TRANSPORTLAB_CALIBRATE" help:"Hold the instrument against known truths first, and put that into the report: quick takes half a minute, full about three; no does not (${default})."`
	Vegeta     string        `placeholder:"PATH" env:"TRANSPORTLAB_VEGETA" help:"A vegeta command whose answers stand beside the calibration."`
	Title      string        `placeholder:"TEXT" help:"Of the report."`
	Out        string        `short:"o" default:"artifacts/latest" placeholder:"DIR" env:"TRANSPORTLAB_OUT" help:"Folder for result and report (${default})."`
	Tuning     tuning        `embed:"" group:"Options of the transports"`
}

func (runCommand) Help() string {
	return `Starts a server in a process of its own for every run, gives each transport the same messages at the
same times, in blocks whose order is random, and writes result.json and a report. Ctrl-C prints and
writes what there is.

Examples:

  transportlab run                                     the standard comparison, under three minutes
  transportlab run -w rtt -t websocket --carriers h1,h1tls --floors
  transportlab run -w chat,resume -n 10 -o out         other workloads, ten runs each
  transportlab run -w mine.yaml --interval 1s          a workload of one's own, slower polling
  transportlab run --precision 5% --max-time 20m       until every headline is known to ±5 %
  transportlab run --matrix standard --saturation      every dimension, and where each transport ends
  transportlab workloads --yaml chat | transportlab run -w -
  transportlab run --net lan,4g,rtt=80ms               the same under real network conditions
  transportlab run --redis redis://127.0.0.1:6379/0    a Redis that runs already
  transportlab run -t polling --target http://127.0.0.1:8080`
}

func (c *runCommand) Run(ctx context.Context, t *terminal) error {
	plan, err := c.plan(t)
	if err != nil {
		return &exitCodeError{exitUsage, err}
	}
	if err := errors.Join(plan.Check(), threshold.Check(plan.Workloads, c.Baseline != "")); err != nil {
		return &exitCodeError{exitUsage, err}
	}
	baseline, err := readBaseline(t.in, c.Baseline)
	if err != nil {
		return err
	}
	if err := writable(c.Out); err != nil { // better now than after three minutes
		return err
	}
	c.announce(t, plan)
	known, err := calibrated(ctx, t, c.Calibrate, c.Seed, c.Vegeta)
	if err != nil {
		return err
	}
	plan.Capacity = known.Capacity
	p := newProgress(t)
	d, err := bench.Run(ctx, plan, p.observe)
	p.end()
	if d == nil || len(d.Runs) == 0 {
		return interrupted(err)
	}
	if c.Saturation && ctx.Err() == nil {
		plan.Arms = plain(d)
		err = errors.Join(err, saturate(ctx, t, plan, beside(), d))
	}
	if c.Findings && ctx.Err() == nil {
		var failed error
		d.Findings, failed = findOut(ctx, t, findings.All(), findings.Options{Store: c.Redis, Emulator: c.Emulator})
		err = errors.Join(err, failed)
	}
	d.Calibration, d.Capacity = append(known.Checks, d.Calibration...), known.Capacity
	r, reportErr := reports.New(d)
	if reportErr != nil {
		return reportErr
	}
	var worse []string
	if baseline != nil {
		worse = r.Against(baseline)
	}
	path, writeErr := r.Write(c.Out)
	if writeErr != nil {
		return writeErr
	}
	return errors.Join(interrupted(err), conclude(t, r, path, worse...))
}

// writable returns an error when no file can be written into a folder, which it makes when it is missing.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report folder: %w", err)
	}
	f, err := os.CreateTemp(dir, ".writable*")
	if err != nil {
		return fmt.Errorf("report folder: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(filepath.Join(dir, filepath.Base(f.Name()))))
}

// interrupted gives the error of a plan its exit code.
func interrupted(err error) error {
	if errors.Is(err, bench.ErrInterrupted) || errors.Is(err, context.Canceled) {
		return &exitCodeError{code: exitInterrupted}
	}
	return err
}
