// Package nodeserver tests the client against the official server.
package nodeserver

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/socketio/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A server is an official server in a process of its own.
type server struct {
	URL   string
	port  int
	said  chan []any // its answers, without "disconnect"
	left  chan string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{}
}

type options map[string]any

// start runs server.mjs, on the given port if that is not 0, until the test ends.
func start(t *testing.T, o options, port int) *server {
	t.Helper()
	install(t)
	if o == nil {
		o = options{}
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{said: make(chan []any, 1000), left: make(chan string, 1000), done: make(chan struct{})}
	s.cmd = exec.Command("node", "server.mjs", string(text), strconv.Itoa(port))
	s.cmd.Stderr = os.Stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go s.listen(stdout) // ends with the process
	t.Cleanup(s.kill)
	heard := receive(t, s.said)
	s.port = int(heard[1].(float64))
	s.URL = fmt.Sprintf("http://127.0.0.1:%d", s.port)
	return s
}

func (s *server) listen(stdout io.Reader) {
	defer close(s.done)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		var words []any
		if json.Unmarshal(lines.Bytes(), &words) != nil {
			words = []any{lines.Text()}
		}
		if words[0] == "disconnect" {
			s.left <- words[1].(string)
			continue
		}
		s.said <- words
	}
}

// kill ends the process without a word to its clients.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.done
	_ = s.cmd.Wait() // it was killed
}

func (s *server) tell(t *testing.T, words ...any) {
	t.Helper()
	line, err := json.Marshal(words)
	if err == nil {
		_, err = fmt.Fprintf(s.stdin, "%s\n", line)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var installing sync.Mutex

// install fetches the npm packages that ../package-lock.json names, unless they are there.
func install(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(tool + " is missing")
			}
			t.Skip(tool + " is missing")
		}
	}
	installing.Lock()
	defer installing.Unlock()
	lock, err := os.Open("../package-lock.json") // other packages' tests install it too
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("../node_modules/socket.io/package.json"); err == nil {
		return
	}
	cmd := exec.Command("npm", "ci", "--omit=dev")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
}

// fast reconnects soon, so that tests do.
var fast = client.Reconnection{Delay: 20 * time.Millisecond, DelayMax: 200 * time.Millisecond, RandomizationFactor: -1}

func manager(t *testing.T, url string, o client.Options) *client.Manager {
	t.Helper()
	if o.Reconnection == (client.Reconnection{}) {
		o.Reconnection = fast
	}
	m, err := client.New(url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			t.Errorf("close manager: %v", err)
		}
	})
	return m
}

func connect(t *testing.T, s *client.Socket) {
	t.Helper()
	s.Connect()
	if err := s.Wait(deadline(t)); err != nil {
		t.Fatalf("socket does not connect: %v", err)
	}
}

// deadline is met only by a broken test.
func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func receive[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came in 20 s")
		panic("unreachable")
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("condition was not met in 20 s")
		}
	}
}
