package findings

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"transportlab/bench"
	"transportlab/transports"
	"transportlab/transports/carrier"
	"transportlab/transports/memlog"
)

// An exchange is one client of one transport in this process, whose messages come straight out of the log: there
// is no publisher whose bytes would have to be told from the client's.
type exchange struct {
	transports.Conn
	log      *memlog.Log
	lab      transports.Server
	server   *carrier.Server
	client   *carrier.Client
	tally    transports.Tally
	requests atomic.Int64
	sent     int
}

const topic = "a"

// open connects a client over HTTP/1.1, with a browser's headers or Go's, and waits until a first message has reached it.
func open(ctx context.Context, name string, o transports.Options, browser bool) (x *exchange, err error) {
	t, err := find(name, o)
	if err != nil {
		return nil, err
	}
	x = &exchange{log: memlog.New(memlog.Options{})}
	defer func() {
		if err != nil {
			x.close()
		}
	}()
	x.lab = transports.NewServer(x.log, transports.Policy{}, t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.requests.Add(1)
		x.lab.ServeHTTP(w, r)
	})
	if x.server, err = carrier.Listen(carrier.H1, "127.0.0.1:0", handler, carrier.ServerOptions{}); err != nil {
		return x, err
	}
	if x.client, err = carrier.Dial(carrier.H1, carrier.ClientOptions{}); err != nil {
		return x, err
	}
	if browser {
		x.client.HTTP.Transport = bench.AsBrowser(x.client.HTTP.Transport)
	}
	x.Conn, err = t.Dial(ctx, transports.Target{URL: x.server.URL() + "/" + name, Topic: topic, Client: x.client.HTTP, Tally: &x.tally})
	if err != nil {
		return x, err
	}
	return x, x.pass(ctx, "hello")
}

// pass stores a message and receives it.
func (x *exchange) pass(ctx context.Context, text string) error {
	x.sent++
	if _, err := x.log.Append(ctx, topic, transports.Message{ID: fmt.Sprint(x.sent), Data: []byte(text)}); err != nil {
		return err
	}
	m, err := x.Recv(ctx)
	if err == nil && string(m.Data) != text {
		err = fmt.Errorf("received %q instead of %q", m.Data, text)
	}
	return err
}

// A share is bytes, of one message as a rule.
type share struct {
	up, down float64 // all
	headers  float64 // HTTP headers in both directions
	envelope float64 // offsets and IDs, both directions
	framing  float64 // what is neither data, envelope nor headers, downwards
	opened   int64   // connections, of all messages together
	requests int64   // HTTP requests, of all messages together
}

// each passes messages and returns what one of them took.
func (x *exchange) each(ctx context.Context, texts []string) (share, error) {
	before, asked := x.client.Meter().Snapshot(), x.requests.Load()
	payload, up, down := x.tally.Down.Payload.Load(), x.tally.Up.Envelope.Load(), x.tally.Down.Envelope.Load()
	for _, text := range texts {
		if err := x.pass(ctx, text); err != nil {
			return share{}, err
		}
	}
	d, n := x.client.Meter().Snapshot().Sub(before), float64(len(texts))
	envelope := float64(x.tally.Down.Envelope.Load() - down)
	return share{
		up: float64(d.Up.App()) / n, down: float64(d.Down.App()) / n,
		headers:  float64(d.Up.Header+d.Down.Header) / n,
		envelope: (envelope + float64(x.tally.Up.Envelope.Load()-up)) / n,
		framing:  (float64(d.Down.App()-d.Down.Header) - float64(x.tally.Down.Payload.Load()-payload) - envelope) / n,
		opened:   d.Opened, requests: x.requests.Load() - asked,
	}, nil
}

// close ends everything that open has begun.
func (x *exchange) close() error {
	var errs []error
	if x.Conn != nil {
		errs = append(errs, x.Conn.Close())
	}
	if x.client != nil {
		errs = append(errs, x.client.Close())
	}
	if x.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		errs = append(errs, x.lab.Shutdown(ctx), x.server.Close())
	}
	return errors.Join(append(errs, x.log.Close())...)
}

// exchanged opens an exchange, passes messages and closes it.
func exchanged(ctx context.Context, name string, o transports.Options, browser bool, texts []string) (s share, err error) {
	x, err := open(ctx, name, o, browser)
	if err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	defer x.close()
	if s, err = x.each(ctx, texts); err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return s, err
}
