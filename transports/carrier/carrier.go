// Package carrier is what lies under a transport: HTTP/1.1 or HTTP/2, with or without TLS. It listens
// and dials with the deadlines and limits of a public server, counts every byte by what it was for
// ([Meter]), and breaks connections on purpose ([Cut]).
//
// A carrier is a dimension of every measurement, not a part of a transport: a poll's request shrinks
// several times under HPACK, and TLS adds 22 bytes to each record.
package carrier

import (
	"fmt"
	"strings"
)

// The carriers, as in flags, benchmark names and transports.Info.
const (
	H1    = "h1"    // HTTP/1.1 over TCP
	H1TLS = "h1tls" // HTTP/1.1 over TLS 1.3
	H2C   = "h2c"   // HTTP/2 over TCP, with prior knowledge (RFC 9113, section 3.3)
	H2    = "h2"    // HTTP/2 over TLS 1.3
)

// Names returns all carriers, the plainest first.
func Names() []string { return []string{H1, H1TLS, H2C, H2} }

// A kind is what a carrier's name says.
type kind struct{ tls, h2 bool }

func parse(name string) (kind, error) {
	switch name {
	case H1:
		return kind{}, nil
	case H1TLS:
		return kind{tls: true}, nil
	case H2C:
		return kind{h2: true}, nil
	case H2:
		return kind{tls: true, h2: true}, nil
	}
	return kind{}, fmt.Errorf("carrier: unknown carrier %q; there are %s", name, strings.Join(Names(), ", "))
}

func (k kind) scheme() string {
	if k.tls {
		return "https"
	}
	return "http"
}

// protocols are offered in the TLS handshake. A server that speaks HTTP/2 offers HTTP/1.1 as well:
// browsers open WebSockets over that.
func (k kind) protocols(server bool) []string {
	switch {
	case !k.h2:
		return []string{"http/1.1"}
	case server:
		return []string{"h2", "http/1.1"}
	}
	return []string{"h2"}
}
