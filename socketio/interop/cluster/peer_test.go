package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// go-redis tries a lost server once more a second after its Close
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// A command is what a peer is told to do. Binary data in it is []byte.
type command struct {
	Op      string   `json:"op"`
	Rooms   []string `json:"rooms,omitempty"`
	Except  []string `json:"except,omitempty"`
	Event   string   `json:"event,omitempty"`
	Args    []any    `json:"args,omitempty"`
	List    []string `json:"list,omitempty"`    // of rooms to join or leave
	Timeout int      `json:"timeout,omitempty"` // milliseconds
	Close   bool     `json:"close,omitempty"`
	Socket  string   `json:"socket,omitempty"`
	Data    any      `json:"data,omitempty"`
}

// A peer is a node of the cluster under test, of either kind.
type peer interface {
	name() string
	url() string
	// do carries out a command. Its result is made of what encoding/json decodes into any, and of []byte.
	do(ctx context.Context, c command) (any, error)
}

// A setup says what cluster a peer belongs to.
type setup struct {
	Name      string         `json:"name"`
	Adapter   string         `json:"adapter"` // classic, sharded, streams
	Redis     []string       `json:"redis"`   // addresses
	Cluster   bool           `json:"cluster"` // they are a Redis Cluster
	Namespace string         `json:"namespace"`
	Options   map[string]any `json:"options"` // of the official adapter
}

// nodePeer is a process with the official server.
type nodePeer struct {
	setup   setup
	address string
	input   io.WriteCloser

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
}

type reply struct {
	ID     int
	Result any
	Error  string
}

var errPeerEnded = errors.New("the official node has ended")

var installed = sync.OnceValue(func() error {
	if _, err := os.Stat("node_modules/socket.io"); err == nil {
		return nil
	}
	out, err := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund").CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
})

// requireNode ends the test where there is no Node.
func requireNode(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is not installed")
		}
		t.Skip("node is not installed")
	}
	if err := installed(); err != nil {
		t.Fatal(err)
	}
}

func startNode(t *testing.T, s setup) *nodePeer {
	t.Helper()
	requireNode(t)
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "peer.cjs", string(text))
	var problems strings.Builder
	cmd.Stderr = &problems
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &nodePeer{setup: s, waiting: map[int]chan reply{0: make(chan reply, 1)}}
	if p.input, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	first := p.waiting[0]
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ends with the process
		defer close(done)
		p.listen(output)
	}()
	t.Cleanup(func() {
		p.input.Close() // it exits then
		kill := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		<-done
		err := cmd.Wait()
		kill.Stop()
		if err != nil || t.Failed() {
			t.Logf("%s: %v\n%s", s.Name, err, problems.String())
		}
	})
	select {
	case r := <-first:
		p.address, _ = r.Result.(string)
	case <-time.After(time.Minute):
	}
	if p.address == "" {
		t.Fatalf("%s does not start", s.Name)
	}
	return p
}

// listen hands out the replies.
func (p *nodePeer) listen(output io.Reader) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r reply
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // a library's chatter
		}
		p.mu.Lock()
		if w := p.waiting[r.ID]; w != nil {
			w <- r
			delete(p.waiting, r.ID)
		}
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, w := range p.waiting {
		w <- reply{Error: errPeerEnded.Error()}
		delete(p.waiting, id)
	}
}

func (p *nodePeer) name() string { return p.setup.Name }
func (p *nodePeer) url() string  { return p.address }

func (p *nodePeer) do(ctx context.Context, c command) (any, error) {
	answer := make(chan reply, 1)
	p.mu.Lock()
	p.last++
	id := p.last
	p.waiting[id] = answer
	c.Args, c.Data = pack(c.Args).([]any), pack(c.Data)
	line, err := json.Marshal(struct {
		command
		ID int `json:"id"`
	}{c, id})
	if err == nil {
		_, err = p.input.Write(append(line, '\n'))
	}
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case r := <-answer:
		if r.Error != "" {
			return unpack(r.Result), errors.New(r.Error)
		}
		return unpack(r.Result), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s does not answer %s: %w", p.setup.Name, c.Op, ctx.Err())
	}
}
