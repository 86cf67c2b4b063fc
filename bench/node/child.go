package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"transportlab/bench/child"
	"transportlab/bench/link"
	"transportlab/bench/probe"
	"transportlab/bench/proxy"
)

// IsChild tells whether this process was started as a child. A program that starts nodes must ask at the very
// beginning of main, or TestMain, and then exit with what Main returns.
func IsChild() bool { return child.Is() }

// Main is the whole life of a child of the lab. It returns its exit code.
func Main() int {
	return child.Main(map[string]child.Task{serveTask: serveFromJSON, storeTask: storeFromJSON, link.TaskName: link.Task,
		proxy.TaskName: proxy.Task})
}

// The names of this package's tasks.
const (
	serveTask = "serve"
	storeTask = "store"
)

func serveFromJSON(ctx context.Context, config json.RawMessage, in io.Reader, out io.Writer) error {
	var c Config
	if err := json.Unmarshal(config, &c); err != nil {
		return err
	}
	return Serve(ctx, c, in, out)
}

func storeFromJSON(ctx context.Context, config json.RawMessage, in io.Reader, out io.Writer) error {
	var spec string
	if err := json.Unmarshal(config, &spec); err != nil {
		return err
	}
	return serveStore(ctx, spec, in, out)
}

// ServeUntilSignal is Serve until SIGTERM or SIGINT. A second signal ends the process at once, with exit
// code 1.
func ServeUntilSignal(ctx context.Context, c Config, in io.Reader, out io.Writer) error {
	return child.UntilSignal(ctx, func(ctx context.Context) error { return Serve(ctx, c, in, out) })
}

// A Child is a node that runs as a child of this process. Close or Kill end it.
type Child struct {
	Ready
	*child.Process
	http *http.Client
}

// Start starts a node as a child: this very program again, which must begin as IsChild says. It
// returns when the node accepts connections. The child ends with Close, and with this process.
func Start(ctx context.Context, c Config) (*Child, error) {
	c = c.withDefaults()
	c.Stats = true
	o := child.Options{Name: "server", Budget: c.Budget}
	if c.Socket != nil {
		c.Inherits = true
		o.Files = []*os.File{c.Socket}
	}
	n := &Child{http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}}
	var err error
	if n.Process, err = child.Start(ctx, serveTask, &c, o, &n.Ready); err != nil {
		return nil, err
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
