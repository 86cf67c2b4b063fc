package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"transportlab/bench/probe"
)

// IsChild tells whether this process was started by Start or StartStore. A program that uses them must ask
// at the very beginning of main, or TestMain, and then exit with what Main returns.
func IsChild() bool { return os.Getenv(environment) != "" }

// Main is the whole life of a child. It returns its exit code.
func Main() int {
	var t task
	err := json.Unmarshal([]byte(os.Getenv(environment)), &t)
	switch {
	case err != nil:
	case t.Serve != nil:
		err = ServeUntilSignal(context.Background(), *t.Serve, os.Stdin, os.Stdout)
	case t.Store != nil:
		err = untilSignal(context.Background(), func(ctx context.Context) error {
			return serveStore(ctx, *t.Store, os.Stdin, os.Stdout)
		})
	default:
		err = errors.New(environment + " names no task")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// ServeUntilSignal is Serve until SIGTERM or SIGINT. A second signal ends the process at once, with exit
// code 1.
func ServeUntilSignal(ctx context.Context, c Config, in io.Reader, out io.Writer) error {
	return untilSignal(ctx, func(ctx context.Context) error { return Serve(ctx, c, in, out) })
}

func untilSignal(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	ended := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() { // ends with f
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
	err := f(ctx)
	close(ended)
	watcher.Wait()
	return err
}

// whileOpen returns a context that ends with ctx and with in, unless that is nil.
func whileOpen(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if in != nil {
		go func() { // ends with in, or with the process: a read of a pipe cannot be called off
			_, _ = io.Copy(io.Discard, in)
			cancel()
		}()
	}
	return ctx, cancel
}

// A Child is a node that runs as a child of this process. Close or Kill end it.
type Child struct {
	Ready
	*process
	http *http.Client
}

// Start starts a node as a child: this very program again, which must begin as IsChild says. It returns
// when the node accepts connections. The child ends with Close, and with this process.
func Start(ctx context.Context, c Config) (*Child, error) {
	c = c.withDefaults()
	c.Stats = true
	n := &Child{http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}}
	var err error
	if n.process, err = spawn(ctx, "server", task{Serve: &c}, c.Budget, &n.Ready); err != nil {
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
