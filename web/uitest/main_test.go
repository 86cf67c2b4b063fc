// Package uitest drives the demo's page in a browser, over two nodes in processes of their own.
package uitest

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transportlab/bench/node"
	"transportlab/bench/probe"
	"transportlab/transports"
	"transportlab/transports/redislog"
	"transportlab/web"
)

func TestMain(m *testing.M) {
	if node.IsChild() {
		os.Exit(node.Main())
	}
	goleak.VerifyTestMain(m)
}

// need returns where a program is.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(program + " is missing")
		}
		t.Skip(program + " is missing")
	}
	return path
}

var installing sync.Mutex

// install fetches what the page takes from npm, as its lockfile names it, unless it is there.
func install(t *testing.T) {
	t.Helper()
	tool, npm := need(t, "node"), need(t, "npm")
	installing.Lock()
	defer installing.Unlock()
	lock, err := os.Open("../package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil { // another run of these tests may install it
		t.Fatal(err)
	}
	steps := []struct {
		there string
		args  []string
	}{
		{"../node_modules/axe-core/axe.min.js", []string{npm, "ci", "--no-audit", "--no-fund"}},
		{"../static/vendor/socket.io.esm.min.js", []string{tool, "vendor.mjs"}},
	}
	for _, s := range steps {
		if _, err := os.Stat(s.there); err == nil {
			continue
		}
		cmd := exec.Command(s.args[0], s.args[1:]...)
		cmd.Dir = ".."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", s.args, err, out)
		}
	}
}

func options() transports.Options {
	return transports.Options{Interval: 100 * time.Millisecond, Hold: 5 * time.Second}
}

// A demo is one under test: what it publishes is in log.
type demo struct {
	*web.Server
	t   *testing.T
	log transports.Log
}

// A child is a node.
type child struct{ *node.Child }

func (c child) URL() string { return c.Child.URL }

func (c child) Usage() (web.Usage, error) {
	s, err := probe.Process(c.PID)
	return web.Usage{At: s.At, CPU: s.CPU, RSS: s.RSS}, err
}

func start(t *testing.T) *demo {
	t.Helper()
	install(t)
	store, err := node.OpenStore(t.Context(), "embedded")
	if err != nil {
		t.Fatal(err)
	}
	s, err := web.Start(t.Context(), web.Options{
		Version: "test", Log: store.Log, Store: store.Info.String(), Settings: options(), Static: os.DirFS("../static"),
		Logger: slog.New(slog.DiscardHandler), Workloads: []web.Workload{{Name: "push", Explain: "Ten clients with a topic each."}},
		Run: func(_ context.Context, _ web.Job, progress func(web.Progress)) (string, error) {
			progress(web.Progress{Text: "half", Done: 0.5})
			return "", nil
		},
		Reports:   []string{"../../reports/latest"},
		StartNode: starter(store),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &demo{s, t, store.Log}
}

func starter(store *redislog.Store) func(context.Context, string, []string) (web.Node, error) {
	return func(ctx context.Context, _ string, origins []string) (web.Node, error) {
		o := options()
		o.Origins = origins
		c, err := node.Start(ctx, node.Config{Store: store.Spec, Options: o, Hosts: []string{"127.0.0.1"}, MaxConns: 1000, Generous: true, Budget: 5 * time.Second})
		if err != nil {
			return nil, err
		}
		return child{c}, nil
	}
}

// pictures is where screenshots are kept.
func pictures(t *testing.T) string {
	t.Helper()
	folder := filepath.FromSlash("../../artifacts/page")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}
