package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"transportlab/bench/child"
)

// TaskName is the name of Task.
const TaskName = "proxy"

// A config is what the child is told.
type config struct {
	Name    string `json:"name"`
	Program string `json:"program"` // its path
	Listen  string `json:"listen"`  // the address of the inherited listener
	Backend string `json:"backend"`
	Folder  string `json:"folder"` // for its files
}

// listener is the descriptor of the inherited listener, here and in the proxy.
const listener = 3

// Task is the life of the process that watches over a proxy: it ends the proxy when its own parent ends,
// whatever the cause, and the proxy ends when it is killed itself.
func Task(ctx context.Context, text json.RawMessage, in io.Reader, out io.Writer) error {
	var c config
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	defer os.RemoveAll(c.Folder) // the parent does so too, unless it was killed
	ctx, cancel := child.WhileOpen(ctx, in)
	defer cancel()
	runtime.LockOSThread() // the proxy is tied to this thread's life
	defer runtime.UnlockOSThread()
	cmd, err := c.command()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.ExtraFiles = []*os.File{os.NewFile(listener, "listener")}
	cmd.SysProcAttr = tied()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // ends with the proxy
	if err := c.ready(ctx, ended); err != nil {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it has ended already
		return err
	}
	if _, err := fmt.Fprintln(out, "{}"); err != nil {
		cancel()
	}
	select {
	case err := <-ended:
		return fmt.Errorf("it ended by itself: %w", cause(err))
	case <-ctx.Done():
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	late := time.NewTimer(3 * time.Second)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		_ = cmd.Process.Kill()
		<-ended
	}
	return nil
}

func cause(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// command writes the configuration and returns what runs it.
func (c config) command() (*exec.Cmd, error) {
	conns := descriptors()
	file := filepath.Join(c.Folder, "conf")
	write := func(text string) error { return os.WriteFile(file, []byte(text), 0o600) }
	if program(c.Name) == "haproxy" {
		idle := 50 * time.Second
		if c.Name == HAProxyHasty {
			idle = 2 * time.Second
		}
		// -db keeps it in the foreground.
		return exec.Command(c.Program, "-db", "-f", file), write(c.haproxy(idle, conns))
	}
	cmd := exec.Command(c.Program, "-c", file, "-p", c.Folder, "-e", "stderr")
	// nginx hands sockets to its successor in this variable, and takes them over when the addresses agree.
	cmd.Env = append(os.Environ(), fmt.Sprintf("NGINX=%d;", listener))
	return cmd, write(c.nginx(conns))
}

// sign is the file that is there once the proxy has read its configuration: the process's number, or a socket.
func (c config) sign() string { return filepath.Join(c.Folder, "pid") }

// ready waits until the proxy has read its configuration. Connections wait in the listener meanwhile.
func (c config) ready(ctx context.Context, ended <-chan error) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("it ended at once: %w", cause(err))
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return errors.New("it was not ready within 10s")
		case <-tick.C:
			if at, err := os.Stat(c.sign()); err == nil && (at.Size() > 0 || at.Mode()&os.ModeSocket != 0) {
				return nil
			}
		}
	}
}

// descriptors lets the proxy have as many connections as the system allows, and returns how many those are: two
// descriptors each.
func descriptors() int {
	const most, reserve = 50_000, 200
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 400
	}
	limit.Cur = limit.Max
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) // the soft limit is then the bound
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return int(min(uint64(limit.Cur), 2*most+reserve)-reserve) / 2
}
