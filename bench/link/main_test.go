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
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // each child would sleep for a second at its end
	goleak.VerifyTestMain(m)
}
