package carrier_test

import (
	"net/http"
	"syscall"
	"testing"

	"transportlab/transports/carrier"
)

// A vanished peer must be found in seconds, not in the 15 minutes of TCP's own retries.
func TestF18_UnacknowledgedBytesEndTheConnection(t *testing.T) {
	s, c := open(t, carrier.H1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := carrier.ConnOf(r.Context()).SyscallConn()
		if err != nil {
			t.Error(err)
			return
		}
		raw.Control(func(fd uintptr) {
			const tcpUserTimeout = 0x12
			for _, o := range []struct{ level, option, want int }{
				{syscall.IPPROTO_TCP, tcpUserTimeout, 20_000},
				{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
				{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 15},
				{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 15},
				{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 3},
			} {
				if got, err := syscall.GetsockoptInt(int(fd), o.level, o.option); err != nil || got != o.want {
					t.Errorf("option %#x of level %d is %d (%v), want %d", o.option, o.level, got, err, o.want)
				}
			}
		})
	}), carrier.ServerOptions{}, carrier.ClientOptions{})
	do(t, c, "GET", s.URL(), "")
}
