package probe

import (
	"fmt"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// Process reads the state of a process from procfs (proc(5)) and from its CPU clock. Internals are left
// out: only the process itself knows them.
func Process(pid int) (Sample, error) {
	s := Sample{At: time.Now()}
	var cpu unix.Timespec
	if err := unix.ClockGettime(clockOf(pid), &cpu); err != nil {
		return s, fmt.Errorf("reading the CPU clock of process %d: %w", pid, err)
	}
	s.CPU = time.Duration(cpu.Nano())
	p, err := procfs.NewProc(pid)
	if err != nil {
		return s, err
	}
	stat, err := p.Stat()
	if err != nil {
		return s, err
	}
	const tick = time.Second / 100 // USER_HZ: the same on every architecture that Go runs on
	s.User, s.System = time.Duration(stat.UTime)*tick, time.Duration(stat.STime)*tick
	s.RSS, s.Threads = uint64(stat.ResidentMemory()), stat.NumThreads
	if s.Descriptors, err = p.FileDescriptorsLen(); err != nil {
		return s, err
	}
	threads, err := procfs.AllThreads(pid)
	if err != nil {
		return s, err
	}
	for _, t := range threads {
		status, err := t.NewStatus()
		if err != nil {
			continue // it ended meanwhile
		}
		s.Voluntary += status.VoluntaryCtxtSwitches
		s.Involuntary += status.NonVoluntaryCtxtSwitches
	}
	return s, nil
}

// clockOf is the clock id of a process's CPU time: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of
// linux/posix-timers.h. Its unit is a nanosecond, where /proc/pid/stat counts in ticks of 10 ms.
func clockOf(pid int) int32 { return int32(^pid)<<3 | 2 }

// Stolen is the CPU time that the hypervisor has given to others since the machine started, all cores
// together; 0 where that is not known.
func Stolen() time.Duration {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0
	}
	stat, err := fs.Stat()
	if err != nil {
		return 0
	}
	return time.Duration(stat.CPUTotal.Steal * float64(time.Second))
}
