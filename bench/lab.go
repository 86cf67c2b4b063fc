package bench

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"transportlab/bench/link"
	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/probe"
	"transportlab/bench/proxy"
	"transportlab/bench/result"
	"transportlab/bench/wire"
	"transportlab/transports"
	"transportlab/transports/carrier"
	"transportlab/transports/null"
)

// A lab is one arm, ready to be given a load: a server, fresh unless the plan has a target, and the way
// to reach it. Close ends it.
type lab struct {
	transport transports.Transport
	target    transports.Target
	carrier   string
	trust     *x509.Certificate
	meter     *carrier.Meter
	tally     transports.Tally
	wire      wire.Counter
	child     *node.Child // nil when the server was not started here
	link      *link.Link  // between clients and server; nil when that is not known
	variant   Variant
	proxy     *proxy.Proxy // before the server; nil without
	closeLog  func() error
	plant     Plant
}

// maxConns is what a benchmark's server takes.
const maxConns = 100_000

// certified is the address in a server's own certificate. Wherever it listens, the handshake is thus as long.
const certified = "127.0.0.1"

func newLab(ctx context.Context, p Plan, a result.Arm, store *node.Store) (*lab, error) {
	l := &lab{carrier: a.Carrier, meter: &carrier.Meter{}, link: p.links[a.Net], plant: p.plant(a)}
	if p.Plant == nil { // otherwise variants are a calibration's own
		v, err := ParseVariant(a.Variant)
		if err != nil {
			return nil, err
		}
		l.variant = v
	}
	o := l.variant.options(p.options())
	var err error
	if l.transport, err = find(a.Transport, o); err != nil {
		return nil, err
	}
	if a.Carrier == "none" {
		log, err := node.OpenStore(ctx, store.Spec)
		if err != nil {
			return nil, err
		}
		l.transport, l.closeLog = null.New(log.Log, o), log.Close
		return l, nil
	}
	url := p.Target
	if url == "" {
		if url, err = l.start(ctx, node.Config{Carrier: a.Carrier, Store: store.Spec, Options: o,
			Transports: []string{a.Transport}, MaxConns: maxConns, Generous: true, Plant: l.plant.Server}); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	l.target.URL = strings.TrimSuffix(url, "/") + "/" + a.Transport
	return l, nil
}

// start starts the server and what stands before it, and returns where that is reached.
func (l *lab) start(ctx context.Context, c node.Config) (url string, err error) {
	if l.link != nil && l.variant.Proxy == "" {
		c.Addr = l.link.ServerAddr()
		if c.Socket, err = l.link.ServerSocket(); err != nil {
			return "", err
		}
		if c.Socket != nil {
			defer c.Socket.Close()
		}
	}
	if l.child, err = node.Start(ctx, c); err != nil {
		return "", err
	}
	if l.child.Certificate != nil {
		if l.trust, err = x509.ParseCertificate(l.child.Certificate); err != nil {
			return "", err
		}
	}
	if l.variant.Proxy == "" {
		return l.child.URL, nil
	}
	listener, err := l.link.Listen(ctx)
	if err != nil {
		return "", err
	}
	if l.proxy, err = proxy.Start(ctx, l.variant.Proxy, listener, strings.TrimPrefix(l.child.URL, "http://")); err != nil {
		return "", err
	}
	return l.proxy.URL, nil
}

// connect makes a client's TCP connection.
func (l *lab) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := l.plant.Dial
	switch {
	case dial != nil:
	case l.link != nil:
		dial = l.link.DialContext
	default:
		dial = carrier.Dialer(nil).DialContext
	}
	c, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return l.wire.Add(c), nil
}

// dial connects one client. Each has a carrier of its own, as clients on different machines have; all are
// counted by one meter.
func (l *lab) dial(ctx context.Context, topic string, after transports.Cursor) (load.Client, error) {
	target := l.target
	target.Topic, target.After, target.Tally = topic, after, &l.tally
	if l.carrier == "none" {
		c, err := l.transport.Dial(ctx, target)
		if err != nil {
			return load.Client{}, err
		}
		return load.Client{Conn: l.plant.conn(c)}, nil
	}
	cut := new(carrier.Cut)
	o := carrier.ClientOptions{Trust: l.trust, Meter: l.meter, Cut: cut, DialContext: l.connect, Compression: l.variant.Compression == Gzip}
	if l.child != nil {
		o.ServerName = certified
	}
	under, err := carrier.Dial(l.carrier, o)
	if err != nil {
		return load.Client{}, err
	}
	target.Client = under.HTTP
	if l.variant.Headers == Browser {
		http := *under.HTTP
		http.Transport = AsBrowser(http.Transport)
		target.Client = &http
	}
	c, err := l.transport.Dial(ctx, target)
	if err != nil {
		return load.Client{}, errors.Join(err, under.Close())
	}
	return load.Client{Conn: &conn{l.plant.conn(c), under}, Cut: func() { cut.Now() }}, nil
}

// A conn takes its carrier with it when it is closed.
type conn struct {
	transports.Conn
	under *carrier.Client
}

func (c *conn) Close() error { return errors.Join(c.Conn.Close(), c.under.Close()) }

// Close ends the server, if it was started here.
func (l *lab) Close() error {
	var err error
	if l.proxy != nil {
		err = l.proxy.Close()
	}
	if l.child != nil {
		err = errors.Join(err, l.child.Close())
	}
	if l.closeLog != nil {
		err = errors.Join(err, l.closeLog())
	}
	if err != nil {
		return fmt.Errorf("ending the server: %w", err)
	}
	return nil
}

// sample reads the server's process; false when that cannot be done.
func (l *lab) sample(ctx context.Context, collect bool) (probe.Sample, bool) {
	if l.child == nil {
		return probe.Sample{}, false
	}
	s, err := l.child.Sample(ctx, collect)
	return s, err == nil
}
