package carrier

import "syscall"

// tcpUserTimeout is TCP_USER_TIMEOUT of linux/tcp.h, which package syscall does not name everywhere.
const tcpUserTimeout = 0x12

// setSocket bounds how long written bytes may stay unacknowledged before TCP gives the connection up:
// without it a vanished peer is found after about 15 minutes.
func setSocket(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, 20_000)
	})
	if err != nil {
		return err
	}
	return failed
}
