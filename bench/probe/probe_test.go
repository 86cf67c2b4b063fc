package probe

import (
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestProcessReadsThisProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes can be read on Linux alone")
	}
	before, err := Process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	burn := func() { // 50 ms of CPU by the process's own clock
		for start := before.CPU; ; {
			s, err := Process(os.Getpid())
			if err != nil {
				t.Fatal(err)
			}
			if s.CPU-start > 50*time.Millisecond {
				return
			}
		}
	}
	burn()
	after, err := Process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	used := Between(before, after, 0)
	if used.CPU < 50*time.Millisecond || used.CPU > time.Duration(runtime.NumCPU())*after.At.Sub(before.At)+10*time.Millisecond {
		t.Errorf("used %s of CPU in %s", used.CPU, after.At.Sub(before.At))
	}
	if after.Descriptors != before.Descriptors+1 || after.RSS < 1<<20 || after.Threads < 1 {
		t.Errorf("before %+v, after opening a file %+v", before, after)
	}
}

func TestProcessSaysWhichProcessIsNotThere(t *testing.T) {
	if s, err := Process(1 << 30); err == nil {
		t.Errorf("read %+v of a process that is not there", s)
	}
}

func TestBetweenScalesTheIdleFloor(t *testing.T) {
	start := time.Unix(0, 0)
	a := Sample{At: start, CPU: 1, Voluntary: 5, Internals: Internals{GCs: 1}}
	b := Sample{At: start.Add(4 * time.Second), CPU: 101, Voluntary: 4, Internals: Internals{GCs: 3}, RSS: 7}
	p := Between(a, b, 10*time.Millisecond)
	if p.CPU != 100 || p.Idle != 40*time.Millisecond || p.Voluntary != 0 || p.GCs != 2 || p.After.RSS != 7 {
		t.Errorf("between: %+v", p)
	}
	if f := PerSecond(a, b); f != 25 {
		t.Errorf("per second: %d", f)
	}
}

func TestInternalsCountGoroutinesAndCollections(t *testing.T) {
	before := ReadInternals(false)
	stop := make(chan struct{})
	go func() { <-stop }() // ends below
	after := ReadInternals(true)
	close(stop)
	if after.Goroutines != before.Goroutines+1 || after.GCs <= before.GCs || after.Heap == 0 || after.Stacks == 0 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestSentinelRecords(t *testing.T) {
	s := Watch()
	for start := Stolen(); s.late.Quantile(50) == 0; {
		time.Sleep(10 * time.Millisecond)
		if Stolen() < start {
			t.Fatal("stolen time falls")
		}
	}
	n, err := s.End()
	if err != nil || n.Timer.Count == 0 || n.Stolen < 0 {
		t.Errorf("noise %+v, %v", n, err)
	}
}

func TestEnvironmentNamesTheMachine(t *testing.T) {
	e := Environment()
	if e.OS == "" || e.Arch == "" || e.Go == "" || e.Cores < 1 || e.GOMAXPROCS < 1 {
		t.Errorf("environment %+v", e)
	}
	if e.OS == "linux" && (e.Kernel == "" || e.Memory == 0 || e.Congestion == "" || e.Sysctls["net.core.somaxconn"] == "") {
		t.Errorf("environment %+v", e)
	}
}
