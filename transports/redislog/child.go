package redislog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"transportlab/transports/redislog/internal/process"
)

// longestSocket is what fits into a sockaddr_un everywhere.
const longestSocket = 100

// startChild starts a private redis-server: on a Unix socket in a folder of its own, or on a free port
// of the loopback interface when the folder's name is too long for one. It keeps nothing unless
// persist, and then only for restarts of the server, not of this process. stop ends it.
func startChild(ctx context.Context, persist bool) (spec string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "transportlab-redis-")
	if err != nil {
		return "", nil, fmt.Errorf("redislog: a folder for redis-server: %w", err)
	}
	socket := filepath.Join(dir, "redis.sock")
	spec = "unix://" + socket
	args := []string{"--port", "0", "--unixsocket", socket, "--unixsocketperm", "600"}
	if len(socket) > longestSocket {
		port, err := process.FreePort()
		if err != nil {
			os.RemoveAll(dir)
			return "", nil, fmt.Errorf("redislog: a port for redis-server: %w", err)
		}
		spec = fmt.Sprintf("redis://127.0.0.1:%d", port)
		args = []string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1"}
	}
	appendonly := "no"
	if persist {
		appendonly = "yes"
	}
	args = append(args, "--save", "", "--appendonly", appendonly, "--dir", dir, "--daemonize", "no",
		"--lazyfree-lazy-expire", "yes", "--lazyfree-lazy-user-del", "yes", "--loglevel", "warning")
	p, err := process.Start(args...)
	if err != nil {
		os.RemoveAll(dir)
		return "", nil, fmt.Errorf("redislog: %w", err)
	}
	stop = func() {
		p.Kill() // there is nothing to save: the folder goes as well
		os.RemoveAll(dir)
	}
	if err := answers(ctx, spec, p); err != nil {
		stop()
		return "", nil, err
	}
	return spec, stop, nil
}

// answers waits until a server that was just started does.
func answers(ctx context.Context, spec string, p *process.Process) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	o, err := redis.ParseURL(spec)
	if err != nil {
		return err
	}
	tune(o, Options{}.withDefaults())
	client := redis.NewClient(o)
	defer client.Close()
	for {
		err := client.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("redislog: redis-server ended at once: %s", p.Output())
		case <-ctx.Done():
			return fmt.Errorf("redislog: redis-server does not answer: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
