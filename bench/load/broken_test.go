package load

import (
	"context"
	"time"

	"transportlab/bench/arrival"
	"transportlab/transports"
)

// The connections of this file break promises on purpose.

// A sniffer tells what it sends.
type sniffer struct {
	transports.Conn
	sent func(transports.Message)
}

func (c sniffer) Send(ctx context.Context, m transports.Message) (transports.Cursor, error) {
	c.sent(m)
	return c.Conn.Send(ctx, m)
}

// A dropping connection swallows every 20th message.
type dropping struct {
	transports.Conn
	n int
}

func (c *dropping) Recv(ctx context.Context) (transports.Message, error) {
	if c.n++; c.n%20 == 0 {
		if m, err := c.Conn.Recv(ctx); err != nil {
			return m, err
		}
	}
	return c.Conn.Recv(ctx)
}

// An altering connection changes a byte of every message that it receives.
type altering struct{ transports.Conn }

func (c altering) Recv(ctx context.Context) (transports.Message, error) {
	m, err := c.Conn.Recv(ctx)
	if err == nil {
		m.Data = append([]byte(nil), m.Data...)
		m.Data[0] ^= 1
	}
	return m, err
}

// A dying connection fails at its 20th message.
type dying struct {
	transports.Conn
	n   int
	err error
}

func (c *dying) Recv(ctx context.Context) (transports.Message, error) {
	if c.n++; c.n == 20 {
		return transports.Message{}, c.err
	}
	return c.Conn.Recv(ctx)
}

func shortTrace() *arrival.TraceFile {
	return &arrival.TraceFile{Length: time.Minute, Entries: []arrival.Entry{
		{At: 0, Topic: "a", Size: 11, Body: "hello world"},
		{At: 10 * time.Millisecond, Topic: "a", Size: 300},
		{At: 20 * time.Millisecond, Topic: "a", Size: 30},
		{At: 30 * time.Millisecond, Topic: "a", Size: 30},
	}}
}
