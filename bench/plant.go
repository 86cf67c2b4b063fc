package bench

import (
	"context"
	"net"

	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/transports"
)

// A Plant is a known truth that a calibration hides beneath the instrument, to see whether it is read. The
// zero value hides nothing.
type Plant struct {
	Server node.Plant                                                        // in the server's process
	Conn   func(transports.Conn) transports.Conn                             // around each connection of clients and publishers
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error) // beneath the byte meter, instead of TCP
	Count  func()                                                            // is called right before bytes are counted: all clients connected, around the load
}

// plant is what the plan hides in an arm.
func (p Plan) plant(a result.Arm) Plant {
	if p.Plant == nil {
		return Plant{}
	}
	return p.Plant(a)
}

func (p Plant) conn(c transports.Conn) transports.Conn {
	if p.Conn == nil {
		return c
	}
	return p.Conn(c)
}
