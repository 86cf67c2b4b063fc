//go:build !linux

package carrier

import "syscall"

// setSocket does nothing where TCP_USER_TIMEOUT does not exist: keep-alive finds a vanished peer.
func setSocket(_, _ string, _ syscall.RawConn) error { return nil }
