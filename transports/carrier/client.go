package carrier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"
)

// ClientOptions say how to reach a server.
type ClientOptions struct {
	Trust       *x509.Certificate                                                 // the only certificate that is accepted; nil trusts the system's authorities
	Compression bool                                                              // ask for gzip and undo it
	Meter       *Meter                                                            // counts its bytes, also for several clients together; nil is one of its own
	Cut         *Cut                                                              // breaks its connections; nil breaks none
	ServerName  string                                                            // that the certificate must hold; the host that is dialled
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error) // instead of Dialer's
}

// A Client reaches servers over one carrier. Over HTTP/1.1 it holds a connection for each request
// under way and keeps it for later ones; over HTTP/2 requests share connections.
type Client struct {
	// HTTP never follows redirects and has no time limit: requests have contexts. It carries
	// WebSocket handshakes over h1 and h1tls.
	HTTP *http.Client

	kind      kind
	o         ClientOptions
	tls       *tls.Config // nil without TLS
	transport *http.Transport
	conns     set[*Conn]
}

// Dial returns a client for the carrier called name. It connects with the first request.
func Dial(name string, o ClientOptions) (*Client, error) {
	k, err := parse(name)
	if err != nil {
		return nil, err
	}
	if o.Meter == nil {
		o.Meter = &Meter{}
	}
	if o.DialContext == nil {
		o.DialContext = Dialer(nil).DialContext
	}
	c := &Client{kind: k, o: o}
	if k.tls {
		c.tls = &tls.Config{NextProtos: k.protocols(false), MinVersion: tls.VersionTLS13}
		if o.Trust != nil {
			c.tls.RootCAs = x509.NewCertPool()
			c.tls.RootCAs.AddCert(o.Trust)
		}
	}
	var protocols http.Protocols
	protocols.SetHTTP1(!k.h2)
	protocols.SetUnencryptedHTTP2(k.h2) // TLS ends beneath Conn
	c.transport = &http.Transport{
		DialContext:            c.dial,
		DialTLSContext:         c.dial,
		Protocols:              &protocols,
		DisableCompression:     !o.Compression,
		MaxIdleConnsPerHost:    1 << 20,
		IdleConnTimeout:        60 * time.Second, // before the server's 75 s, or a request would meet a closing connection
		MaxResponseHeaderBytes: 64 << 10,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}
	c.HTTP = &http.Client{
		Transport:     c.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// dial connects, and finishes the TLS handshake where there is one.
func (c *Client) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if c.o.Cut != nil {
		if err := c.o.Cut.admit(); err != nil {
			return nil, err
		}
	}
	inner, err := c.o.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if c.o.Cut != nil {
		if inner, err = c.o.Cut.wrap(inner); err != nil {
			return nil, err
		}
	}
	config := c.tls
	if config != nil {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			inner.Close()
			return nil, err
		}
		config = config.Clone()
		if config.ServerName = c.o.ServerName; config.ServerName == "" {
			config.ServerName = host
		}
	}
	conn := newConn(inner, false, config, c.o.Meter, c.conns.remove)
	c.conns.add(conn)
	if err := conn.handshake(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// Meter counts the bytes of its connections.
func (c *Client) Meter() *Meter { return c.o.Meter }

// Close closes all its connections, those in use too. Requests after it connect anew.
func (c *Client) Close() error {
	c.transport.CloseIdleConnections()
	for _, conn := range c.conns.all() {
		conn.Close()
	}
	return nil
}
