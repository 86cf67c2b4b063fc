package carrier

import (
	"net"
	"syscall"
	"time"
)

// A Control is called with each socket before it connects or listens, as net.Dialer describes it. It may put
// another socket in its place, one of another network namespace for example.
type Control func(network, address string, c syscall.RawConn) error

// keepAlive finds a peer that vanished while nothing was under way.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3}

// Dialer is what clients connect with unless told otherwise. control may be nil.
func Dialer(control Control) *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, KeepAliveConfig: keepAlive, Control: control.andSet}
}

// ListenConfig is what servers listen with unless told otherwise. control may be nil.
func ListenConfig(control Control) *net.ListenConfig {
	return &net.ListenConfig{KeepAliveConfig: keepAlive, Control: control.andSet}
}

// andSet sets the socket's options behind the control.
func (f Control) andSet(network, address string, c syscall.RawConn) error {
	if f != nil {
		if err := f(network, address, c); err != nil {
			return err
		}
	}
	return setSocket(network, address, c)
}
