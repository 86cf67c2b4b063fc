//go:build !linux

package wire

import (
	"errors"
	"syscall"
)

const supported = false

func read(syscall.RawConn, *Count) error { return errors.ErrUnsupported }
