package child

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

// An order is what a child is to do.
type order struct {
	Task   string          `json:"task"`
	Config json.RawMessage `json:"config"`
}

// Options say how to start a child. The zero value of a field is its default.
type Options struct {
	Name       string              // for errors: "the NAME's process"; the task's
	Budget     time.Duration       // to end in, before it is killed; 10 s
	Files      []*os.File          // that it inherits, as descriptors 3, 4, …; the caller keeps its own
	Attributes syscall.SysProcAttr // further ones, such as namespaces
}

// A Process is this program again, as a child that has announced itself. Close or Kill end it, and so does
// the end of this process, whatever its cause: the child's input ends with it.
type Process struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *tail
	waited chan struct{} // closed when it has ended
	err    error         // how
	budget time.Duration
}

// Start starts a child that does the named task of Main with a configuration, which is passed as JSON, and
// reads into announcement the one line of JSON that it writes when it is ready.
func Start(ctx context.Context, task string, config any, o Options, announcement any) (*Process, error) {
	if o.Name == "" {
		o.Name = task
	}
	if o.Budget <= 0 {
		o.Budget = 10 * time.Second
	}
	encoded, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	if encoded, err = json.Marshal(order{task, encoded}); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Process{name: o.Name, cmd: exec.Command(self), stderr: new(tail), waited: make(chan struct{}), budget: o.Budget}
	p.cmd.Env = append(os.Environ(), environment+"="+string(encoded))
	p.cmd.Stderr = p.stderr
	p.cmd.ExtraFiles = o.Files
	o.Attributes.Setpgid = true // a terminal's Ctrl-C is for this process alone
	p.cmd.SysProcAttr = &o.Attributes
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the %s's process: %w", o.Name, err)
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
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	select {
	case err = <-announced:
	case <-ctx.Done():
		err = ctx.Err()
	case <-late.C:
		err = errors.New("it announced nothing within 30s")
	}
	if err != nil {
		p.Kill()
		return nil, fmt.Errorf("starting the %s's process: %w%s", o.Name, err, p.stderr.suffix())
	}
	return p, nil
}

// Close lets the process end in order and waits for it; past its budget it is killed. The error says how
// it ended unless that was in order.
func (p *Process) Close() error {
	p.stdin.Close()
	late := time.NewTimer(p.budget + 5*time.Second)
	defer late.Stop()
	select {
	case <-p.waited:
	case <-late.C:
		p.Kill()
		return fmt.Errorf("the %s's process did not end within its budget of %s and was killed%s", p.name, p.budget, p.stderr.suffix())
	}
	if p.err != nil {
		return fmt.Errorf("the %s's process: %w%s", p.name, p.err, p.stderr.suffix())
	}
	return nil
}

// Kill ends the process at once, as the death of a machine does.
func (p *Process) Kill() {
	p.stdin.Close()
	_ = p.cmd.Process.Kill() // it has ended already
	<-p.waited
}

// Signal sends the process a signal.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Ended is closed when the process has ended, for whatever reason.
func (p *Process) Ended() <-chan struct{} { return p.waited }

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
