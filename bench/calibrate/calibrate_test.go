package calibrate

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"transportlab/bench/node"
)

func TestMain(m *testing.M) {
	if node.IsChild() {
		os.Exit(node.Main())
	}
	goleak.VerifyTestMain(m)
}
