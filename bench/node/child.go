package node

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
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"transportlab/bench/probe"
)

// environment holds a child's Config.
const environment = "TRANSPORTLAB_NODE"

// IsChild tells whether this process was started by Start. A program that uses Start must ask at the very
// beginning of main, or TestMain, and then exit with what Main returns.
func IsChild() bool { return os.Getenv(environment) != "" }

// Main is the whole life of a child. It returns its exit code.
func Main() int {
	var c Config
	err := json.Unmarshal([]byte(os.Getenv(environment)), &c)
	if err == nil {
		err = ServeUntilSignal(context.Background(), c, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return 0
}

// ServeUntilSignal is Serve until SIGTERM or SIGINT. A second signal ends the process at once, with exit
// code 1.
func ServeUntilSignal(ctx context.Context, c Config, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	ended := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() { // ends with Serve
		for n := 0; ; n++ {
			select {
			case <-signals:
				if n > 0 {
					os.Exit(1)
				}
				cancel()
			case <-ended:
				return
			}
		}
	})
	err := Serve(ctx, c, in, out)
	close(ended)
	watcher.Wait()
	return err
}

// A Child is a node that runs as a child of this process. Close ends it.
type Child struct {
	Ready
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *tail
	waited chan struct{} // closed when the process has ended
	err    error         // how
	http   *http.Client
	budget time.Duration
}

// Start starts a node as a child: this very program again, which must begin as IsChild says. It returns
// when the node accepts connections. The child ends with Close, and with this process.
func Start(ctx context.Context, c Config) (*Child, error) {
	c = c.withDefaults()
	c.Stats = true
	config, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	n := &Child{cmd: exec.Command(self), stderr: new(tail), waited: make(chan struct{}), budget: c.Budget,
		http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}}
	n.cmd.Env = append(os.Environ(), environment+"="+string(config))
	n.cmd.Stderr = n.stderr
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C is for this process alone
	if n.stdin, err = n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server's process: %w", err)
	}
	announced := make(chan error, 1)
	go func() { // ends with the process, whose output ends with it
		r := bufio.NewReader(io.LimitReader(stdout, 1<<20))
		line, err := r.ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &n.Ready)
		}
		announced <- err
		_, _ = io.Copy(io.Discard, stdout)
		n.err = n.cmd.Wait()
		close(n.waited)
	}()
	select {
	case err = <-announced:
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(30 * time.Second):
		err = errors.New("it announced nothing within 30s")
	}
	if err != nil {
		n.stdin.Close()
		n.cmd.Process.Kill()
		<-n.waited
		return nil, fmt.Errorf("starting the server's process: %w%s", err, n.stderr.suffix())
	}
	return n, nil
}

// Sample reads what the process uses; collect has it collect its garbage first.
func (n *Child) Sample(ctx context.Context, collect bool) (probe.Sample, error) {
	url := n.Stats
	if collect {
		url += "?collect=1"
	}
	var inside probe.Internals
	if err := n.get(ctx, url, &inside); err != nil {
		return probe.Sample{}, fmt.Errorf("asking the server's process: %w", err)
	}
	s, err := probe.Process(n.PID)
	s.Internals = inside
	return s, err
}

func (n *Child) get(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := n.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// Close lets the node say goodbye and waits for its end; past its budget it is killed. The error says how
// it ended unless that was in order.
func (n *Child) Close() error {
	n.stdin.Close()
	n.http.CloseIdleConnections()
	select {
	case <-n.waited:
	case <-time.After(n.budget + 5*time.Second):
		n.cmd.Process.Kill()
		<-n.waited
		return fmt.Errorf("the server's process did not end within its budget of %s and was killed%s", n.budget, n.stderr.suffix())
	}
	if n.err != nil {
		return fmt.Errorf("the server's process: %w%s", n.err, n.stderr.suffix())
	}
	return nil
}

// Kill ends the node without a goodbye, as the death of a machine does.
func (n *Child) Kill() {
	n.cmd.Process.Kill()
	<-n.waited
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
