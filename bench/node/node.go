// Package node is a server of the lab in a process of its own: one listener, all transports, one log.
// The command's serve runs one in its own process; a benchmark starts one as a child ([Start]), so that
// what the server uses can be told from what the clients use.
package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"transportlab/bench/child"
	"transportlab/bench/link"
	"transportlab/bench/probe"
	"transportlab/transports"
	"transportlab/transports/all"
	"transportlab/transports/carrier"
	"transportlab/transports/redislog"
)

// A Config says what to serve. The zero value of a field is its default.
type Config struct {
	Addr       string             `json:"addr"`       // to listen on; 127.0.0.1:0, which picks a port
	Carrier    string             `json:"carrier"`    // h1, h1tls, h2c or h2; h1
	Store      string             `json:"store"`      // of the log, as redislog.Open takes it; "memory"
	Options    transports.Options `json:"options"`    // of all transports
	Transports []string           `json:"transports"` // names; all
	Hosts      []string           `json:"hosts"`      // by which it may be addressed; any
	MaxConns   int                `json:"max_conns"`  // connections in total, and of one address when Generous; 10,000
	Generous   bool               `json:"generous"`   // one address may take all of them: for a benchmark's server
	Budget     time.Duration      `json:"budget"`     // for saying goodbye to clients at the end; 10 s
	Stats      bool               `json:"stats"`      // serve Internals at a second, loopback address
	Plant      Plant              `json:"plant"`      // what a calibration hides in it; nothing

	// Socket is a TCP socket to listen with, one of another network namespace for example; a child inherits it.
	// nil makes one.
	Socket   *os.File `json:"-"`
	Inherits bool     `json:"inherits"` // the socket to listen with is descriptor 3; set by Start
}

func (c Config) withDefaults() Config {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.Carrier == "" {
		c.Carrier = carrier.H1
	}
	if c.Store == "" {
		c.Store = "memory"
	}
	if c.MaxConns <= 0 {
		c.MaxConns = 10_000
	}
	if c.Budget <= 0 {
		c.Budget = 10 * time.Second
	}
	return c
}

// inherited is the descriptor of a socket that Start passed on.
const inherited = 3

// Ready is what a node announces, as one line of JSON, once it accepts connections.
type Ready struct {
	PID         int           `json:"pid"`
	URL         string        `json:"url"`                   // a topic is at URL/{transport}/{topic}
	Carrier     string        `json:"carrier"`               // that URL is reached by
	Transports  []string      `json:"transports"`            // names
	Stats       string        `json:"stats,omitempty"`       // address of its Internals
	Certificate []byte        `json:"certificate,omitempty"` // that clients are to trust, DER; absent without TLS
	Store       redislog.Info `json:"store"`
}

// Serve runs a node until ctx ends, and says goodbye to its clients. It writes Ready to out once it
// accepts connections. When in is not nil, its end ends the node too: a child then never outlives its
// parent. Serve returns nil after a goodbye within the budget.
func Serve(ctx context.Context, c Config, in io.Reader, out io.Writer) (err error) {
	c = c.withDefaults()
	ctx, cancel := child.WhileOpen(ctx, in)
	defer cancel()
	arms, err := choose(c)
	if err != nil {
		return err
	}
	store, err := OpenStore(ctx, c.Store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	// The clients' meters tell bytes apart; the server's own would only cost it processor time.
	o, policy := carrier.ServerOptions{MaxConns: c.MaxConns, Meter: &carrier.Meter{Plain: true}}, transports.Policy{Hosts: c.Hosts}
	if c.Generous {
		o.MaxConnsPerAddr, policy.NewTopics = c.MaxConns, c.MaxConns
	}
	if c.Inherits {
		if o.Listener, err = carrier.ListenConfig(link.Inherited(inherited)).Listen(ctx, "tcp", c.Addr); err != nil {
			return err
		}
	}
	server, err := carrier.Listen(c.Carrier, c.Addr, transports.NewServer(c.Plant.Log(store.Log), policy, arms...), o)
	if err != nil {
		return err
	}
	ready := Ready{PID: os.Getpid(), URL: server.URL(), Carrier: c.Carrier, Store: store.Info}
	for _, a := range arms {
		ready.Transports = append(ready.Transports, a.Info().Name)
	}
	if cert := server.Certificate(); cert != nil {
		ready.Certificate = cert.Raw
	}
	var stats *http.Server
	if c.Stats {
		if stats, ready.Stats, err = serveStats(); err != nil {
			return errors.Join(err, server.Close())
		}
	}
	if err = json.NewEncoder(out).Encode(ready); err == nil {
		<-ctx.Done()
	}
	goodbye, done := context.WithTimeout(context.Background(), c.Budget)
	defer done()
	err = errors.Join(err, server.Shutdown(goodbye))
	if stats != nil {
		err = errors.Join(err, stats.Close())
	}
	return err
}

func choose(c Config) ([]transports.Transport, error) {
	if len(c.Transports) == 0 {
		return all.Transports(c.Options), nil
	}
	var arms []transports.Transport
	for _, name := range c.Transports {
		a, err := all.Find(name, c.Options)
		if err != nil {
			return nil, err
		}
		arms = append(arms, a)
	}
	return arms, nil
}

// serveStats answers /stats with this process's Internals; /stats?collect=1 collects garbage first.
func serveStats() (*http.Server, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, r *http.Request) {
		if host, _, _ := net.SplitHostPort(r.Host); host != "127.0.0.1" {
			http.Error(w, "not the name of this address", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(probe.ReadInternals(r.URL.Query().Get("collect") == "1")) // the reader is gone
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	go func() { // ends with s.Close
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("node: statistics are no longer served", "error", err)
		}
	}()
	return s, "http://" + l.Addr().String() + "/stats", nil
}

// Loopback returns an error unless url names a host of the loopback network: a load test of a machine
// needs the word of whoever answers for it.
func Loopback(url string) error {
	host := strings.TrimPrefix(strings.TrimPrefix(url, "http://"), "https://")
	host, _, _ = strings.Cut(host, "/")
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" {
		return nil
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%s is not on this machine", url)
}
