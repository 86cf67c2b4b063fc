// Package ajax exchanges only what changed. Up: a POST whose answer already carries what is new, so
// that one round trip writes and reads. Down: a conditional GET (If-None-Match is the cursor, 304 when
// nothing changed) on an interval that adapts: short after news, ever longer without. The changed part
// is JSON, or an HTML fragment for "Accept: text/html", so that a page updates in place; a browser that
// navigates there (its Accept has application/xhtml+xml) gets the same part in a whole page.
package ajax

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"transportlab/transports"
	"transportlab/transports/internal/endpoint"
	"transportlab/transports/internal/pull"
	"transportlab/transports/internal/wire"
)

type transport struct{ o transports.Options }

// New returns the transport.
func New(o transports.Options) transports.Transport { return transport{o.WithDefaults()} }

func (transport) Info() transports.Info {
	return transports.Info{Name: "ajax", Title: "AJAX", Carriers: []string{"h1", "h1tls", "h2c", "h2"}}
}

func (t transport) NewServer(log transports.Log) transports.Server {
	e := endpoint.New(log, t.o)
	e.Get = func(w http.ResponseWriter, r *http.Request, topic string, after transports.Cursor) error {
		if tag := r.Header.Get("If-None-Match"); tag != "" {
			c, err := transports.ParseCursor(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`))
			if err != nil {
				return err
			}
			after = c
		}
		ms, err := log.Read(r.Context(), topic, after, t.o.Batch)
		if err != nil {
			return err
		}
		endpoint.NoStore(w.Header(), false)
		w.Header().Set("Vary", "Accept")
		if len(ms) == 0 && r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		if accept := r.Header.Get("Accept"); strings.Contains(accept, "text/html") {
			return writeHTML(w, topic, after, ms, strings.Contains(accept, "application/xhtml+xml"))
		}
		if len(ms) == 0 {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		w.Header().Set("ETag", `"`+ms[len(ms)-1].Cursor.String()+`"`)
		return endpoint.WriteBatch(w, r, after, ms)
	}
	e.Post = func(w http.ResponseWriter, r *http.Request, topic string, at []transports.Cursor) error {
		body := endpoint.AppendPositions(nil, at)
		if r.URL.Query().Has("after") {
			after, err := transports.ParseCursor(r.URL.Query().Get("after"))
			if err != nil {
				return err
			}
			if ms := t.news(r.Context(), log, topic, after, at[len(at)-1]); len(ms) > 0 {
				body = wire.AppendText(append(body, `,"news":`...), after.Epoch != at[0].Epoch, ms)
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(append(body, '}'))
		return nil
	}
	return e
}

// news reads what comes after the cursor, the message that was just appended included: this node's log
// may hear of it a moment later. A gap is left to the next GET.
func (t transport) news(ctx context.Context, log transports.Log, topic string, after, appended transports.Cursor) []transports.Message {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if log.Wait(ctx, topic, transports.Cursor{Epoch: appended.Epoch, Offset: appended.Offset - 1}) != nil {
		return nil
	}
	ms, err := log.Read(ctx, topic, after, t.o.Batch)
	if err != nil {
		return nil
	}
	return ms
}

// The interval between two GETs goes from a quarter of Options.Interval after news to four times that
// without, doubling each time.
func (t transport) Dial(_ context.Context, target transports.Target) (transports.Conn, error) {
	shortest, longest := t.o.Interval/4, 4*t.o.Interval
	var interval atomic.Int64
	return pull.New(target, t.o, pull.Arm{
		News: true,
		Ask: func(r *http.Request, after transports.Cursor) {
			r.URL.RawQuery = ""
			r.Header.Set("If-None-Match", `"`+after.String()+`"`)
		},
		Next: func(began time.Time, n int) time.Time {
			next := min(2*time.Duration(interval.Load()), longest)
			if n > 0 || next == 0 {
				next = shortest
			}
			interval.Store(int64(next))
			if n >= t.o.Batch {
				return began
			}
			return began.Add(next)
		},
	})
}
