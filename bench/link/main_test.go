package link

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"transportlab/bench/child"
)

func TestMain(m *testing.M) {
	if child.Is() {
		os.Exit(child.Main(map[string]child.Task{TaskName: Task}))
	}
	goleak.VerifyTestMain(m)
}
