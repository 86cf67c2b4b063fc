package probe

import (
	"runtime"
	"testing"
	"time"
)

func TestBurnUsesTheThreadsOwnTime(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadCPU()
	const times, each = 200, 50 * time.Microsecond
	for range times {
		Burn(each)
	}
	if used := threadCPU() - before; used < times*each {
		t.Errorf("burned %s, want at least %s", used, times*each)
	}
}
