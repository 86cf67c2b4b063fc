//go:build unix

package engineio

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// rawConn returns access to the connection's descriptor, or nil when there is no plain one below, as with TLS.
func rawConn(c net.Conn) syscall.RawConn {
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// readNow reads what the descriptor has. It reports false when there is nothing yet.
func readNow(fd uintptr, p []byte) (n int, err error, done bool) {
	for {
		n, err = syscall.Read(int(fd), p)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return 0, nil, false
		case err != nil:
			return 0, os.NewSyscallError("read", err), true
		case n == 0:
			return 0, io.EOF, true
		}
		return n, nil, true
	}
}
