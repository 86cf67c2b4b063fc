package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"transportlab/socketio/engineio"
)

// A Dialer opens sessions with one server. It remembers whether the last of them had a WebSocket, see
// Options.RememberUpgrade. Its methods may be called concurrently. Close frees its idle connections.
type Dialer struct {
	opts   Options
	target *url.URL
	http   *http.Client
	own    *http.Transport // of http, when the Dialer made it
	prior  atomic.Bool     // the last session had a WebSocket
}

// New returns a Dialer for the server at target: an http, https, ws or wss URL of which the path is not used. The target's
// query goes with every request, after Options.Query.
func New(target string, o Options) (*Dialer, error) {
	u, err := ParseTarget(target)
	if err != nil {
		return nil, err
	}
	d := &Dialer{opts: o.withDefaults(), target: u, http: o.HTTPClient}
	for _, name := range d.opts.Transports {
		if name != Polling && name != WebSocket {
			return nil, fmt.Errorf("unknown transport %q", name)
		}
	}
	if d.http == nil {
		d.own = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			// Node servers close idle connections after 5 s. A POST that meets that cannot be repeated.
			IdleConnTimeout: 4 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
		}
		d.http = &http.Client{Transport: d.own}
	}
	return d, nil
}

// Close frees the idle connections of the Dialer's own HTTP client. Sessions are not touched.
func (d *Dialer) Close() {
	if d.own != nil {
		d.own.CloseIdleConnections()
	}
}

// Dial opens a session: one transport after the other with Options.TryAllTransports, else only the first. The
// caller must then call Conn.Start. ctx bounds the opening alone.
func (d *Dialer) Dial(ctx context.Context) (*Conn, error) {
	transports := slices.Clone(d.opts.Transports)
	if d.opts.RememberUpgrade && d.prior.Load() && slices.Contains(transports, WebSocket) {
		transports = slices.DeleteFunc(transports, func(name string) bool { return name == WebSocket })
		transports = append([]string{WebSocket}, transports...)
	}
	if !d.opts.TryAllTransports {
		transports = transports[:1]
	}
	var failed error
	for _, name := range transports {
		conn, err := d.open(ctx, name)
		d.prior.Store(err == nil && name == WebSocket)
		switch {
		case err == nil:
			return conn, nil
		case failed == nil:
			failed = err
		default:
			failed = fmt.Errorf("%w; then: %w", failed, err)
		}
	}
	return nil, failed
}

// open opens a session with one transport and reads the handshake.
func (d *Dialer) open(ctx context.Context, name string) (*Conn, error) {
	var t transport = &polling{dialer: d}
	if name == WebSocket {
		ws, err := d.dialWebSocket(ctx, "")
		if err != nil {
			return nil, err
		}
		t = ws
	}
	c := newConn(d, t)
	stop := context.AfterFunc(ctx, t.abandon)
	err := t.read(ctx, func(p engineio.Packet) error {
		if c.handshake.SID == "" {
			return c.shake(p)
		}
		c.early = append(c.early, p)
		return nil
	})
	if err == nil && c.handshake.SID == "" {
		err = fmt.Errorf("%w: no packets in the first answer", engineio.ErrMalformed)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		t.abandon()
		c.cancel()
		return nil, err
	}
	if p, ok := t.(*polling); ok {
		p.sid = c.handshake.SID
	}
	return c, nil
}

// maxPeriod bounds what a server may demand as a ping period, and keeps sums from overflowing.
const maxPeriod = 24 * time.Hour

// shake reads the first packet of a session.
func (c *Conn) shake(p engineio.Packet) error {
	if p.Type != engineio.Open || p.Binary {
		return fmt.Errorf("%w: the first packet is no handshake", engineio.ErrMalformed)
	}
	var h engineio.Handshake
	if err := json.Unmarshal(p.Data, &h); err != nil {
		return fmt.Errorf("%w: handshake: %w", engineio.ErrMalformed, err)
	}
	limit := int64(maxPeriod / time.Millisecond)
	if h.SID == "" || h.PingInterval <= 0 || h.PingInterval > limit || h.PingTimeout <= 0 || h.PingTimeout > limit {
		return fmt.Errorf("%w: handshake without id or with impossible ping times", engineio.ErrMalformed)
	}
	c.handshake = h
	return nil
}
