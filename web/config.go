package web

import (
	"net/http"

	"transportlab/web/gate"
)

// A condition is one of the network that a lane's fault imitates. Delays are of one way.
type condition struct {
	Name     string  `json:"name"`
	Title    string  `json:"title"`
	DelayMs  float64 `json:"delayMs"`
	JitterMs float64 `json:"jitterMs"`
	RateKbit float64 `json:"rateKbit"`
}

func conditions() []condition {
	return []condition{
		{Name: "loopback", Title: "This machine"},
		{Name: "lan", Title: "Local network, 1 ms there and back", DelayMs: 0.5},
		{Name: "broadband", Title: "Broadband, 20 ms, 50 Mbit/s", DelayMs: 10, JitterMs: 1, RateKbit: 50_000},
		{Name: "4g", Title: "Mobile, 60 ms, 10 Mbit/s", DelayMs: 30, JitterMs: 8, RateKbit: 10_000},
		{Name: "satellite", Title: "Satellite, 600 ms, 20 Mbit/s", DelayMs: 300, JitterMs: 10, RateKbit: 20_000},
	}
}

// A Workload is one that the page can ask for.
type Workload struct {
	Name    string `json:"name"`
	Explain string `json:"explain"`
}

type laneConfig struct {
	ID    int        `json:"id"`
	URL   string     `json:"url"`
	Fault gate.Fault `json:"fault"`
}

// config answers GET /api/config: what does not change while the demo runs, and the present state of what does.
func (s *Server) config(w http.ResponseWriter, _ *http.Request) {
	o := s.o.Settings.WithDefaults()
	var list []laneConfig
	for i, g := range s.gates {
		list = append(list, laneConfig{i + 1, g.URL(), g.Fault()})
	}
	answer(w, http.StatusOK, map[string]any{
		"cursor": s.follower.cursor().String(), "chat": map[string]string{"url": s.chat.URL()}, "namespaces": namespacePath,
		"publish": s.publisher.settings(),
		"version": s.o.Version, "store": s.o.Store, "topic": s.topic, "room": s.room,
		"lanes": list, "transports": transportNames(), "nodes": nodeNames, "nets": conditions(), "workloads": s.o.Workloads,
		"vendor": map[string]bool{"socketio": s.has("vendor/socket.io.esm.min.js"), "uplot": s.has("vendor/uPlot.iife.min.js")},
		"options": map[string]any{
			"intervalMs": o.Interval.Milliseconds(), "holdMs": o.Hold.Milliseconds(), "heartbeatMs": o.Heartbeat.Milliseconds(),
			"batch": o.Batch, "maxMessage": o.MaxMessage, "messageRate": o.MessageRate,
		},
		"limits":     map[string]any{"rate": mostRate, "burst": mostBurst, "size": mostSize, "text": mostText},
		"cspReports": s.csp.Load(),
	})
}

// transportNames are the transports that the page speaks.
func transportNames() []string {
	return []string{"polling", "ajax", "longpoll", "streaming", "websocket", "socketio"}
}
