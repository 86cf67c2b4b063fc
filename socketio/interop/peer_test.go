package interop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/redisadapter"
)

const (
	serveVariable = "SOCKETIO_BENCHMARK_SERVER"
	redisVariable = "REDIS" // the address, when the server is to be a node of a cluster
)

// serveBenchmark is this package's counterpart of peer.mjs, in a process of its own so that its processor time can be told
// from the load's.
func serveBenchmark() error {
	var o socketio.Options
	if address := os.Getenv(redisVariable); address != "" {
		client := redis.NewClient(&redis.Options{Addr: address})
		defer client.Close()
		o.Adapter = redisadapter.New(client, redisadapter.Options{})
	}
	server := socketio.NewServer(o)
	server.Of("/").OnConnect(func(s *socketio.Socket) {
		s.Join("r")
		socketio.On(s, "echo", func(_ context.Context, text string) (string, error) { return text, nil })
		socketio.OnMessage(s, "publish", func(ctx context.Context, text string) error {
			return s.Namespace().To("r").Emit(ctx, "news", text)
		})
		socketio.On(s, "collect", func(context.Context, string) (bool, error) {
			runtime.GC() // twice, because a sync.Pool keeps what it has for one more
			debug.FreeOSMemory()
			return true, nil
		})
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: server}
	go func() { // ends the process's work when the benchmark closes standard input
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = web.Close()
	}()
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	_ = web.Serve(l) // until Close
	return server.Close()
}

// A peer is a server under measurement.
type peer struct {
	address string
	pid     int
}

// startPeer starts the server in Go or in Node, until the benchmark's end. env is added to its environment.
func startPeer(b *testing.B, name string, env ...string) peer {
	b.Helper()
	installClients(b)
	cmd := exec.Command("node", "--expose-gc", "peer.mjs")
	if name == "go" {
		cmd = exec.Command(os.Args[0])
		env = append(env, serveVariable+"=1")
	}
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close() // tells it to end
		_ = cmd.Wait()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatalf("%s peer did not start: %v", name, err)
	}
	return peer{"127.0.0.1:" + strings.TrimSpace(port), cmd.Process.Pid}
}

// processorTime returns the seconds of processor time that the peer has used, in steps of 10 ms.
func (p peer) processorTime(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		b.Skip("no /proc here: ", err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')'):]))
	user, err1 := strconv.Atoi(fields[12])
	system, err2 := strconv.Atoi(fields[13])
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	return float64(user+system) / 100
}

// residentMemory returns the peer's resident set in bytes.
func (p peer) residentMemory(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.pid))
	if err != nil {
		b.Skip("no /proc here: ", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return float64(pages * os.Getpagesize())
}
