//go:build !unix

package engineio

import (
	"net"
	"syscall"
)

// rawConn returns nil: idle connections wait in an ordinary Read of few bytes.
func rawConn(net.Conn) syscall.RawConn { return nil }

func readNow(uintptr, []byte) (n int, err error, done bool) { panic("no descriptors here") }
