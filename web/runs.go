package web

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// mostRuns is how often a page may have each transport run a workload.
const mostRuns = 10

// A Job is a measurement that a page asks for.
type Job struct {
	Workload   string   `json:"workload"`
	Transports []string `json:"transports"`
	Runs       int      `json:"runs"`
}

// Progress is how far a job has come.
type Progress struct {
	Text string  // for people
	Done float64 // of 1
}

// A runner runs one job at a time.
type runner struct {
	mu    sync.Mutex
	state runState
}

type runState struct {
	Type   string  `json:"type"`
	State  string  `json:"state"` // idle, running, done, failed
	Text   string  `json:"text"`
	Done   float64 `json:"done"`
	Report string  `json:"report,omitempty"` // its address here
}

func (r *runner) event() any {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.state
	state.Type = "run"
	if state.State == "" {
		state.State = "idle"
	}
	return state
}

func (r *runner) set(state runState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = state
}

// begin takes the runner; false when it runs already.
func (r *runner) begin(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state.State == "running" {
		return false
	}
	r.state = runState{State: "running", Text: text}
	return true
}

// run answers POST /api/run.
func (s *Server) run(w http.ResponseWriter, r *http.Request) {
	var j Job
	if !read(w, r, &j) {
		return
	}
	switch {
	case s.o.Run == nil:
		fail(w, http.StatusNotImplemented, "unsupported", "this demo runs no workloads")
		return
	case !slices.ContainsFunc(s.o.Workloads, func(w Workload) bool { return w.Name == j.Workload }):
		fail(w, http.StatusBadRequest, "malformed", "there is no such workload")
		return
	case len(j.Transports) == 0 || len(j.Transports) > len(transportNames()):
		fail(w, http.StatusBadRequest, "malformed", "name between one and "+string(rune('0'+len(transportNames())))+" transports")
		return
	case j.Runs < 1 || j.Runs > mostRuns:
		fail(w, http.StatusBadRequest, "malformed", "runs must be between 1 and 10")
		return
	}
	for i, name := range j.Transports {
		if !slices.Contains(transportNames(), name) || slices.Contains(j.Transports[:i], name) {
			fail(w, http.StatusBadRequest, "malformed", "transports must be different ones of "+strings.Join(transportNames(), ", "))
			return
		}
	}
	if !s.runs.begin("starting") {
		fail(w, http.StatusConflict, "busy", "a workload is being run already")
		return
	}
	s.events.send(s.runs.event())
	s.work.Go(func() { s.measure(j) }) // ends with the job, or soon after s.ctx
	answer(w, http.StatusAccepted, s.runs.event())
}

// measure runs a job to its end.
func (s *Server) measure(j Job) {
	folder, err := s.o.Run(s.ctx, j, func(p Progress) {
		s.runs.set(runState{State: "running", Text: readable(p.Text), Done: min(max(p.Done, 0), 1)})
		s.events.send(s.runs.event())
	})
	state := runState{State: "done", Text: "done", Done: 1}
	if folder != "" {
		name, found := s.reportName(folder)
		if found {
			state.Report = "/reports/" + name + "/report.html"
		}
	}
	if err != nil {
		state.State, state.Text = "failed", readable(err.Error())
		if errors.Is(err, context.Canceled) {
			state.Text = "interrupted"
		}
	}
	s.runs.set(state)
	s.events.send(s.runs.event())
}

// readable is text of which JSON and people can make something.
func readable(text string) string {
	if len(text) > 1000 {
		text = text[:1000] + "…"
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "�")
	}
	return text
}

// reportName is the name under which a folder's report is served.
func (s *Server) reportName(folder string) (string, bool) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", false
	}
	for _, r := range s.reports() {
		if r.folder == folder {
			return r.Name, true
		}
	}
	return "", false
}
