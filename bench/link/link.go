// Package link puts a network condition between clients and server: delay, a rate, lost packets.
//
// The emulator "relay" carries IP packets between two network namespaces, so that TCP does what it does on a
// real network: handshakes, slow start, retransmission. The emulator "wrapper" delays what passes a
// connection of this process and needs no rights, but TCP below it stays undisturbed, which every row must
// then say. [Calibrate] finds out what an emulator achieves.
//
// A program that opens a relay must begin as node.IsChild says.
package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"transportlab/bench/result"
	"transportlab/transports/carrier"
)

// The emulators, as in flags and result.Net.
const (
	Auto    = "auto"    // the relay where the system lets it be made, else the wrapper
	Relay   = "relay"   // packets between network namespaces
	Wrapper = "wrapper" // bytes of connections
	none    = "none"    // of loopback
)

// Emulators are what Open takes.
func Emulators() []string { return []string{Auto, Relay, Wrapper} }

// WrapperLabel is what every row measured through the wrapper must say.
const WrapperLabel = "application-level delay: no slow start, no loss recovery"

// A Link is a network condition that exists. Its methods may be called concurrently.
type Link struct {
	net     result.Net
	relay   *relay    // nil without
	wrapper *wrapping // nil without
	refused error     // why there is no relay, where one was wanted
}

// Open makes a network condition. The seed decides which packets are lost.
func Open(ctx context.Context, n result.Net, emulator string, seed uint64) (*Link, error) {
	l := &Link{net: n}
	if n.Name == Loopback {
		l.net.Emulator = none
		return l, nil
	}
	if emulator == "" {
		emulator = Auto
	}
	switch emulator {
	case Auto, Relay:
		relay, err := openRelay(ctx, n, seed)
		if err == nil {
			l.relay, l.net.Emulator = relay, Relay
			return l, nil
		}
		if emulator == Relay || ctx.Err() != nil {
			return nil, fmt.Errorf("network condition %s: the relay, which needs /dev/net/tun and root, or user namespaces for everybody: %w", n.Name, err)
		}
		l.refused = err
	case Wrapper:
	default:
		return nil, fmt.Errorf("there is no emulator %q; there are auto, relay and wrapper", emulator)
	}
	l.net.Emulator, l.net.Label = Wrapper, WrapperLabel
	if n.Loss > 0 {
		return nil, errors.Join(fmt.Errorf("network condition %s: the wrapper cannot lose packets; that needs the relay", n.Name), l.refused)
	}
	l.wrapper = &wrapping{net: n, seed: seed, clock: newClock()}
	return l, nil
}

// Net describes the condition, with the emulator that makes it.
func (l *Link) Net() result.Net { return l.net }

// DialContext connects a client to a server that listens with ServerSocket.
func (l *Link) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	switch l.net.Emulator {
	case Relay:
		return carrier.Dialer(l.relay.control(clientSide)).DialContext(ctx, network, addr)
	case Wrapper:
		return l.wrapper.dial(ctx, network, addr)
	}
	return carrier.Dialer(nil).DialContext(ctx, network, addr)
}

// ServerAddr is where a server listens to be reached over the link, with a port of the system's choice.
func (l *Link) ServerAddr() string {
	if l.relay != nil {
		return net.JoinHostPort(serverAddr, "0")
	}
	return "127.0.0.1:0"
}

// ServerSocket returns a TCP socket to listen with at ServerAddr; nil when any socket will do. The caller
// closes it.
func (l *Link) ServerSocket() (*os.File, error) {
	if l.relay == nil {
		return nil, nil
	}
	fd, err := l.relay.socket(serverSide, tcp)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "server's socket"), nil
}

// Listen accepts connections of clients in this process.
func (l *Link) Listen(ctx context.Context) (net.Listener, error) {
	var control carrier.Control
	if l.relay != nil {
		control = l.relay.control(serverSide)
	}
	return carrier.ListenConfig(control).Listen(ctx, "tcp", l.ServerAddr())
}

// Capture returns a socket that reads every packet at the clients' interface from now on, IP header first. It
// does not block; it holds 16 MiB of packets where the kernel lets it. The caller closes it. nil without a relay.
func (l *Link) Capture() (*os.File, error) {
	if l.relay == nil {
		return nil, nil
	}
	fd, err := l.relay.socket(clientSide, rawIP)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "capture"), nil
}

// Counters reads what the link has carried until now; false when nothing counts it.
func (l *Link) Counters() (Counters, bool, error) {
	if l.relay == nil {
		return Counters{}, false, nil
	}
	c, err := l.relay.counters()
	return c, err == nil, err
}

// Close ends the link. Connections over it should have been closed before: they break.
func (l *Link) Close() error {
	switch {
	case l.relay != nil:
		return l.relay.Close()
	case l.wrapper != nil:
		l.wrapper.clock.close()
	}
	return nil
}

// Counters are what a relay has carried since it began.
type Counters struct {
	Up   Way `json:"up"`   // client to server
	Down Way `json:"down"` // server to client
}

// A Way is one direction. Bytes are those of IP packets.
type Way struct {
	Packets  uint64 `json:"packets"`  // that entered the link
	Bytes    uint64 `json:"bytes"`    // of them
	Lost     uint64 `json:"lost"`     // of the packets, by chance, as was asked
	Overflow uint64 `json:"overflow"` // of the packets, because the queue before the rate was full

	Retransmitted uint64 `json:"retransmitted"` // TCP segments that the sending side's kernel sent again
	Sent          uint64 `json:"sent"`          // bytes that the sending side's interface counted
	Received      uint64 `json:"received"`      // bytes that the receiving side's interface counted
	Arrived       uint64 `json:"arrived"`       // packets that the receiving side's interface counted
	Refused       uint64 `json:"refused"`       // packets that the sending side's interface dropped; none unless the machine is overloaded
}

// Sub is what happened between the earlier Counters o and c.
func (c Counters) Sub(o Counters) Counters { return Counters{c.Up.sub(o.Up), c.Down.sub(o.Down)} }

func (w Way) sub(o Way) Way {
	return Way{w.Packets - o.Packets, w.Bytes - o.Bytes, w.Lost - o.Lost, w.Overflow - o.Overflow,
		w.Retransmitted - o.Retransmitted, w.Sent - o.Sent, w.Received - o.Received, w.Arrived - o.Arrived, w.Refused - o.Refused}
}
