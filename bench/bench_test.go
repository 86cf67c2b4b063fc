package bench

import (
	"os"
	"testing"

	"transportlab/bench/node"
)

func TestMain(m *testing.M) {
	if node.IsChild() {
		os.Exit(node.Main())
	}
	os.Exit(m.Run())
}
