package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"transportlab/bench/result"
)

// A trigger calls f once something was written that contains text.
type trigger struct {
	mu   sync.Mutex
	said strings.Builder
	text string
	f    func()
}

func (t *trigger) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said.Write(p)
	if strings.Contains(t.said.String(), t.text) {
		t.f()
	}
	return len(p), nil
}

func TestInterruptedRunPrintsWhatThereIs(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	file := filepath.Join(dir, "w.yaml")
	if err := os.WriteFile(file, []byte("{name: w, kind: fanout, clients: 2, rate: 50, duration: 200ms, warmup: 50ms}"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	complaints := &trigger{text: "2/2000 ", f: cancel} // after the second run of two thousand
	code := run(ctx, []string{"run", "-w", file, "-t", "longpoll,websocket", "-n", "1000", "--redis", "memory", "--calibrate", "no", "-o", filepath.Join(dir, "out")},
		strings.NewReader(""), &out, complaints)
	if code != exitInterrupted {
		t.Errorf("exit code %d, want %d: %s", code, exitInterrupted, complaints.said.String())
	}
	path := filepath.Join(dir, "out", "report.html")
	if !strings.HasSuffix(out.String(), path+"\n") || !strings.Contains(out.String(), "interrupted after 2 of 2000 runs") {
		t.Errorf("an interrupted run prints %q", out.String())
	}
	d, err := result.ReadFile(filepath.Join(dir, "out", "result.json"))
	if err != nil || len(d.Runs) != 2 || d.Partial == "" {
		t.Errorf("the result of an interrupted run: %+v, %v", d, err)
	}
}

func TestLostMessagesExit99(t *testing.T) {
	d, err := result.ReadFile(filepath.Join("reports", "testdata", "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	d.Runs[0].Accounting.Lost = 3
	file := filepath.Join(t.TempDir(), "lossy.json")
	if err := d.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	code := run(t.Context(), []string{"report", file, "-o", t.TempDir()}, strings.NewReader(""), io.Discard, &complaints)
	if code != exitThreshold || !strings.Contains(complaints.String(), "3 messages were lost") {
		t.Errorf("exit code %d, %q", code, complaints.String())
	}
}
