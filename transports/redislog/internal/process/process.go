// Package process runs Redis servers that live no longer than this process.
package process

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrNoServer says that there is no Redis server on this machine.
var ErrNoServer = errors.New("no redis-server on PATH (Debian: apt-get install redis-tools)")

// Find returns the path of a Redis server. Debian's redis-tools has it without its name: the program
// called redis-check-rdb is the whole server, which goes by the name that it is called with.
func Find() (string, error) {
	for _, name := range []string{"redis-server", "redis-check-rdb", "redis-check-aof"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNoServer
}

// FreePort returns a port of the loopback interface that nobody listens on at the moment.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// A Process is one running server. Its methods may be called concurrently.
type Process struct {
	process *os.Process
	done    chan struct{}
	out     tail
}

// Start runs a server with these arguments. The kernel kills it when this process ends, however that
// happens.
func Start(args ...string) (*Process, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	p := &Process{done: make(chan struct{})}
	cmd := exec.Command(path, args...)
	cmd.Args[0] = "redis-server"
	cmd.SysProcAttr = dieWithParent()
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	started := make(chan error)
	go func() { // ends with the server
		// The kernel counts the thread that forked as the parent, so that one has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		p.process = cmd.Process
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended stands in its output
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s as redis-server: %w", path, err)
	}
	return p, nil
}

// Done is closed when the server has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Output returns the end of what the server has written.
func (p *Process) Output() string { return p.out.String() }

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) error { return p.process.Signal(s) }

// Kill ends the server at once and returns when it has ended.
func (p *Process) Kill() {
	_ = p.process.Kill() // an error means that it has ended
	<-p.done
}

// Stop asks the server to end, and kills it if it has not after a while.
func (p *Process) Stop(patience time.Duration) {
	_ = p.process.Signal(syscall.SIGTERM)
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-p.done:
	case <-t.C:
		p.Kill()
	}
}

// A tail keeps the last lines that were written to it.
type tail struct {
	mu sync.Mutex
	s  string
}

const tailBytes = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.s += string(p)
	t.s = t.s[max(0, len(t.s)-tailBytes):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(t.s)
}
