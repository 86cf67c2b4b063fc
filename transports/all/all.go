// Package all is the registry: every transport of the lab, one line each.
package all

import (
	"fmt"
	"strings"

	"transportlab/transports"
	"transportlab/transports/ajax"
	"transportlab/transports/longpoll"
	"transportlab/transports/polling"
	"transportlab/transports/socketio"
	"transportlab/transports/streaming"
	"transportlab/transports/tcp"
	"transportlab/transports/websocket"
)

var arms = []func(transports.Options) transports.Transport{
	polling.New,
	ajax.New,
	longpoll.New,
	streaming.New,
	websocket.New,
	socketio.New,
	socketio.NewRooms,
	tcp.New, // a floor
}

// Transports returns every transport with the options, in the order of reports.
func Transports(o transports.Options) []transports.Transport {
	ts := make([]transports.Transport, len(arms))
	for i, arm := range arms {
		ts[i] = arm(o)
	}
	return ts
}

// Find returns the transport of that name; its error lists the names there are.
func Find(name string, o transports.Options) (transports.Transport, error) {
	var names []string
	for _, t := range Transports(o) {
		if t.Info().Name == name {
			return t, nil
		}
		names = append(names, t.Info().Name)
	}
	return nil, fmt.Errorf("there is no transport %q: choose from %s", name, strings.Join(names, ", "))
}
