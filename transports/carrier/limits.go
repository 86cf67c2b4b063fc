package carrier

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"transportlab/transports"
)

// mostRefusals bounds the connections over a cap that are being told so; more are cut off untold.
const mostRefusals = 64

// The answers to a connection over a cap.
var (
	errFull = &transports.Error{Code: "rate_limited", Status: 503, Close: 1013, Retryable: true, RetryAfter: time.Second,
		Message: "this server has as many connections as it takes; try again"}
	errFullForOne = &transports.Error{Code: "rate_limited", Status: 429, Close: 4029, Retryable: true, RetryAfter: time.Second,
		Message: "this address has as many connections as it may; close some"}
)

// limits counts connections, in total and by client address.
type limits struct {
	total, perAddr int

	mu      sync.Mutex
	live    int
	refused int
	byAddr  map[netip.Prefix]int
}

// enter counts a connection. A connection over a cap gets the error to answer with; when ok is false
// not even that. What entered must leave.
func (l *limits) enter(addr netip.Prefix) (refusal *transports.Error, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case addr.IsValid() && l.byAddr[addr] >= l.perAddr:
		refusal = errFullForOne
	case l.live >= l.total:
		refusal = errFull
	default:
		l.live++
		l.byAddr[addr]++
		return nil, true
	}
	if l.refused >= mostRefusals {
		return nil, false
	}
	l.refused++
	return refusal, true
}

func (l *limits) leave(addr netip.Prefix, refusal *transports.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if refusal != nil {
		l.refused--
		return
	}
	l.live--
	if l.byAddr[addr]--; l.byAddr[addr] == 0 {
		delete(l.byAddr, addr)
	}
}

// clientOf is what counts as one client: an IPv4 address, or the /64 that an IPv6 host has to itself.
// It is the socket's address; headers that claim another are not looked at.
func clientOf(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{} // in memory: nobody's
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits)
	return p
}
