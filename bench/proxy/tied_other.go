//go:build !linux

package proxy

import "syscall"

// tied does nothing where a child cannot be tied to its parent.
func tied() *syscall.SysProcAttr { return nil }
