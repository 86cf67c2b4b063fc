package bench

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/probe"
	"transportlab/bench/result"
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
	child     *node.Child // nil when the server was not started here
	closeLog  func() error
	plant     Plant
}

// maxConns is what a benchmark's server takes.
const maxConns = 100_000

func newLab(ctx context.Context, p Plan, a result.Arm, store *node.Store) (*lab, error) {
	o := p.options()
	l := &lab{carrier: a.Carrier, meter: &carrier.Meter{}, plant: p.plant(a)}
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
		l.child, err = node.Start(ctx, node.Config{Carrier: a.Carrier, Store: store.Spec, Options: o,
			Transports: []string{a.Transport}, MaxConns: maxConns, Generous: true, Plant: l.plant.Server})
		if err != nil {
			return nil, err
		}
		url = l.child.URL
		if l.child.Certificate != nil {
			if l.trust, err = x509.ParseCertificate(l.child.Certificate); err != nil {
				return nil, errors.Join(err, l.Close())
			}
		}
	}
	l.target.URL = strings.TrimSuffix(url, "/") + "/" + a.Transport
	return l, nil
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
	under, err := carrier.Dial(l.carrier, carrier.ClientOptions{Trust: l.trust, Meter: l.meter, Cut: cut, DialContext: l.plant.Dial})
	if err != nil {
		return load.Client{}, err
	}
	target.Client = under.HTTP
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

// A count is what all clients have moved until now.
type count struct {
	carrier.Snapshot
	up, down shares
}

// shares are the messages' data and its envelope.
type shares struct{ payload, envelope int64 }

func (l *lab) count() count {
	if l.plant.Count != nil {
		l.plant.Count()
	}
	load := func(s *transports.Share) shares { return shares{s.Payload.Load(), s.Envelope.Load()} }
	return count{l.meter.Snapshot(), load(&l.tally.Up), load(&l.tally.Down)}
}

func (c count) sub(o count) count {
	return count{c.Sub(o.Snapshot), c.up.sub(o.up), c.down.sub(o.down)}
}

func (s shares) sub(o shares) shares { return shares{s.payload - o.payload, s.envelope - o.envelope} }

// Close ends the server, if it was started here.
func (l *lab) Close() error {
	var err error
	if l.child != nil {
		err = l.child.Close()
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
