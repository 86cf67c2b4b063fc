package proxy

import "syscall"

// tied ends the proxy when the thread that started it ends, with the signal at which nginx ends its worker too.
func tied() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
