// Package longpoll has the server hold the client's GET until there is news or Options.Hold ends
// (RFC 6202 section 2). Up: POST. Down: a GET whose answer holds everything after the cursor, or 204
// when the time was up; the client asks again at once.
package longpoll

import (
	"context"
	"net/http"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/endpoint"
	"transportlab/transports/internal/pull"
)

type transport struct{ o transports.Options }

// New returns the transport.
func New(o transports.Options) transports.Transport { return transport{o.WithDefaults()} }

func (transport) Info() transports.Info {
	return transports.Info{Name: "longpoll", Title: "Long polling", Carriers: []string{"h1", "h1tls", "h2c", "h2"}}
}

func (t transport) NewServer(log transports.Log) transports.Server {
	e := endpoint.New(log, t.o)
	e.Get = func(w http.ResponseWriter, r *http.Request, topic string, after transports.Cursor) error {
		ctx, cancel := context.WithTimeout(r.Context(), t.o.Hold)
		defer cancel()
		defer context.AfterFunc(e.Draining(), cancel)()
		for {
			ms, err := log.Read(r.Context(), topic, after, t.o.Batch)
			if err != nil {
				return err
			}
			if len(ms) > 0 {
				endpoint.NoStore(w.Header(), true)
				return endpoint.WriteBatch(w, r, after, ms)
			}
			err = log.Wait(ctx, topic, after)
			switch {
			case e.Draining().Err() != nil:
				return transports.ErrDraining
			case ctx.Err() != nil:
				endpoint.NoStore(w.Header(), true)
				w.WriteHeader(http.StatusNoContent)
				return nil
			case err != nil:
				return err
			}
		}
	}
	return e
}

func (t transport) Dial(_ context.Context, target transports.Target) (transports.Conn, error) {
	return pull.New(target, t.o, pull.Arm{Next: func(began time.Time, n int) time.Time { return began }})
}
