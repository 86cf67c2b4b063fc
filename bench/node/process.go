package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// environment holds a child's task.
const environment = "TRANSPORTLAB_CHILD"

// A task is what a child is to do: one of its fields is set.
type task struct {
	Serve *Config `json:"serve,omitempty"`
	Store *string `json:"store,omitempty"`
}

// A process is this program again, as a child that has announced itself.
type process struct {
	name   string // for errors
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *tail
	waited chan struct{} // closed when it has ended
	err    error         // how
	budget time.Duration // to end in
}

// spawn starts a child and reads its announcement, one line of JSON.
func spawn(ctx context.Context, name string, t task, budget time.Duration, announcement any) (*process, error) {
	encoded, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{name: name, cmd: exec.Command(self), stderr: new(tail), waited: make(chan struct{}), budget: budget}
	p.cmd.Env = append(os.Environ(), environment+"="+string(encoded))
	p.cmd.Stderr = p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C is for this process alone
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the %s's process: %w", name, err)
	}
	announced := make(chan error, 1)
	go func() { // ends with the process, whose output ends with it
		line, err := bufio.NewReader(io.LimitReader(stdout, 1<<20)).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, announcement)
		}
		announced <- err
		_, _ = io.Copy(io.Discard, stdout)
		p.err = p.cmd.Wait()
		close(p.waited)
	}()
	select {
	case err = <-announced:
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(30 * time.Second):
		err = errors.New("it announced nothing within 30s")
	}
	if err != nil {
		p.Kill()
		return nil, fmt.Errorf("starting the %s's process: %w%s", name, err, p.stderr.suffix())
	}
	return p, nil
}

// Close lets the process end in order and waits for it; past its budget it is killed. The error says how
// it ended unless that was in order.
func (p *process) Close() error {
	p.stdin.Close()
	select {
	case <-p.waited:
	case <-time.After(p.budget + 5*time.Second):
		p.Kill()
		return fmt.Errorf("the %s's process did not end within its budget of %s and was killed%s", p.name, p.budget, p.stderr.suffix())
	}
	if p.err != nil {
		return fmt.Errorf("the %s's process: %w%s", p.name, p.err, p.stderr.suffix())
	}
	return nil
}

// Kill ends the process at once, as the death of a machine does.
func (p *process) Kill() {
	p.stdin.Close()
	p.cmd.Process.Kill()
	<-p.waited
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 8 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	if n := t.buf.Len(); n > most {
		t.buf.Next(n - most)
	}
	return len(p), nil
}

// suffix is what was written, for the end of an error message.
func (t *tail) suffix() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(t.buf.String())
	if text == "" {
		return ""
	}
	return "; it said: " + text
}
