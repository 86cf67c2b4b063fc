package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// A Sender sends to the server with other flags than usual. Get it from Socket.Volatile or Socket.Timeout.
type Sender struct {
	s        *Socket
	volatile bool
	timeout  time.Duration
}

// Volatile drops what is sent when it cannot leave at once.
func (s *Socket) Volatile() Sender { return Sender{s: s, volatile: true} }

// Timeout bounds the wait for an acknowledgement, in place of SocketOptions.AckTimeout.
func (s *Socket) Timeout(d time.Duration) Sender { return Sender{s: s, timeout: d} }

// Volatile drops what is sent when it cannot leave at once.
func (e Sender) Volatile() Sender { e.volatile = true; return e }

// Timeout bounds the wait for an acknowledgement, in place of SocketOptions.AckTimeout.
func (e Sender) Timeout(d time.Duration) Sender { e.timeout = d; return e }

// Emit sends an event. Arguments are encoded as parser.Marshal does. While the socket is not connected events are kept, in
// order, at most Options.SendBuffer bytes of them. Emit waits only while Options.WriteBuffer bytes wait to be written. An
// error means that the event will not be sent; nil that it is on its way, not that it has arrived.
func (s *Socket) Emit(ctx context.Context, event string, args ...any) error {
	return Sender{s: s}.Emit(ctx, event, args...)
}

// Send emits "message".
func (s *Socket) Send(ctx context.Context, args ...any) error { return s.Emit(ctx, "message", args...) }

// EmitWithAck sends an event, waits for the server's acknowledgement and returns its arguments. It fails with
// ErrDisconnected when the connection ends before the acknowledgement has come, with ErrAckTimeout, and when ctx ends. An
// event that is kept for the next connection outlives that of before, but not ctx.
func (s *Socket) EmitWithAck(ctx context.Context, event string, args ...any) ([]parser.Value, error) {
	return Sender{s: s}.EmitWithAck(ctx, event, args...)
}

// Request sends an event, waits for the acknowledgement as EmitWithAck does, and decodes its first argument.
func Request[Out any](ctx context.Context, s *Socket, event string, args ...any) (out Out, err error) {
	answer, err := s.EmitWithAck(ctx, event, args...)
	if err == nil && len(answer) > 0 {
		err = answer[0].Decode(&out)
	}
	return out, err
}

// Emit sends an event as Socket.Emit does.
func (e Sender) Emit(ctx context.Context, event string, args ...any) error {
	_, err := e.send(ctx, event, args, nil)
	return err
}

// EmitWithAck sends an event and waits as Socket.EmitWithAck does.
func (e Sender) EmitWithAck(ctx context.Context, event string, args ...any) ([]parser.Value, error) {
	type answer struct {
		args []parser.Value
		err  error
	}
	answers := make(chan answer, 1)
	forget, err := e.send(ctx, event, args, func(args []parser.Value, err error) { answers <- answer{args, err} })
	if err != nil {
		return nil, err
	}
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, fmt.Errorf("wait for the acknowledgement of %q: %w", event, a.err)
		}
		return a.args, nil
	case <-ctx.Done():
		forget()
		return nil, fmt.Errorf("wait for the acknowledgement of %q: %w", event, ctx.Err())
	}
}

// send sends an event, or keeps it. done, if not nil, is told of the acknowledgement, once, unless forget is called first.
func (e Sender) send(ctx context.Context, event string, args []any, done ackFunc) (forget func(), err error) {
	p, err := eventPacket(event, args)
	if err != nil {
		return nil, err
	}
	s, m := e.s, e.s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.opts.Retries > 0 && !e.volatile {
		return s.enqueueRetry(p, e.timeout, done)
	}
	for !e.volatile && s.connected && m.conn.Buffered() > m.opts.WriteBuffer {
		conn := m.conn
		m.mu.Unlock()
		_ = conn.Drain(ctx, m.opts.WriteBuffer) // of its errors only the context's matters: the next connection may do
		m.mu.Lock()
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("emit %q: %w", event, err)
		}
	}
	out, err := s.dispatch(p, e, done)
	if err != nil {
		return nil, err
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		s.forget(out)
	}, nil
}

// eventPacket encodes an event.
func eventPacket(event string, args []any) (parser.Packet, error) {
	if parser.Reserved(event) {
		return parser.Packet{}, fmt.Errorf("emit %q: %w", event, ErrReserved)
	}
	all := make([]any, 0, 8)
	data, err := marshal(append(append(all, event), args...)...)
	if err != nil {
		return parser.Packet{}, fmt.Errorf("emit %q: %w", event, err)
	}
	return parser.Packet{Type: parser.Event, Data: data}, nil
}

// marshal encodes arguments. Binary data is copied: it is sent later, when the caller may have changed it.
func marshal(args ...any) (parser.Value, error) {
	v, err := parser.Marshal(args...)
	for i, a := range v.Attachments {
		v.Attachments[i] = bytes.Clone(a)
	}
	return v, err
}

// An outgoing is an event that was sent, or waits for the namespace.
type outgoing struct {
	packet parser.Packet
	size   int
}

func newOutgoing(p parser.Packet) *outgoing {
	o := &outgoing{packet: p, size: len(p.Data.JSON)}
	for _, a := range p.Data.Attachments {
		o.size += len(a)
	}
	return o
}

// dispatch sends an event, keeps it or, when it is volatile, drops it. Manager.mu is held.
func (s *Socket) dispatch(p parser.Packet, e Sender, done ackFunc) (*outgoing, error) {
	m := s.m
	connected := s.connected && !m.conn.Expired()
	out := newOutgoing(p)
	switch {
	case m.closed:
		return nil, ErrClosed
	case e.volatile && (m.conn == nil || !m.conn.Writable()):
		if done != nil {
			return nil, ErrNotWritable
		}
		return out, nil
	case !connected && s.kept+out.size > m.opts.SendBuffer:
		return nil, ErrBufferFull
	}
	if done != nil {
		out.packet.ID, out.packet.HasID = s.nextID, true
		s.nextID++
		s.expect(out, e.timeout, done)
	}
	var err error
	if connected {
		err = s.transmit(out.packet)
		connected = !errors.Is(err, ErrDisconnected) // it ended just now, and the manager has yet to hear of it
	}
	switch {
	case !connected:
		s.buffered = append(s.buffered, out)
		s.kept += out.size
	case err != nil:
		s.forget(out)
		return nil, err
	}
	return out, nil
}

// flush sends what was kept. Manager.mu is held.
func (s *Socket) flush() {
	buffered := s.buffered
	s.buffered = nil
	for i, out := range buffered {
		if err := s.transmit(out.packet); err != nil { // the connection has just ended: the next one gets the rest
			s.buffered = buffered[i:]
			return
		}
		s.kept -= out.size
	}
}

// transmit writes a packet to the connection. Manager.mu is held.
func (s *Socket) transmit(p parser.Packet) error {
	p.Namespace = s.namespace
	frames, err := s.m.opts.Parser.Encode(make([]parser.Frame, 0, 4), p)
	if err != nil {
		return err
	}
	messages := make([]engineio.Packet, len(frames))
	for i, f := range frames {
		messages[i] = engineio.Packet{Binary: f.Binary, Data: f.Data}
	}
	if err := s.m.conn.Send(messages...); err != nil {
		return fmt.Errorf("%w: %w", ErrDisconnected, err)
	}
	s.notifyOutgoing(p)
	return nil
}
