package carrier

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/wire"
)

type connKey struct{}

// ConnOf returns the connection that a request came on, nil if no Server of this package accepted it.
func ConnOf(ctx context.Context) *Conn {
	c, _ := ctx.Value(connKey{}).(*Conn)
	return c
}

// accepting is the listener that net/http sees.
type accepting struct {
	net.Listener
	s *Server
}

// Accept returns the next connection that may at least be told why it is refused.
func (a accepting) Accept() (net.Conn, error) {
	for {
		inner, err := a.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if a.s.o.Cut != nil {
			if inner, err = a.s.o.Cut.wrap(inner); err != nil {
				continue
			}
		}
		addr := clientOf(inner.RemoteAddr())
		refusal, ok := a.s.limits.enter(addr)
		if !ok {
			inner.Close()
			continue
		}
		c := newConn(inner, true, a.s.tls, a.s.o.Meter, a.s.left)
		c.addr, c.refusal = addr, refusal
		a.s.conns.add(c)
		return c, nil
	}
}

func (s *Server) left(c *Conn) {
	s.conns.remove(c)
	s.limits.leave(c.addr, c.refusal)
}

// serve is what every request passes before the handler: caps, the number of headers, and a deadline
// for the body.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.begin()
	defer s.done()
	c := ConnOf(r.Context())
	r.TLS = c.connectionState()
	if c.refusal != nil {
		w.Header().Set("Connection", "close")
		wire.WriteError(w, c.refusal)
		return
	}
	values := 0
	for _, v := range r.Header {
		values += len(v)
	}
	if values > s.o.MaxHeaderValues {
		w.Header().Set("Connection", "close")
		wire.WriteError(w, errHeaders)
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		control := http.NewResponseController(w)
		if control.SetReadDeadline(time.Now().Add(s.o.ReadBody)) == nil {
			copied := *r // net/http keeps looking at its own request's body
			copied.Body = &timedBody{r.Body, control}
			r = &copied
		}
	}
	s.handler.ServeHTTP(w, r)
}

var errHeaders = &transports.Error{Code: "headers_too_large", Status: http.StatusRequestHeaderFieldsTooLarge, Close: 1002,
	Message: "the request has more headers than this server takes"}

// state follows net/http's goroutines: one for each connection until that closes or is hijacked.
func (s *Server) state(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.begin()
	case http.StateClosed, http.StateHijacked:
		s.done()
	}
}

func (s *Server) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running++
}

// settle tells Close when nothing runs any more. An HTTP/2 handler may still begin once, and end, behind
// the end of its connection: that was told already. s is locked.
func (s *Server) settle() {
	if s.running == 0 && s.closing && !s.settled {
		s.settled = true
		close(s.idle)
	}
}

func (s *Server) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.settle()
}

// A timedBody lifts the deadline of the body once all of it has come, so that a handler may then hold
// its answer for as long as it likes. Until then the deadline stays, also for what net/http discards
// behind a handler: a body that did not come in time closes its connection.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (b *timedBody) Close() error {
	err := b.ReadCloser.Close()
	if err == nil {
		b.control.SetReadDeadline(time.Time{})
	}
	return err
}
