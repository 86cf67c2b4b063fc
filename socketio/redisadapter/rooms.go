package redisadapter

import (
	"context"
	"sync"

	"transportlab/socketio"
)

// dynamic is a sharded adapter that subscribes to the rooms that have members here.
type dynamic struct {
	*sharded

	mu     sync.Mutex
	rooms  map[string]struct{}
	closed bool
}

var (
	_ socketio.Adapter      = (*dynamic)(nil)
	_ socketio.Cluster      = (*dynamic)(nil)
	_ socketio.RoomObserver = (*dynamic)(nil)
	_ socketio.Adapter      = (*sharded)(nil)
	_ socketio.Cluster      = (*sharded)(nil)
)

// RoomCreated implements socketio.RoomObserver.
func (a *dynamic) RoomCreated(room string) {
	c, ok := a.shards.room(room)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.rooms[room] = struct{}{}
		a.shards.link.Watch(c, a.shards.receive)
	}
}

// RoomDeleted implements socketio.RoomObserver.
func (a *dynamic) RoomDeleted(room string) {
	c, ok := a.shards.room(room)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.rooms, room)
	a.shards.link.Unwatch(c)
}

// Close implements socketio.Adapter.
func (a *dynamic) Close(ctx context.Context) error {
	a.mu.Lock()
	a.closed = true
	for room := range a.rooms {
		c, _ := a.shards.room(room)
		a.shards.link.Unwatch(c)
	}
	clear(a.rooms)
	a.mu.Unlock()
	return a.sharded.Close(ctx)
}
