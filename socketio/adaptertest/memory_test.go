package adaptertest

import (
	"testing"

	"go.uber.org/goleak"

	"transportlab/socketio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	Run(t, Kit{Adapter: func() socketio.AdapterFunc { return nil }, Nodes: 1, Recovery: true})
}
