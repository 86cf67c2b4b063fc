// Package web is the demo: a page that shows one stream of messages over all transports side by side, and
// the server behind it. The server holds six lanes, each a gate (package gate) with a port of its own in
// front of two nodes that it can start, kill and drain; it publishes, tells the page by Server-Sent Events
// what it sees, and runs workloads.
//
// It is for one person on one machine: it listens on loopback alone, serves no other host's pages, and
// bounds everything that a page can ask for.
package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/socketio"
	"transportlab/transports"
	"transportlab/transports/carrier"
	"transportlab/web/gate"
)

// lanes is how many there are.
const lanes = 6

// Options say what to show. Log, Store and StartNode must be set; the zero value of another field is its
// default.
type Options struct {
	Addr      string             // of the page; 127.0.0.1:0, which picks a port
	Version   string             // of the program, for the page
	Log       transports.Log     // to publish into
	Store     string             // what it is kept in, for the page
	Settings  transports.Options // of the nodes' transports, for the page
	StartNode func(ctx context.Context, name string, origins []string) (Node, error)
	Workloads []Workload                                                                // that can be run
	Run       func(ctx context.Context, j Job, progress func(Progress)) (string, error) // runs one and returns the report's folder; nil cannot
	Reports   []string                                                                  // folders of reports, or of such folders
	Static    fs.FS                                                                     // the page; what the binary holds
	Logger    *slog.Logger                                                              // slog.Default
}

// A Server is the demo, from Start to Close.
type Server struct {
	o       Options
	origins []string // of the page
	hosts   []string // by which it may be addressed
	topic   string
	room    string

	http       *carrier.Server
	gates      [lanes]*gate.Gate
	chat       *gate.Gate // for rooms, so that they distort no lane
	nodes      *fleet
	events     *hub
	publisher  *publisher
	follower   *follower
	namespaces *socketio.Server
	runs       runner
	csp        atomic.Int64 // reports of violations

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup
}

// Start starts the nodes, opens the gates and serves the page. ctx bounds the start alone; the demo ends
// with Close.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Static == nil {
		o.Static = assets()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	listener, err := listen(o.Addr)
	if err != nil {
		return nil, err
	}
	word := strings.ToLower(rand.Text()[:6])
	s := &Server{o: o, topic: "demo-" + word, room: "room-" + word, events: newHub()}
	s.ctx, s.stop = context.WithCancel(context.Background())
	port := listener.Addr().(*net.TCPAddr).Port
	for _, name := range []string{"127.0.0.1", "localhost"} {
		host := fmt.Sprintf("%s:%d", name, port)
		s.hosts, s.origins = append(s.hosts, host), append(s.origins, "http://"+host)
	}
	s.publisher = newPublisher(s)
	s.follower = &follower{server: s}
	s.nodes = newFleet(s)
	s.namespaces = newNamespaces(o)
	if err := s.begin(ctx, listener); err != nil {
		return nil, errors.Join(err, listener.Close(), s.Close())
	}
	return s, nil
}

// listen refuses addresses that other machines can reach: whoever has the page can kill nodes with it.
func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback() || ip.To4() == nil) {
		return nil, fmt.Errorf("%s is not this machine's own address (127.0.0.1): the page can stop servers and load the machine", host)
	}
	return net.Listen("tcp4", addr)
}

func (s *Server) begin(ctx context.Context, listener net.Listener) error {
	if err := s.nodes.startAll(ctx); err != nil {
		return err
	}
	var err error
	for i := range s.gates {
		if s.gates[i], err = gate.Listen(gate.Options{Target: s.nodes.target, Logger: s.o.Logger}); err != nil {
			return err
		}
	}
	if s.chat, err = gate.Listen(gate.Options{Target: s.nodes.target, Logger: s.o.Logger}); err != nil {
		return err
	}
	s.http, err = carrier.Listen(carrier.H1, "", s.handler(), carrier.ServerOptions{Listener: listener, MaxConns: 256, MaxConnsPerAddr: 256,
		Meter: &carrier.Meter{Plain: true}, Logger: s.o.Logger})
	if err != nil {
		return err
	}
	s.work.Go(s.publisher.run) // ends with s.ctx
	s.work.Go(s.follower.run)  // ends with s.ctx
	s.work.Go(s.tellLanes)     // ends with s.ctx
	s.work.Go(s.nodes.watch)   // ends with s.ctx
	return nil
}

// URL is the page's address.
func (s *Server) URL() string { return s.origins[0] + "/" }

// Topic is the one that the demo publishes to.
func (s *Server) Topic() string { return s.topic }

// Violations is how many violations of the page's Content-Security-Policy browsers have reported.
func (s *Server) Violations() int64 { return s.csp.Load() }

// Gate returns a lane's gate; lanes are numbered from 1.
func (s *Server) Gate(lane int) *gate.Gate { return s.gates[lane-1] }

// Close ends everything: work under way, connections, nodes. It returns the first things that went wrong.
func (s *Server) Close() error {
	s.stop()
	all := s.namespaces.Close()
	if s.http != nil {
		soon, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.http.Shutdown(soon); !errors.Is(err, context.DeadlineExceeded) {
			all = errors.Join(all, err)
		}
	}
	s.work.Wait()
	for _, g := range append(s.gates[:], s.chat) {
		if g != nil {
			all = errors.Join(all, g.Close())
		}
	}
	return errors.Join(all, s.nodes.close())
}

func (s *Server) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{path...}", s.static)
	m.HandleFunc("GET /api/config", s.config)
	m.HandleFunc("GET /api/events", s.stream)
	m.HandleFunc("GET /api/lanes/{id}/wire", s.wire)
	m.HandleFunc("GET /api/reports", s.listReports)
	m.HandleFunc("GET /reports/{name}/{path...}", s.report)
	m.HandleFunc("POST /api/publish", s.publish)
	m.HandleFunc("POST /api/lanes/{id}/fault", s.fault)
	m.HandleFunc("POST /api/lanes/{id}/cut", s.cut)
	m.HandleFunc("POST /api/lanes/{id}/clear", s.clear)
	m.HandleFunc("POST /api/nodes/{name}/{verb}", s.node)
	m.HandleFunc("POST /api/run", s.run)
	m.HandleFunc("POST /csp-report", s.violation)
	m.Handle("GET "+namespacePath, s.namespaces)
	m.Handle("POST "+namespacePath, s.namespaces)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", "GET, HEAD, POST")
		fail(w, http.StatusMethodNotAllowed, "method", "this is not done here")
	})
	return s.guard(m)
}
