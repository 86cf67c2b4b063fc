package link

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The two ends of a link. They are of TEST-NET-1 (RFC 5737), which nobody routes, and the server's is as
// long as 127.0.0.1, so that requests are as long as on loopback.
const (
	serverAddr = "192.0.2.1"
	clientAddr = "192.0.2.2"
	netmask    = "255.255.255.252"
)

// The name of the one interface in a namespace, and how many packets may wait in it for the relay to take
// them: more than one busy processor's slice brings.
const (
	interfaceName = "link"
	transmitQueue = 20_000
)

// A space is a network namespace of its own, with the thread that lives in it.
type space struct {
	calls chan func()
	tun   int // the far end of its interface: what is written there arrives in it
}

// newSpace makes a namespace with one interface of the given address. It ends with close, and with this
// process.
func newSpace(addr string) (*space, error) {
	s := &space{calls: make(chan func())}
	ready := make(chan error)
	go func() { // ends with close
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine and never runs others there
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err != nil {
			err = fmt.Errorf("making a network namespace: %w", err)
		} else {
			s.tun, err = setUp(addr)
		}
		ready <- err
		for f := range s.calls {
			f()
		}
	}()
	if err := <-ready; err != nil {
		close(s.calls)
		return nil, err
	}
	return s, nil
}

func (s *space) close() {
	unix.Close(s.tun)
	close(s.calls)
}

// in calls f on the thread that lives in the namespace.
func in[T any](s *space, f func() (T, error)) (result T, err error) {
	done := make(chan struct{})
	s.calls <- func() {
		defer close(done)
		result, err = f()
	}
	<-done
	return result, err
}

// setUp makes the interface of the calling thread's namespace.
func setUp(addr string) (tun int, err error) {
	// Without this the kernel would talk IPv6 of its own accord, and what TCP learnt of one arm's connections
	// would shape those of the next.
	for name, value := range map[string]string{"ipv6/conf/default/disable_ipv6": "1", "ipv4/tcp_no_metrics_save": "1"} {
		if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil && !os.IsNotExist(err) {
			return 0, err
		}
	}
	tun, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, fmt.Errorf("/dev/net/tun: %w", err)
	}
	defer func() {
		if err != nil {
			unix.Close(tun)
		}
	}()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(socket)
	ip4 := func(s string) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { return r.SetInet4Addr(net.ParseIP(s).To4()) }
	}
	flags := func(x uint16) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { r.SetUint16(x); return nil }
	}
	number := func(x uint32) func(*unix.Ifreq) error {
		return func(r *unix.Ifreq) error { r.SetUint32(x); return nil }
	}
	for _, step := range []struct {
		what    string
		fd      int
		request uint
		value   func(*unix.Ifreq) error
	}{
		{"making it", tun, unix.TUNSETIFF, flags(unix.IFF_TUN | unix.IFF_NO_PI)},
		{"its address", socket, unix.SIOCSIFADDR, ip4(addr)},
		{"its netmask", socket, unix.SIOCSIFNETMASK, ip4(netmask)},
		{"its MTU", socket, unix.SIOCSIFMTU, number(mtu)},
		{"its queue", socket, unix.SIOCSIFTXQLEN, number(transmitQueue)},
		{"bringing it up", socket, unix.SIOCSIFFLAGS, flags(unix.IFF_UP | unix.IFF_RUNNING)},
	} {
		r, err := unix.NewIfreq(interfaceName)
		if err == nil {
			err = step.value(r)
		}
		if err == nil {
			err = unix.IoctlIfreq(step.fd, step.request, r)
		}
		if errors.Is(err, unix.EPERM) && step.request == unix.SIOCSIFTXQLEN {
			err = nil // the one step that takes root outside too: the queue keeps its 500 packets
		}
		if err != nil {
			return 0, fmt.Errorf("the TUN interface, %s: %w", step.what, err)
		}
	}
	return tun, nil
}

// traffic is what the kernel counted in a namespace.
type traffic struct {
	received, arrived, sent, refused uint64 // bytes, packets, bytes, packets
	retransmitted                    uint64 // TCP segments
}

func (s *space) traffic() (traffic, error) { return in(s, readTraffic) }

func readTraffic() (t traffic, err error) {
	text, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		return t, err
	}
	for line := range strings.Lines(string(text)) {
		name, figures, _ := strings.Cut(line, ":")
		if f := strings.Fields(figures); strings.TrimSpace(name) == interfaceName && len(f) >= 12 {
			t.received, t.arrived, t.sent, t.refused = count(f[0]), count(f[1]), count(f[8]), count(f[11])
		}
	}
	if text, err = os.ReadFile("/proc/thread-self/net/snmp"); err != nil {
		return t, err
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "Tcp:" {
			continue
		}
		for i := 1; i < len(f) && i < len(names); i++ {
			if names[i] == "RetransSegs" {
				t.retransmitted = count(f[i])
			}
		}
		names = f
	}
	return t, nil
}

func count(s string) uint64 {
	n, _ := strconv.ParseUint(s, 10, 64) // the kernel's own figure
	return n
}
