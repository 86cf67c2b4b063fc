// Package polling is the oldest way to get news over HTTP: the client asks on a fixed timetable,
// whether or not there is any. Up: POST. Down: GET every Options.Interval, one at a time; the answer
// holds the messages after the cursor, or the warning that there are no new messages and no message.
// After a full answer the client asks for the rest at once. Each client's timetable has a phase of its own.
package polling

import (
	"context"
	"math/rand/v2"
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
	return transports.Info{Name: "polling", Title: "Polling", Carriers: []string{"h1", "h1tls", "h2c", "h2"}}
}

func (t transport) NewServer(log transports.Log) transports.Server {
	e := endpoint.New(log, t.o)
	e.Get = func(w http.ResponseWriter, r *http.Request, topic string, after transports.Cursor) error {
		ms, err := log.Read(r.Context(), topic, after, t.o.Batch)
		if err != nil {
			return err
		}
		endpoint.NoStore(w.Header(), false)
		if len(ms) == 0 {
			w.Header().Set("Warning", `199 - "no new messages"`)
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return endpoint.WriteBatch(w, r, after, ms)
	}
	return e
}

func (t transport) Dial(_ context.Context, target transports.Target) (transports.Conn, error) {
	interval := rand.N(t.o.Interval) // only the first: who came together does not ask together for ever after
	return pull.New(target, t.o, pull.Arm{Next: func(began time.Time, n int) time.Time {
		if n >= t.o.Batch {
			return began
		}
		next := began.Add(interval)
		interval = t.o.Interval
		return next
	}})
}
