package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"transportlab/bench/child"
	"transportlab/bench/node"
	"transportlab/bench/probe"
	"transportlab/transports"
)

// ready is what every server announces: where it listens.
type ready struct {
	PID  int    `json:"pid"`
	Addr string `json:"addr"`
}

// A server is one library's: its handlers, and how it tells everybody.
type server struct {
	routes  map[string]http.Handler
	publish func(message []byte)
}

// serveTask makes a child's task of a library's server.
func serveTask(make func() server) child.Task {
	return func(ctx context.Context, _ json.RawMessage, in io.Reader, out io.Writer) error {
		ctx, cancel := child.WhileOpen(ctx, in)
		defer cancel()
		s := make()
		mux := http.NewServeMux()
		for path, h := range s.routes {
			mux.Handle(path, h)
		}
		mux.HandleFunc("POST /publish", func(w http.ResponseWriter, r *http.Request) {
			message, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			s.publish(message)
			w.WriteHeader(http.StatusNoContent)
		})
		mux.HandleFunc("POST /collect", func(w http.ResponseWriter, r *http.Request) {
			probe.ReadInternals(true)
			w.WriteHeader(http.StatusNoContent)
		})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(ready{os.Getpid(), l.Addr().String()}); err != nil {
			return err
		}
		web := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
		go func() { // ends with the process, a moment after ctx
			<-ctx.Done()
			web.Close()
		}()
		if err := web.Serve(l); ctx.Err() == nil {
			return err
		}
		return nil
	}
}

// serveArms is a node of the lab over a log in memory.
func serveArms(ctx context.Context, _ json.RawMessage, in io.Reader, out io.Writer) error {
	return node.Serve(ctx, node.Config{Store: "memory", Transports: []string{"websocket", "streaming"}, MaxConns: 100_000, Generous: true, Stats: true,
		Options: transports.Options{MessageRate: 10_000_000, Heartbeat: time.Minute}}, in, out)
}
