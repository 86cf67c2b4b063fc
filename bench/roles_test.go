package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"transportlab/bench/probe"
)

// roleVariable makes this test's binary a server that the bars are compared with.
const roleVariable = "TRANSPORTLAB_BENCH_ROLE"

// A naive is the server that a tutorial writes: a list of clients, and a loop that writes to each. It is
// the floor arm of the fan-out bars, and the bare long poll.
type naive struct {
	mu      sync.Mutex
	sockets map[*websocket.Conn]bool
	streams map[http.ResponseWriter]bool

	news chan struct{} // closed and replaced with each message of the long poll
	log  [][]byte
}

// playRole serves until its input ends.
func playRole(string) int {
	n := &naive{sockets: map[*websocket.Conn]bool{}, streams: map[http.ResponseWriter]bool{}, news: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", n.socket)
	mux.HandleFunc("GET /sse", n.stream)
	mux.HandleFunc("POST /publish", n.publish)
	mux.HandleFunc("GET /poll", n.poll)
	mux.HandleFunc("POST /send", n.send)
	mux.HandleFunc("GET /echo", echo)
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(probe.ReadInternals(true))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go http.Serve(l, mux) // ends with the process
	fmt.Println(l.Addr())
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// echo turns the connection into a bare TCP echo.
func echo(w http.ResponseWriter, r *http.Request) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (n *naive) socket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	n.mu.Lock()
	n.sockets[c] = true
	n.mu.Unlock()
	<-c.CloseRead(r.Context()).Done()
	n.mu.Lock()
	delete(n.sockets, c)
	n.mu.Unlock()
}

func (n *naive) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.(http.Flusher).Flush()
	n.mu.Lock()
	n.streams[w] = true
	n.mu.Unlock()
	<-r.Context().Done()
	n.mu.Lock()
	delete(n.streams, w)
	n.mu.Unlock()
}

func (n *naive) publish(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.sockets {
		c.Write(r.Context(), websocket.MessageText, data)
	}
	for s := range n.streams {
		fmt.Fprintf(s, "data: %s\n\n", data)
		s.(http.Flusher).Flush()
	}
}

func (n *naive) poll(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	for {
		n.mu.Lock()
		news, log := n.news, n.log
		n.mu.Unlock()
		if len(log) > after {
			w.Header().Set("X-Last", strconv.Itoa(len(log)))
			for _, data := range log[after:] {
				w.Write(data)
			}
			return
		}
		select {
		case <-news:
		case <-r.Context().Done():
			return
		}
	}
}

func (n *naive) send(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log = append(n.log, data)
	close(n.news)
	n.news = make(chan struct{})
	w.WriteHeader(http.StatusNoContent)
}

// A floor is a naive server in a process of its own.
type floor struct {
	addr string
	pid  int
}

func startFloor(b *testing.B) floor {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleVariable+"=naive")
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
		stdin.Close()
		cmd.Wait()
	})
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return floor{addr[:len(addr)-1], cmd.Process.Pid}
}

// sample reads the floor's process after it has collected its garbage.
func (f floor) sample(b *testing.B) probe.Sample {
	b.Helper()
	resp, err := http.Get("http://" + f.addr + "/stats")
	if err != nil {
		b.Fatal(err)
	}
	resp.Body.Close()
	s, err := probe.Process(f.pid)
	if err != nil {
		b.Fatal(err)
	}
	return s
}
