package engineio

import (
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// ErrTooManyMessages means that a client has exceeded Options.MessageRate.
var ErrTooManyMessages = errors.New("too many messages")

// A meter admits events at a rate, and a second's worth of them at once: the generic cell rate algorithm, which needs to
// remember one time only. The zero meter has seen nothing.
type meter struct {
	paid time.Duration // since an origin: until when the events so far use up the rate
}

// allow counts an event at the time now since the same origin.
func (m *meter) allow(now time.Duration, rate int) bool {
	paid := max(m.paid, now) + time.Second/time.Duration(rate)
	if paid > now+time.Second {
		return false
	}
	m.paid = paid
	return true
}

// addressLimit is how many addresses an addressMeter remembers. When there are more, it forgets all that have paid off, and
// if none has, it refuses new ones.
const addressLimit = 1 << 16

// An addressMeter admits events of each address at a rate. Its methods may be called concurrently.
type addressMeter struct {
	rate   int
	origin time.Time

	mu     sync.Mutex
	meters map[string]meter
}

func newAddressMeter(rate int) *addressMeter {
	return &addressMeter{rate: rate, origin: time.Now(), meters: map[string]meter{}}
}

func (a *addressMeter) allow(address string) bool {
	now := time.Since(a.origin)
	a.mu.Lock()
	defer a.mu.Unlock()
	m, known := a.meters[address]
	if !known && len(a.meters) >= addressLimit {
		for other, m := range a.meters {
			if m.paid <= now {
				delete(a.meters, other)
			}
		}
		if len(a.meters) >= addressLimit {
			return false
		}
	}
	ok := m.allow(now, a.rate)
	a.meters[address] = m
	return ok
}

// peerAddress returns whom a request is counted for: the peer's IPv4 address, or its IPv6 network of 64 bits, which is what
// one customer has.
func peerAddress(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := peer.Addr().Unmap()
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip.String()
	}
	return network.String()
}

// limited returns a refusal when a request that anybody can make comes too often from one address.
func (s *Server) limited(r *http.Request) *refusal {
	if s.addresses == nil || s.addresses.allow(s.opts.Address(r)) {
		return nil
	}
	return &refusal{code: CodeBadRequest, cause: "too many requests from one address", status: http.StatusTooManyRequests}
}

// tooMany counts a message and reports whether it is one too many. s.mu is held.
func (s *Socket) tooMany() bool {
	rate := s.server.opts.MessageRate
	return rate > 0 && !s.messages.allow(time.Since(s.server.began), rate)
}
