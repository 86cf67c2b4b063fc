package calibrate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/transports"
)

// askVegeta gives the same stall test to vegeta, whose requests are the polling arm's: each sends a message. Its
// answers stand beside the instrument's and fail nothing, whatever they are.
func (s stallTest) askVegeta(ctx context.Context, command string) []result.Check {
	read, sent, err := s.vegeta(ctx, command)
	if err != nil {
		return []result.Check{{Name: "stalled server, by vegeta", Unit: "ms", Aside: true, Note: "it could not be asked: " + err.Error()}}
	}
	note := "vegeta attack on POST /polling, the same test"
	if asked := int(s.rate * s.length.Seconds()); sent != asked {
		note += fmt.Sprintf(", but it sent %d of %d requests", sent, asked) // it ends on time, whatever is left
	}
	checks := judgeStall("stalled server, by vegeta", s.truth(), read, note)
	for i := range checks {
		checks[i].Aside = true
	}
	return checks
}

// vegeta runs the test and returns what vegeta reports of it, and of how many requests.
func (s stallTest) vegeta(ctx context.Context, command string) (d distribution, sent int, err error) {
	server, err := node.Start(ctx, node.Config{Transports: []string{"polling"}, Generous: true,
		Options: transports.Options{MessageRate: 1_000_000}, Plant: node.Plant{Stall: s.stall}})
	if err != nil {
		return d, 0, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	// The same message again and again is stored once and takes its time all the same.
	target, err := json.Marshal(map[string]any{"method": "POST", "url": server.URL + "/polling/stall",
		"body": []byte(`["m0","hello"]`), "header": map[string][]string{"Content-Type": {"application/json"}}})
	if err != nil {
		return d, 0, err
	}
	target = append(target, '\n') // vegeta reads lines
	connections := strconv.Itoa(s.connections)
	results, err := output(ctx, target, command, "attack", "-format=json", "-duration="+s.length.String(),
		"-rate="+strconv.FormatFloat(s.rate, 'f', -1, 64)+"/1s", "-workers="+connections, "-connections="+connections)
	if err != nil {
		return d, 0, err
	}
	report, err := output(ctx, results, command, "report", "-type=json")
	if err != nil {
		return d, 0, err
	}
	return parseVegeta(report)
}

// parseVegeta reads vegeta's report, which must be of requests that were all answered.
func parseVegeta(report []byte) (d distribution, sent int, err error) {
	var r struct {
		Requests  int     `json:"requests"`
		Success   float64 `json:"success"`
		Latencies struct {
			Mean time.Duration `json:"mean"`
			P50  time.Duration `json:"50th"`
			P95  time.Duration `json:"95th"`
			P99  time.Duration `json:"99th"`
			Max  time.Duration `json:"max"`
		} `json:"latencies"`
		Errors []string `json:"errors"`
	}
	if err := json.Unmarshal(report, &r); err != nil {
		return d, 0, fmt.Errorf("its report: %w", err)
	}
	if r.Requests == 0 || r.Success != 1 {
		return d, 0, fmt.Errorf("of its %d requests %.1f %% were answered: %s", r.Requests, 100*r.Success, strings.Join(r.Errors, "; "))
	}
	l := r.Latencies
	return distribution{l.Mean, l.P50, l.P95, l.P99, l.Max}, r.Requests, nil
}

// output runs a command to its end and returns what it wrote.
func output(ctx context.Context, in []byte, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = bytes.NewReader(in)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		text := complaints.Bytes()
		return nil, fmt.Errorf("%s %s: %w %s", name, args[0], err, bytes.TrimSpace(text[:min(len(text), 500)]))
	}
	return out, nil
}
