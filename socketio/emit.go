package socketio

import (
	"context"
	"fmt"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// A Sender sends to one socket with other flags than usual. Get it from Socket.Volatile or Socket.Compress.
type Sender struct {
	s     *Socket
	flags Flags
}

// Volatile drops what is sent when the client cannot take it at once.
func (s *Socket) Volatile() Sender { return Sender{s, Flags{Volatile: true}} }

// Compress says whether what is sent may be compressed on its way; it may unless said otherwise.
func (s *Socket) Compress(ok bool) Sender { return Sender{s, Flags{NoCompress: !ok}} }

// Volatile drops what is sent when the client cannot take it at once.
func (e Sender) Volatile() Sender { e.flags.Volatile = true; return e }

// Compress says whether what is sent may be compressed on its way.
func (e Sender) Compress(ok bool) Sender { e.flags.NoCompress = !ok; return e }

// Emit sends an event. Arguments are encoded as parser.Marshal does. It waits for nothing but an adapter that records the
// event for recovery. An error means that the event was not sent; nil that it is on its way, not that it has arrived.
func (s *Socket) Emit(ctx context.Context, event string, args ...any) error {
	return Sender{s: s}.Emit(ctx, event, args...)
}

// EmitWithAck sends an event, waits for the client's acknowledgement and returns its arguments. It fails with the cause of
// s.Context when the socket disconnects, and when ctx, or without a deadline Options.AckTimeout, ends first.
func (s *Socket) EmitWithAck(ctx context.Context, event string, args ...any) ([]parser.Value, error) {
	return Sender{s: s}.EmitWithAck(ctx, event, args...)
}

// Emit sends an event as Socket.Emit does.
func (e Sender) Emit(ctx context.Context, event string, args ...any) error {
	p, err := eventPacket(event, args)
	if err != nil {
		return err
	}
	if e.s.ended() {
		return fmt.Errorf("emit %q: %w", event, ErrDisconnected)
	}
	o := BroadcastOptions{Rooms: []string{e.s.id}, Flags: e.flags}
	if e.s.pid != "" && Recoverable(p, o) && e.s.Connected() {
		return e.s.ns.adapter.Broadcast(ctx, p, o)
	}
	return e.s.write(p, e.flags)
}

// EmitWithAck sends an event and waits as Socket.EmitWithAck does.
func (e Sender) EmitWithAck(ctx context.Context, event string, args ...any) ([]parser.Value, error) {
	s := e.s
	p, err := eventPacket(event, args)
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.ns.server.ackContext(ctx)
	defer cancel()
	answers := make(chan parser.Value, 1)
	p.ID, p.HasID = s.ns.nextAck(), true
	if err := s.expectAck(p.ID, func(v parser.Value, ok bool) {
		if ok {
			answers <- v
		}
	}); err != nil {
		return nil, err
	}
	defer s.forgetAck(p.ID)
	if err := s.write(p, e.flags); err != nil {
		return nil, err
	}
	select {
	case v := <-answers:
		return v.Elements()
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the acknowledgement of %q: %w", event, ctx.Err())
	}
}

// Request sends an event, waits for the acknowledgement as EmitWithAck does, and decodes its first argument.
func Request[Out any](ctx context.Context, s *Socket, event string, args ...any) (out Out, err error) {
	answer, err := s.EmitWithAck(ctx, event, args...)
	if err == nil && len(answer) > 0 {
		err = answer[0].Decode(&out)
	}
	return out, err
}

// eventPacket encodes an event.
func eventPacket(event string, args []any) (parser.Packet, error) {
	if parser.Reserved(event) {
		return parser.Packet{}, fmt.Errorf("emit %q: %w", event, ErrReserved)
	}
	all := make([]any, 0, 8)
	data, err := parser.Marshal(append(append(all, event), args...)...)
	if err != nil {
		return parser.Packet{}, fmt.Errorf("emit %q: %w", event, err)
	}
	return parser.Packet{Type: parser.Event, Data: data}, nil
}

// nextAck returns an acknowledgement id; the namespace's sockets share the counter.
func (ns *Namespace) nextAck() uint64 { return ns.ackIDs.Add(1) - 1 }

// write sends a packet to this client alone.
func (s *Socket) write(p parser.Packet, f Flags) error {
	if f.Volatile && !s.client.conn.Writable() {
		return nil
	}
	out, err := s.encode(p, f)
	if err != nil {
		return err
	}
	s.notifyOutgoing(p)
	return s.sent(s.client.conn.Send(out...))
}

func (s *Socket) sent(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDisconnected, err)
	}
	return nil
}

// encode works also for a socket whose namespace does not exist.
func (s *Socket) encode(p parser.Packet, f Flags) ([]*engineio.Message, error) {
	return encode(s.client.server.opts.Parser, s.namespace, p, f)
}

// A heldPacket came while a recovered socket was not there yet.
type heldPacket struct {
	data parser.Value
	out  []*engineio.Message
}

// deliver sends a broadcast that is encoded already. It must not wait: Local is locked.
func (s *Socket) deliver(p parser.Packet, out []*engineio.Message, volatile bool) {
	s.mu.Lock()
	if s.holding && !volatile {
		s.held = append(s.held, heldPacket{p.Data, out})
	}
	ready := s.state == connected && !s.holding
	s.mu.Unlock()
	if !ready || volatile && !s.client.conn.Writable() {
		return
	}
	s.notifyOutgoing(p)
	_ = s.client.conn.Send(out...) // a client that is gone, or too slow, loses it
}

// releaseHeld sends what was held back, without the packets that recovery has sent already.
func (s *Socket) releaseHeld(known map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock() // held while sending, so that nothing overtakes; Send does not wait
	for _, h := range s.held {
		if offset, ok := lastString(h.data); !ok || !known[offset] {
			_ = s.client.conn.Send(h.out...) // a client that is gone loses it
		}
	}
	s.holding, s.held = false, nil
}

// An ackFunc takes an acknowledgement, an array, or false when the socket has disconnected. It must not wait.
type ackFunc func(array parser.Value, ok bool)

func (s *Socket) expectAck(id uint64, f ackFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == disconnected:
		return ErrDisconnected
	case len(s.acks) >= s.client.server.opts.MaxPendingAcks:
		return ErrTooManyAcks
	}
	if s.acks == nil {
		s.acks = map[uint64]ackFunc{}
	}
	s.acks[id] = f
	return nil
}

func (s *Socket) forgetAck(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.acks, id)
}

// acknowledged hands an acknowledgement to whom it waits for. One that nobody waits for is ignored.
func (s *Socket) acknowledged(p parser.Packet) {
	s.mu.Lock()
	f := s.acks[p.ID]
	delete(s.acks, p.ID)
	s.mu.Unlock()
	if f != nil {
		f(p.Data, true)
	}
}
