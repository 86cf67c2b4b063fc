package carrier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"transportlab/transports"
)

// ServerOptions bound a server. The zero value of a field is its default, never "unlimited".
type ServerOptions struct {
	MaxConns         int           // connections in total; 10,000: one more is answered 503
	MaxConnsPerAddr  int           // connections of one client address; 100: one more is answered 429
	ReadHeader       time.Duration // for the TLS handshake and a request's headers; 5 s
	ReadBody         time.Duration // for a request's body; 10 s
	Idle             time.Duration // a connection may wait for its next request; 75 s
	MaxHeaderBytes   int           // of one request; 16 KiB: more is answered 431
	MaxHeaderValues  int           // of one request; 100: more are answered 431
	MaxStreams       int           // HTTP/2: requests at once on one connection; 250
	Certificate      *tls.Certificate
	Meter            *Meter       // counts its bytes; nil is one of its own
	Cut              *Cut         // breaks its connections; nil breaks none
	Logger           *slog.Logger // net/http's complaints, sampled; nil is slog.Default
	Listener         net.Listener // to accept from instead of listening on an address
	DisableKeepAlive bool         // one request for each HTTP/1.1 connection
}

func (o ServerOptions) withDefaults() ServerOptions {
	o.MaxConns = or(o.MaxConns, 10_000)
	o.MaxConnsPerAddr = or(o.MaxConnsPerAddr, 100)
	o.ReadHeader = or(o.ReadHeader, 5*time.Second)
	o.ReadBody = or(o.ReadBody, 10*time.Second)
	o.Idle = or(o.Idle, 75*time.Second)
	o.MaxHeaderBytes = or(o.MaxHeaderBytes, 16<<10)
	o.MaxHeaderValues = or(o.MaxHeaderValues, 100)
	o.MaxStreams = or(o.MaxStreams, 250)
	if o.Meter == nil {
		o.Meter = &Meter{}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func or[T int | time.Duration](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// A Server listens on one carrier. It ends with Shutdown or Close.
type Server struct {
	kind     kind
	o        ServerOptions
	handler  http.Handler
	tls      *tls.Config // nil without TLS
	listener net.Listener
	http     *http.Server
	limits   limits
	conns    set[*Conn]

	cancel  context.CancelFunc // ends the context of every request
	serving sync.WaitGroup     // the accept loop
	mu      sync.Mutex
	running int           // connections and handlers that have a goroutine
	closing bool          // Close waits
	settled bool          // idle is closed
	idle    chan struct{} // closed when nothing runs any more
	failed  error         // what ended the accept loop
}

// Listen serves h on the carrier called name at the TCP address addr ("127.0.0.1:0" picks a port).
func Listen(name, addr string, h http.Handler, o ServerOptions) (*Server, error) {
	k, err := parse(name)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	if k.tls && o.Certificate == nil {
		if o.Certificate, err = SelfSigned(); err != nil {
			return nil, err
		}
	}
	s := &Server{kind: k, o: o, handler: h, listener: o.Listener, idle: make(chan struct{})}
	s.limits = limits{total: o.MaxConns, perAddr: o.MaxConnsPerAddr, byAddr: map[netip.Prefix]int{}}
	if k.tls {
		// Without tickets a handshake is the same for every connection and ends at the same byte on
		// both sides; TLS 1.3 alone has no suite that HTTP/2 forbids.
		s.tls = &tls.Config{Certificates: []tls.Certificate{*o.Certificate}, NextProtos: k.protocols(true),
			MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true}
	}
	if s.listener == nil {
		if s.listener, err = ListenConfig(nil).Listen(context.Background(), "tcp", addr); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.http = s.server(ctx)
	s.serving.Go(func() { // ended by Close or Shutdown, which close the listener
		if err := s.http.Serve(accepting{s.listener, s}); !errors.Is(err, http.ErrServerClosed) {
			s.mu.Lock()
			s.failed = err
			s.mu.Unlock()
			o.Logger.Error("carrier: accepting ended", "error", err)
		}
	})
	return s, nil
}

func (s *Server) server(ctx context.Context) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	// TLS ends beneath Conn, so what net/http sees is HTTP/2 with prior knowledge in either case.
	protocols.SetUnencryptedHTTP2(s.kind.h2)
	hs := &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: s.o.ReadHeader,
		IdleTimeout:       s.o.Idle,
		MaxHeaderBytes:    s.o.MaxHeaderBytes,
		Protocols:         &protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: s.o.MaxStreams,
			SendPingTimeout:      15 * time.Second,
			PingTimeout:          15 * time.Second,
			WriteByteTimeout:     10 * time.Second,
		},
		ConnState:   s.state,
		ErrorLog:    log.New(&sampledLog{to: s.o.Logger}, "", 0),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	hs.SetKeepAlivesEnabled(!s.o.DisableKeepAlive)
	return hs
}

// Addr is where it listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// URL is the root of everything it serves, without a slash at its end.
func (s *Server) URL() string { return s.kind.scheme() + "://" + s.Addr().String() }

// Certificate is what clients are to trust, nil without TLS. Its Raw is the form for another process.
func (s *Server) Certificate() *x509.Certificate {
	if s.tls == nil {
		return nil
	}
	return s.o.Certificate.Leaf
}

// Meter counts the bytes of its connections.
func (s *Server) Meter() *Meter { return s.o.Meter }

// Live is the number of connections that count against the caps: idle, active and hijacked.
func (s *Server) Live() int {
	s.limits.mu.Lock()
	defer s.limits.mu.Unlock()
	return s.limits.live
}

// Shutdown ends the server in order: a handler that is a transports.Server tells its clients and
// waits for them while the listener still answers; then net/http lets requests finish; then
// everything left is cut off and waited for. It returns the first error, that of ctx if time ran out.
func (s *Server) Shutdown(ctx context.Context) error {
	var first error
	if t, ok := s.handler.(transports.Server); ok {
		first = t.Shutdown(ctx)
	}
	if err := s.http.Shutdown(ctx); first == nil {
		first = err
	}
	if err := s.Close(); first == nil {
		first = err
	}
	return first
}

// Close cuts every connection, hijacked ones too, ends the context of every request, and waits until
// all handlers and connections have ended; net/http keeps one that refused a body for half a second.
// It returns what had ended the accept loop before, if anything had.
func (s *Server) Close() error {
	s.http.Close()
	s.serving.Wait()
	for _, c := range s.conns.all() {
		c.Close()
	}
	s.cancel() // after the cut: a handler that learns of it sooner could still end its answer in good order
	s.mu.Lock()
	s.closing = true
	s.settle()
	s.mu.Unlock()
	<-s.idle
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}
