package web

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Limits of the stream of events.
const (
	mostListeners = 16
	mostWaiting   = 256              // events that a listener may be behind
	patience      = 10 * time.Second // for one write
	heartbeat     = 10 * time.Second
)

// A hub gives events to all listeners. One that falls behind is let go: its browser comes again, and the
// page is told the state anew.
type hub struct {
	mu        sync.Mutex
	listeners map[chan []byte]struct{}
}

func newHub() *hub { return &hub{listeners: map[chan []byte]struct{}{}} }

// send gives everybody an event.
func (h *hub) send(event any) {
	p, err := json.Marshal(event)
	if err != nil {
		panic(err) // events are this package's own, of strings and finite numbers
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		select {
		case l <- p:
		default:
			delete(h.listeners, l)
			close(l)
		}
	}
}

// any tells whether somebody listens.
func (h *hub) any() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners) > 0
}

// enter adds a listener; false when there are too many.
func (h *hub) enter() (chan []byte, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) >= mostListeners {
		return nil, false
	}
	l := make(chan []byte, mostWaiting)
	h.listeners[l] = struct{}{}
	return l, true
}

func (h *hub) leave(l chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, l)
}

// stream answers GET /api/events: the present state, then what happens.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	l, ok := s.events.enter()
	if !ok {
		w.Header().Set("Retry-After", "5")
		fail(w, http.StatusServiceUnavailable, "busy", "as many pages are open as this demo serves; close one")
		return
	}
	defer s.events.leave(l)
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	write := func(p []byte) bool {
		if control.SetWriteDeadline(time.Now().Add(patience)) != nil {
			return false
		}
		if _, err := w.Write(p); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	first := []byte("retry:1000\n\n")
	for _, event := range []any{s.nodes.event(), s.lanesEvent(), s.publisher.event(), s.runs.event()} {
		p, _ := json.Marshal(event) // as in send
		first = appendEvent(first, p)
	}
	if !write(first) {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var batch []byte
	for {
		select {
		case p, ok := <-l:
			if !ok {
				return
			}
			batch = appendEvent(batch[:0], p)
			for more := len(l); more > 0; more-- { // what gathered goes in one write
				if p, ok = <-l; ok {
					batch = appendEvent(batch, p)
				}
			}
		case <-beat.C:
			batch = append(batch[:0], ":\n\n"...)
		case <-r.Context().Done():
			return
		case <-s.ctx.Done():
			return
		}
		if !write(batch) {
			return
		}
	}
}

// appendEvent writes an event whose data, JSON, is one line.
func appendEvent(dst, p []byte) []byte {
	return append(append(append(dst, "data:"...), p...), "\n\n"...)
}
