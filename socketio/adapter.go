package socketio

import (
	"context"
	"errors"

	"transportlab/socketio/parser"
)

// Errors of adapters.
var (
	// ErrNoSession means that a client cannot be recovered: it is too late, or it never was here.
	ErrNoSession = errors.New("session is unknown or too old")
	// ErrNotSupported means that the adapter lacks the operation, see Cluster.
	ErrNotSupported = errors.New("adapter does not support the operation")
)

// An AdapterFunc makes the adapter of one namespace. local holds the sockets of the namespace on this node; the adapter
// calls it for everything that other nodes ask for. It is called once for each namespace, before any client is in it.
type AdapterFunc func(local *Local) (Adapter, error)

// An Adapter extends one namespace over the nodes of a cluster. Its methods are called concurrently. What it may also
// implement: Cluster, RoomObserver, SessionStore.
type Adapter interface {
	// Broadcast delivers p to the sockets that o selects on every node, or on this one alone when o.Flags.Local is set. It
	// calls Local.Broadcast for this node. A failure of the way to other nodes must not keep p from the local sockets.
	Broadcast(ctx context.Context, p parser.Packet, o BroadcastOptions) error
	// Apply makes the sockets that o selects join, leave or disconnect.
	Apply(ctx context.Context, o BroadcastOptions, a Action) error
	// FetchSockets describes the sockets that o selects.
	FetchSockets(ctx context.Context, o BroadcastOptions) ([]SocketInfo, error)
	// Close ends the adapter's goroutines and subscriptions and waits for them.
	Close(ctx context.Context) error
}

// A Cluster is an Adapter that knows of other nodes. A namespace whose adapter is none is alone.
type Cluster interface {
	// ServerCount returns the number of nodes, this one included.
	ServerCount(ctx context.Context) (int, error)
	// BroadcastWithAck delivers p, whose ID is set, and returns when it has been sent. Until ctx ends it reports to sink:
	// Expect once for each node, Ack once for each answer. It keeps nothing after ctx has ended.
	BroadcastWithAck(ctx context.Context, p parser.Packet, o BroadcastOptions, sink AckSink) error
	// ServerSideEmit sends the array [event, args...] to the namespace on the other nodes.
	ServerSideEmit(ctx context.Context, event parser.Value) error
	// ServerSideEmitWithAck sends it and waits for one answer from each other node. When ctx ends first it returns the
	// answers so far and an error.
	ServerSideEmitWithAck(ctx context.Context, event parser.Value) ([]parser.Value, error)
}

// A RoomObserver is an Adapter that wants to know which rooms have members on this node. The calls come in order, one at a
// time, with the namespace locked: they must return at once and call nothing of Local.
type RoomObserver interface {
	// RoomCreated tells that room has its first member. Each socket is in a room named by its own id, which is told too.
	RoomCreated(room string)
	// RoomDeleted tells that room has lost its last member.
	RoomDeleted(room string)
}

// A SessionStore is an Adapter that supports connection state recovery. While Local.Recovery says that recovery is on, its
// Broadcast adds an offset to each packet that is Recoverable, with WithOffset.
type SessionStore interface {
	// PersistSession keeps s until RecoveryOptions.MaxDisconnection has passed. It is also called while the server shuts
	// down; ctx ends after five seconds.
	PersistSession(ctx context.Context, s Session) error
	// RestoreSession takes the session of pid, at most once, and calls join with it: from then on the socket's live packets
	// are held back. Then it returns the data of the packets that the session's rooms should have got after offset; those
	// that were also delivered live are recognised by their offset. It returns ErrNoSession, before or after join, when it
	// cannot give them all.
	RestoreSession(ctx context.Context, pid, offset string, join func(Session)) (missed []parser.Value, err error)
}

// An AckSink gathers the answers to a broadcast. Its methods may be called concurrently.
type AckSink interface {
	// Expect says that one more node has delivered the packet, to so many sockets.
	Expect(sockets int)
	// Ack hands over one socket's answer: the first argument of its acknowledgement, or an absent value.
	Ack(answer parser.Value)
}

// An ActionKind is what Adapter.Apply does to sockets.
type ActionKind int

// The actions.
const (
	ActionJoin ActionKind = iota
	ActionLeave
	ActionDisconnect
)

// An Action is done to every socket that a selection names.
type Action struct {
	Kind  ActionKind
	Rooms []string // to join or to leave
	Close bool     // for ActionDisconnect: close the connection too, not only the namespace
}

// A Session is what survives a disconnection.
type Session struct {
	SocketID  string       `json:"sid"`
	PrivateID string       `json:"pid"` // secret between server and client
	Rooms     []string     `json:"rooms"`
	Data      parser.Value `json:"-"` // what Socket.SetData was given, encoded
}

// Recoverable reports whether a packet sent with o is to be kept for clients that are away: an event that asks for no
// acknowledgement and is not volatile.
func Recoverable(p parser.Packet, o BroadcastOptions) bool {
	return p.Type == parser.Event && !p.HasID && !o.Flags.Volatile
}

// WithOffset returns p with offset as its last argument, from which the client learns its position. p itself is unchanged.
func WithOffset(p parser.Packet, offset string) (parser.Packet, error) {
	last, err := parser.MarshalOne(offset)
	if err != nil {
		return p, err
	}
	p.Data, err = p.Data.WithLast(last)
	return p, err
}
