package theory

import (
	"fmt"
	"time"
)

// FirstMessage returns what a fresh client needs from dialling to its first message, the log holding one:
// round trips for the connection, for TLS, for what the transport says in greeting, and for the question. It is
// false for arms whose greetings depend on more than round trips.
func FirstMessage(q Question) (Form, bool) {
	trips, why := 1, "TCP's handshake"
	switch q.Arm.Carrier {
	case "h1", "h2c":
	case "h1tls", "h2":
		trips, why = 2, why+", TLS 1.3's"
	default:
		return Form{}, false
	}
	switch q.Arm.Transport {
	case "polling", "ajax", "longpoll", "streaming":
		trips, why = trips+1, why+", and the request"
	case "websocket", "tcp":
		trips, why = trips+2, why+", the upgrade, and the subscription"
	case "socketio", "socketio-rooms", "socketio-websocket":
		trips, why = trips+3, why+", the upgrade, the namespace, and the subscription"
	default:
		return Form{}, false
	}
	s := newSetting(q)
	at := seconds(float64(trips)*s.r + s.floor)
	f := Form{
		Text: fmt.Sprintf("%d round trips, %s", trips, Text(at)), Explain: "A round trip each for " + why + ".",
		Mean: at, Lo: at, Hi: at,
		CDF: func(x time.Duration) float64 {
			if x < at {
				return 0
			}
			return 1
		},
	}
	return s.disturb(f), true
}
