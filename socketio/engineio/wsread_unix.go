//go:build unix

package engineio

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// rawConn returns access to the connection's descriptor, or nil when it is not a plain socket. Other connections may give
// access to the socket below them too, but what is read there is not what they read, as with TLS.
func rawConn(c net.Conn) syscall.RawConn {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
		if raw, err := c.(syscall.Conn).SyscallConn(); err == nil {
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
