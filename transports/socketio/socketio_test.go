package socketio

import (
	"testing"

	"go.uber.org/goleak"

	"transportlab/transports/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryModeKeepsTheContract(t *testing.T) {
	for name, mode := range map[string]transporttest.New{"fallback": New, "websocket": NewWebSocket, "polling": NewPolling, "upgrade": NewUpgrade, "rooms": NewRooms} {
		t.Run(name, func(t *testing.T) { transporttest.Run(t, mode) })
	}
}
