// Package emitter sends to the clients of a cluster from a process without a server: a worker, a command. It speaks with
// servers of this library and with official ones, in the way of @socket.io/redis-emitter 5.1 and of
// @socket.io/redis-streams-emitter. There is none for the sharded adapter.
//
//	e := emitter.New(client, emitter.Options{})
//	err := e.To("room").Emit(ctx, "news", 1)
package emitter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/parser"
)

// ErrReserved means that an event has a name that belongs to the library.
var ErrReserved = errors.New("event name is reserved")

// Options configure an emitter for the classic adapter.
type Options struct {
	Key string // as the servers' redisadapter.Options.Key; "socket.io"
}

// StreamsOptions configure an emitter for the streams adapter. The fields are those of the servers' streamsadapter.Options.
type StreamsOptions struct {
	StreamName  string // "socket.io"
	StreamCount int    // 1
	MaxLen      int64  // 10,000
}

// An Emitter sends to a namespace, or with To and Except to a part of it. It is a value: each method returns a new one, and
// the old one may be used further. All methods may be called concurrently. Those that send return when Redis has it; nobody
// can tell whether a server heard it.
type Emitter struct {
	send      func(context.Context, nodewire.Message) error
	namespace string
	opts      socketio.BroadcastOptions
}

// New returns an emitter to the namespace "/" for servers with the classic adapter. client stays the caller's.
func New(client redis.UniversalClient, o Options) Emitter {
	if o.Key == "" {
		o.Key = "socket.io"
	}
	return Emitter{namespace: "/", send: func(ctx context.Context, m nodewire.Message) error {
		channel, message, err := classic(o.Key, m)
		if err != nil {
			return err
		}
		return client.Publish(ctx, channel, message).Err()
	}}
}

// NewStreams returns an emitter to the namespace "/" for servers with the streams adapter. client stays the caller's.
func NewStreams(client redis.UniversalClient, o StreamsOptions) Emitter {
	if o.StreamName == "" {
		o.StreamName = "socket.io"
	}
	if o.MaxLen <= 0 {
		o.MaxLen = 10_000
	}
	return Emitter{namespace: "/", send: func(ctx context.Context, m nodewire.Message) error {
		fields, err := m.Entry()
		if err != nil {
			return err
		}
		stream := nodewire.StreamName(o.StreamName, m.Namespace, o.StreamCount)
		return client.XAdd(ctx, &redis.XAddArgs{Stream: stream, MaxLen: o.MaxLen, Approx: true, Values: fields}).Err()
	}}
}

// Of returns an emitter to all of another namespace. A leading "/" is added to its name.
func (e Emitter) Of(namespace string) Emitter {
	if !strings.HasPrefix(namespace, "/") {
		namespace = "/" + namespace
	}
	return Emitter{send: e.send, namespace: namespace}
}

// To adds rooms: a socket is selected, once, when it is in any of them.
func (e Emitter) To(rooms ...string) Emitter {
	e.opts.Rooms = union(e.opts.Rooms, rooms)
	return e
}

// In is To.
func (e Emitter) In(rooms ...string) Emitter { return e.To(rooms...) }

// Except excludes the sockets that are in any of the rooms.
func (e Emitter) Except(rooms ...string) Emitter {
	e.opts.Except = union(e.opts.Except, rooms)
	return e
}

// union returns a new list: whether there is one room decides on the channel.
func union(list, more []string) []string {
	list = slices.Clone(list)
	for _, room := range more {
		if !slices.Contains(list, room) {
			list = append(list, room)
		}
	}
	return list
}

// Volatile drops the event for clients that cannot take it at once.
func (e Emitter) Volatile() Emitter { e.opts.Flags.Volatile = true; return e }

// Compress says whether the event may be compressed on its way; it may unless said otherwise.
func (e Emitter) Compress(ok bool) Emitter { e.opts.Flags.NoCompress = !ok; return e }

// Emit sends an event to the selected sockets. Arguments are encoded as parser.Marshal does.
func (e Emitter) Emit(ctx context.Context, event string, args ...any) error {
	if parser.Reserved(event) {
		return fmt.Errorf("emit %q: %w", event, ErrReserved)
	}
	data, err := parser.Marshal(append([]any{event}, args...)...)
	if err != nil {
		return fmt.Errorf("emit %q: %w", event, err)
	}
	return e.do(ctx, "emit", nodewire.Message{Kind: nodewire.Broadcast, Data: data})
}

// SocketsJoin makes the selected sockets join rooms.
func (e Emitter) SocketsJoin(ctx context.Context, rooms ...string) error {
	return e.do(ctx, "join", nodewire.Message{Kind: nodewire.Join, Rooms: rooms})
}

// SocketsLeave makes the selected sockets leave rooms.
func (e Emitter) SocketsLeave(ctx context.Context, rooms ...string) error {
	return e.do(ctx, "leave", nodewire.Message{Kind: nodewire.Leave, Rooms: rooms})
}

// DisconnectSockets disconnects the selected sockets from the namespace, or closes their connections.
func (e Emitter) DisconnectSockets(ctx context.Context, closeConnection bool) error {
	return e.do(ctx, "disconnect", nodewire.Message{Kind: nodewire.Disconnect, Close: closeConnection})
}

// ServerSideEmit sends an event to the servers themselves. They cannot answer an emitter.
func (e Emitter) ServerSideEmit(ctx context.Context, event string, args ...any) error {
	data, err := parser.Marshal(append([]any{event}, args...)...)
	if err != nil {
		return fmt.Errorf("emit %q to servers: %w", event, err)
	}
	return e.do(ctx, "emit to servers", nodewire.Message{Kind: nodewire.ServerSideEmit, Data: data})
}

func (e Emitter) do(ctx context.Context, what string, m nodewire.Message) error {
	m.UID, m.Namespace, m.Options = nodewire.EmitterUID, e.namespace, e.opts
	if err := e.send(ctx, m); err != nil {
		return fmt.Errorf("%s in namespace %s: %w", what, e.namespace, err)
	}
	return nil
}
