package socketio

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"transportlab/socketio/parser"
)

// newMemory makes the adapter of a server that is alone: with recovery it keeps sessions and packets in memory.
func newMemory(local *Local) (Adapter, error) {
	m := memory{local}
	if r, ok := local.Recovery(); ok {
		return &recovering{memory: m, options: r, sessions: map[string]kept{}}, nil
	}
	return m, nil
}

// memory is an Adapter for one node.
type memory struct{ local *Local }

func (m memory) Broadcast(_ context.Context, p parser.Packet, o BroadcastOptions) error {
	return m.local.Broadcast(p, o)
}

func (m memory) Apply(_ context.Context, o BroadcastOptions, a Action) error {
	m.local.Apply(o, a)
	return nil
}

func (m memory) FetchSockets(_ context.Context, o BroadcastOptions) ([]SocketInfo, error) {
	return m.local.FetchSockets(o)
}

func (m memory) Close(context.Context) error { return nil }

// recovering is an Adapter and SessionStore for one node. What is too old goes whenever something else comes, so that no
// timer is needed; MaxPackets bounds the rest.
type recovering struct {
	memory
	options RecoveryOptions

	mu       sync.Mutex
	packets  []logged // in order of their offsets
	sessions map[string]kept
	offsets  offsetClock
}

// logged is a packet in the log.
type logged struct {
	offset string
	at     time.Time
	data   parser.Value
	to     BroadcastOptions
}

// kept is a session that waits for its client.
type kept struct {
	Session
	until time.Time
}

// Broadcast logs the packet and delivers it in one step: offsets reach each socket in their order.
func (r *recovering) Broadcast(_ context.Context, p parser.Packet, o BroadcastOptions) error {
	if !Recoverable(p, o) {
		return r.local.Broadcast(p, o)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	offset := r.offsets.next(now)
	p, err := WithOffset(p, offset)
	if err != nil {
		return err
	}
	r.expire(now)
	r.packets = append(r.packets, logged{offset, now, p.Data, o})
	return r.local.Broadcast(p, o)
}

// expire forgets what nobody can come back for. r.mu is held.
func (r *recovering) expire(now time.Time) {
	old := 0
	for old < len(r.packets) && now.Sub(r.packets[old].at) > r.options.MaxDisconnection {
		old++
	}
	old = max(old, len(r.packets)-r.options.MaxPackets+1)
	if old > 0 {
		clear(r.packets[:old])
		r.packets = r.packets[old:]
	}
	for pid, s := range r.sessions {
		if now.After(s.until) {
			delete(r.sessions, pid)
		}
	}
}

func (r *recovering) PersistSession(_ context.Context, s Session) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.expire(now)
	r.sessions[s.PrivateID] = kept{s, now.Add(r.options.MaxDisconnection)}
	return nil
}

func (r *recovering) RestoreSession(_ context.Context, pid, offset string, join func(Session)) ([]parser.Value, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(time.Now())
	s, ok := r.sessions[pid]
	delete(r.sessions, pid)
	if !ok {
		return nil, ErrNoSession
	}
	at := slices.IndexFunc(r.packets, func(l logged) bool { return l.offset == offset })
	if at < 0 {
		return nil, ErrNoSession
	}
	join(s.Session)
	var missed []parser.Value
	for _, l := range r.packets[at+1:] {
		if concerns(l.to, s.Rooms) {
			missed = append(missed, l.data)
		}
	}
	return missed, nil
}

// concerns reports whether a broadcast would have reached a socket with these rooms.
func concerns(o BroadcastOptions, rooms []string) bool {
	inAny := func(list []string) bool {
		return slices.ContainsFunc(list, func(room string) bool { return slices.Contains(rooms, room) })
	}
	return (len(o.Rooms) == 0 || inAny(o.Rooms)) && !inAny(o.Except)
}

// An offsetClock makes offsets in the form of the official server: the milliseconds since 1970 in base 64, and a count
// within one millisecond.
type offsetClock struct {
	last  string
	count int
}

const offsetDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

func (c *offsetClock) next(now time.Time) string {
	var b strings.Builder
	for shift := 42; shift >= 0; shift -= 6 {
		if digit := now.UnixMilli() >> shift & 63; digit > 0 || b.Len() > 0 {
			b.WriteByte(offsetDigits[digit])
		}
	}
	if b.String() != c.last {
		c.last, c.count = b.String(), 0
		return c.last
	}
	c.count++
	return c.last + "." + strconv.Itoa(c.count-1)
}
