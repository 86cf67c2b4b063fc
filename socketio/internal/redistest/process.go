// Package redistest starts Redis servers for tests: single ones, clusters, and pairs with sentinels. They listen on free
// ports of 127.0.0.1, keep their data in a temporary folder and end with the test, however it ends.
package redistest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program returns how to run redis-server. Debian's redis-tools holds the same binary under another name; it goes by how it
// is called.
func program(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("redis-server"); err == nil {
		return path
	}
	path, err := exec.LookPath("redis-check-rdb")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("neither redis-server nor redis-check-rdb is installed (package redis-tools)")
		}
		t.Skip("neither redis-server nor redis-check-rdb is installed (package redis-tools)")
	}
	link := filepath.Join(t.TempDir(), "redis-server")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	return link
}

// A Server is one Redis process. Its methods fail the test when they fail.
type Server struct {
	Addr string

	t       testing.TB
	program string
	args    []string
	dir     string

	mu      sync.Mutex
	process *os.Process
	ended   chan struct{}
	output  *bytes.Buffer // readable once ended is closed
}

// Start starts a single server.
func Start(t testing.TB) *Server {
	t.Helper()
	return start(t, program(t))
}

// start starts a process on a free port and waits until it answers. Another process may take the port in between; then it
// tries again.
func start(t testing.TB, program string, args ...string) *Server {
	t.Helper()
	var s *Server
	for range 5 {
		port := freePort(t)
		s = &Server{t: t, program: program, dir: t.TempDir(), Addr: "127.0.0.1:" + strconv.Itoa(port)}
		s.args = append(append([]string{}, args...), "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir)
		s.Start()
		t.Cleanup(s.Kill)
		if s.answers() {
			return s
		}
		s.Kill()
	}
	t.Fatalf("redis-server does not start:\n%s", s.output)
	return nil
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Start starts the server again after Kill, on the same port and without its data.
func (s *Server) Start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	cmd := exec.Command(s.program, s.args...)
	cmd.Args[0] = "redis-server"
	s.output, s.ended = &bytes.Buffer{}, make(chan struct{})
	cmd.Stdout, cmd.Stderr = s.output, s.output
	cmd.SysProcAttr = dieWithParent()
	started := make(chan error, 1)
	ended := s.ended
	go func() { // ends with the process, which Kill sees to
		runtime.LockOSThread() // the kernel takes the thread that started the process for its parent
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // killed
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		s.t.Fatal(err)
	}
	s.process = cmd.Process
}

// Restart starts the server again and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.Start()
	if !s.answers() {
		s.t.Fatalf("redis-server does not start again:\n%s", s.output)
	}
}

// Kill ends the server as a crash would.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.process.Kill() // it may have ended
	<-s.ended
}

// Pause keeps the server from doing anything, until Resume. Connections stay open and get no answer.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// answers waits for the first answer, unless the process ends.
func (s *Server) answers() bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if reply, err := Do(s.Addr, "PING"); err == nil && reply == "PONG" {
			return true
		}
		select {
		case <-s.ended:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

// Do runs a command and returns the reply's lines as they came, without the marks of their types.
func (s *Server) Do(args ...string) string {
	s.t.Helper()
	reply, err := Do(s.Addr, args...)
	if err != nil {
		s.t.Fatal(fmt.Errorf("redis %q: %w", args, err))
	}
	return reply
}
