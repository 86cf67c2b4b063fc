package link

import (
	"errors"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"transportlab/bench/pace"
)

// A carried counts the packets of one direction.
type carried struct {
	packets, bytes, lost, overflow atomic.Uint64
}

// A road is one direction between two interfaces.
type road struct {
	from, to int // TUN descriptors, which do not block
	way      *way
	train    train
	carried  carried
}

// carry moves packets along both roads until stop, a descriptor, can be read.
//
// One thread does all of it: it sleeps until a packet comes or is due, and no lock or wake-up of another
// thread adds to the delay. Where it may, it asks to run before everybody else, because a relay that waits for
// a processor delays both directions.
func carry(roads [2]*road, stop int) error {
	runtime.LockOSThread() // never unlocked: the thread ends with its goroutine, and its priority with it
	pace.Sharpen()
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0) // without the right to, the calibration shows what that costs
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(512 << 20)

	began := time.Now()
	now := func() int64 { return int64(time.Since(began)) }
	buffer := make([]byte, mtu)
	fds := []unix.PollFd{{Fd: int32(roads[0].from), Events: unix.POLLIN}, {Fd: int32(roads[1].from), Events: unix.POLLIN}, {Fd: int32(stop), Events: unix.POLLIN}}
	for {
		var timeout *unix.Timespec
		if next, ok := earliest(roads); ok {
			ts := unix.NsecToTimespec(max(next-now(), 0))
			timeout = &ts
		}
		if _, err := unix.Ppoll(fds, timeout, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if fds[2].Revents != 0 {
			return nil
		}
		for _, r := range roads {
			r.deliver(now)
			if err := r.collect(buffer, now); err != nil {
				return err
			}
		}
	}
}

func earliest(roads [2]*road) (due int64, ok bool) {
	for _, r := range roads {
		if p := r.train.first(); p != nil && (!ok || p.due < due) {
			due, ok = p.due, true
		}
	}
	return due, ok
}

// collect takes in what has come, at most so much that the other direction does not wait long.
func (r *road) collect(buffer []byte, now func() int64) error {
	const most = 64
	for range most {
		n, err := unix.Read(r.from, buffer)
		switch {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
			return nil
		case err != nil:
			return err
		}
		r.carried.packets.Add(1)
		r.carried.bytes.Add(uint64(n))
		due, fate := r.way.offer(now(), n)
		if fate == arrives && !r.train.push(due, buffer[:n]) {
			fate = overflows
		}
		switch fate {
		case isLost:
			r.carried.lost.Add(1)
		case overflows:
			r.carried.overflow.Add(1)
		}
	}
	return nil
}

// deliver hands over what is due. A packet that the interface does not take, which does not happen while it is
// up, is lost like others.
func (r *road) deliver(now func() int64) {
	for p := r.train.first(); p != nil && p.due <= now(); p = r.train.first() {
		_, _ = unix.Write(r.to, p.data) // the receiving interface's counters show what it did not take
		r.train.pop()
	}
}
