package socketio

import (
	"testing"

	"go.uber.org/goleak"

	"transportlab/transports/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The other modes, New and NewRooms, are checked with all transports of the registry.
func TestEveryModeKeepsTheContract(t *testing.T) {
	for name, mode := range map[string]transporttest.New{"websocket": NewWebSocket, "polling": NewPolling, "upgrade": NewUpgrade} {
		t.Run(name, func(t *testing.T) { transporttest.Run(t, mode) })
	}
}
