package admin

import (
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/engineio"
)

// statsSeconds is how many seconds the page's statistics are apart. The page gives a server up after 10.
const statsSeconds = 2

// traffic counts what happens. Its methods are called for each message, some with locks held, so they only add.
type traffic struct {
	opened, packetsIn, packetsOut, bytesIn, bytesOut atomic.Int64

	mu     sync.Mutex
	closed map[socketio.Reason]int64
}

func (t *traffic) open(*engineio.Socket) { t.opened.Add(1) }

func (t *traffic) close(_ *engineio.Socket, reason engineio.Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed == nil {
		t.closed = map[socketio.Reason]int64{}
	}
	t.closed[reason]++
}

func (t *traffic) receive(bytes int) {
	t.packetsIn.Add(1)
	t.bytesIn.Add(int64(bytes))
}

func (t *traffic) send(bytes int) {
	t.packetsOut.Add(1)
	t.bytesOut.Add(int64(bytes))
}

// An aggregate is a number for the page's charts: how much of something there was in the second that begins at Timestamp.
type aggregate struct {
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970, whole seconds
	Type      string `json:"type"`
	SubType   string `json:"subType,omitempty"`
	Count     int64  `json:"count"`
}

// traffics is one second's numbers.
type traffics []aggregate

// take returns what has been counted in the second before at, and begins anew.
func (t *traffic) take(at time.Time) traffics {
	timestamp := at.Add(-time.Second).Unix() * 1000
	var list traffics
	add := func(kind, subType string, count int64) {
		if count > 0 {
			list = append(list, aggregate{timestamp, kind, subType, count})
		}
	}
	add("rawConnection", "", t.opened.Swap(0))
	t.mu.Lock()
	closed := t.closed
	t.closed = nil
	t.mu.Unlock()
	for reason, count := range closed {
		add("rawDisconnection", string(reason), count)
	}
	add("packetsIn", "", t.packetsIn.Swap(0))
	add("packetsOut", "", t.packetsOut.Swap(0))
	add("bytesIn", "", t.bytesIn.Swap(0))
	add("bytesOut", "", t.bytesOut.Swap(0))
	return list
}

type serverStats struct {
	ServerID       string      `json:"serverId"`
	Hostname       string      `json:"hostname"`
	PID            int         `json:"pid"`
	Uptime         float64     `json:"uptime"` // seconds since Instrument
	Clients        int         `json:"clientsCount"`
	PollingClients int         `json:"pollingClientsCount"`
	Aggregates     []aggregate `json:"aggregatedEvents"`
	Namespaces     []nsStats   `json:"namespaces"`
}

type nsStats struct {
	Name    string `json:"name"`
	Sockets int    `json:"socketsCount"`
}

// stats describes this node.
func (a *Admin) stats(began time.Time, recent []traffics) serverStats {
	host, _ := os.Hostname() // the page shows an empty name
	s := serverStats{
		ServerID: a.opts.ServerID, Hostname: host, PID: os.Getpid(), Uptime: time.Since(began).Seconds(),
		Clients: a.server.Engine().Sessions(), PollingClients: a.server.Engine().PollingSessions(),
		Aggregates: append([]aggregate{}, slices.Concat(recent...)...), Namespaces: []nsStats{},
	}
	for _, ns := range a.server.Namespaces() {
		s.Namespaces = append(s.Namespaces, nsStats{ns.Name(), len(ns.Sockets())})
	}
	slices.SortFunc(s.Namespaces, func(a, b nsStats) int { return strings.Compare(a.Name, b.Name) })
	return s
}
