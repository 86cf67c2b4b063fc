// Package redistest starts Redis servers for tests, on free ports of the loopback interface. They end
// with the test, and with the process however that ends.
package redistest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"transportlab/transports/redislog/internal/process"
)

// A Server is a Redis server of a test's own. Its methods end the test when they fail.
type Server struct {
	Addr string // host:port
	Port int

	t    testing.TB
	args []string
	p    *process.Process
}

// patience is how long a server may take to do anything.
const patience = 20 * time.Second

// Need skips the test when there is no Redis server on this machine; under CI it fails.
func Need(t testing.TB) {
	t.Helper()
	if _, err := process.Find(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// Start starts a server that keeps nothing, unless args, which come last, say otherwise, and returns
// when it answers.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := Launch(t, args...)
	s.Await("PONG", "PING")
	return s
}

// Launch is Start without waiting: for servers that want a password, or take long to load.
func Launch(t testing.TB, args ...string) *Server {
	t.Helper()
	Need(t)
	redis.SetLogger(silent{})
	port := Port(t)
	s := &Server{Addr: fmt.Sprintf("127.0.0.1:%d", port), Port: port, t: t}
	s.args = append([]string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", t.TempDir(), "--loglevel", "notice"}, args...)
	s.launch(s.args)
	t.Cleanup(func() {
		s.p.Kill()
		if t.Failed() {
			t.Logf("redis-server on port %d: %s", port, s.p.Output())
		}
	})
	return s
}

// A silent is go-redis's logger while servers of a test come and go.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// Port returns a free port.
func Port(t testing.TB) int {
	t.Helper()
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func (s *Server) launch(args []string) {
	s.t.Helper()
	p, err := process.Start(args...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.p = p
}

// URL is the address that redislog.Open takes.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Kill ends the server as kill -9 does.
func (s *Server) Kill() { s.p.Kill() }

// Stop ends the server as a shutdown does, which writes what it was told to keep.
func (s *Server) Stop() { s.p.Stop(patience) }

// Restart starts the server again, with the same port, folder and arguments, and returns when it
// answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.Relaunch()
	s.Await("PONG", "PING")
}

// Relaunch is Restart with more arguments and without waiting.
func (s *Server) Relaunch(args ...string) {
	s.t.Helper()
	s.launch(append(s.args[:len(s.args):len(s.args)], args...))
}

// Pause stops the server's process where it is (SIGSTOP).
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.p.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Client returns a client that the test closes.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{
		Addr: s.Addr, Protocol: 2, MaxRetries: -1, DisableIdentity: true, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	s.t.Cleanup(func() { c.Close() })
	return c
}

// Do runs one command over a connection of its own, and returns its reply as text.
func (s *Server) Do(args ...any) string {
	s.t.Helper()
	reply, err := s.Try(args...)
	if err != nil {
		s.t.Fatalf("redis: %v: %v", args, err)
	}
	return reply
}

// Try is Do for a command that may be refused.
func (s *Server) Try(args ...any) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := redis.NewClient(&redis.Options{
		Addr: s.Addr, Protocol: 2, MaxRetries: -1, DisableIdentity: true, DialerRetries: 1, PoolSize: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer c.Close()
	reply, err := c.Do(ctx, args...).Result()
	return fmt.Sprint(reply), err
}

// Await repeats a command until its reply contains want.
func (s *Server) Await(want string, args ...any) {
	s.t.Helper()
	var reply string
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if reply, err = s.Try(args...); err == nil && strings.Contains(reply, want) {
			return
		}
		select {
		case <-s.p.Done():
			s.t.Fatalf("redis-server ended: %s", s.p.Output())
		default:
		}
	}
	s.t.Fatalf("redis: %v: %q, %v; want %q", args, reply, err, want)
}
