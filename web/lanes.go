package web

import (
	"net/http"
	"strconv"
	"time"

	"transportlab/web/gate"
)

// How often the page is told of the lanes, and how much.
const (
	laneInterval = 250 * time.Millisecond
	mostEntries  = 20 // of a lane's record at a time
)

type laneState struct {
	ID int `json:"id"`
	gate.Counts
	Live  int        `json:"live"`
	Node  string     `json:"node"`
	Fault gate.Fault `json:"fault"`
}

// lanesEvent is the lanes' state.
func (s *Server) lanesEvent() any {
	event := struct {
		Type  string      `json:"type"`
		At    float64     `json:"at"`
		Lanes []laneState `json:"lanes"`
	}{Type: "lanes", At: milliseconds(time.Now())}
	for i, g := range s.gates {
		state := laneState{ID: i + 1, Counts: g.Counts(), Fault: g.Fault()}
		state.Live, state.Node = g.Live()
		event.Lanes = append(event.Lanes, state)
	}
	return event
}

// milliseconds since 1970, as pages count time.
func milliseconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1000 }

type wireEvent struct {
	Type    string       `json:"type"`
	Lane    int          `json:"lane"`
	Entries []gate.Entry `json:"entries"`
	Skipped uint64       `json:"skipped"` // entries that the page was not told, before these
}

// tellLanes tells of the lanes' state and records, as long as somebody listens.
func (s *Server) tellLanes() {
	tick := time.NewTicker(laneInterval)
	defer tick.Stop()
	var told [lanes]uint64
	for {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
		listened := s.events.any()
		if listened {
			s.events.send(s.lanesEvent())
		}
		for i, g := range s.gates {
			entries, skipped := g.Entries(told[i], mostEntries)
			if len(entries) == 0 {
				continue
			}
			told[i] = entries[len(entries)-1].N
			if listened {
				s.events.send(wireEvent{"wire", i + 1, entries, skipped})
			}
		}
	}
}

// lane finds the lane of a request's path, or answers that there is none.
func (s *Server) lane(w http.ResponseWriter, r *http.Request) (int, bool) {
	n, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || n < 1 || n > lanes {
		fail(w, http.StatusNotFound, "not_found", "there is no such lane")
		return 0, false
	}
	return n, true
}

// wire answers GET /api/lanes/{id}/wire: what is left of the lane's record.
func (s *Server) wire(w http.ResponseWriter, r *http.Request) {
	if n, ok := s.lane(w, r); ok {
		entries, _ := s.gates[n-1].Entries(0, 1<<20)
		answer(w, http.StatusOK, wireEvent{"wire", n, entries, 0})
	}
}

// fault answers POST /api/lanes/{id}/fault.
func (s *Server) fault(w http.ResponseWriter, r *http.Request) {
	n, ok := s.lane(w, r)
	if !ok {
		return
	}
	var f gate.Fault
	if !read(w, r, &f) {
		return
	}
	if err := s.gates[n-1].Set(f); err != nil {
		fail(w, http.StatusBadRequest, "malformed", err.Error())
		return
	}
	s.events.send(s.lanesEvent())
	answer(w, http.StatusOK, f)
}

// cut answers POST /api/lanes/{id}/cut.
func (s *Server) cut(w http.ResponseWriter, r *http.Request) {
	n, ok := s.lane(w, r)
	var none struct{}
	if !ok || !read(w, r, &none) {
		return
	}
	answer(w, http.StatusOK, map[string]int{"connections": s.gates[n-1].Cut()})
}

// clear answers POST /api/lanes/{id}/clear.
func (s *Server) clear(w http.ResponseWriter, r *http.Request) {
	n, ok := s.lane(w, r)
	var none struct{}
	if !ok || !read(w, r, &none) {
		return
	}
	s.gates[n-1].Clear()
	s.events.send(s.lanesEvent())
	answer(w, http.StatusOK, struct{}{})
}
