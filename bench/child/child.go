// Package child runs parts of the lab in processes of their own: this very program again, with a task in its
// environment. What a part uses can then be told from what others use, it may live in other namespaces,
// and it never outlives the process that started it.
//
// A program whose packages start children must ask [Is] at the very beginning of main, or TestMain, and then
// exit with what [Main] returns.
package child

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// A Task is what a child does. It writes one line of JSON to out when it is ready, and returns soon after in
// or ctx ended.
type Task func(ctx context.Context, config json.RawMessage, in io.Reader, out io.Writer) error

// Is tells whether this process was started by Start.
func Is() bool { return os.Getenv(environment) != "" }

// Main is the whole life of a child that may do any of the tasks. It returns its exit code.
func Main(tasks map[string]Task) int {
	var o order
	err := json.Unmarshal([]byte(os.Getenv(environment)), &o)
	if err == nil {
		task, ok := tasks[o.Task]
		if ok {
			err = UntilSignal(context.Background(), func(ctx context.Context) error {
				return task(ctx, o.Config, os.Stdin, os.Stdout)
			})
		} else {
			err = fmt.Errorf("%s: this program has no task %q", environment, o.Task)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// UntilSignal calls f with a context that ends with SIGTERM, SIGINT or ctx. A second signal ends the process
// at once, with exit code 1.
func UntilSignal(ctx context.Context, f func(context.Context) error) error {
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

// WhileOpen returns a context that ends with ctx and with in, unless that is nil.
func WhileOpen(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if in != nil {
		go func() { // ends with in, or with the process: a read of a pipe cannot be called off
			_, _ = io.Copy(io.Discard, in)
			cancel()
		}()
	}
	return ctx, cancel
}
