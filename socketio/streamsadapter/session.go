package streamsadapter

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/parser"
)

const (
	// restoreReads and restoreCount bound how much is read for one client. Entries may come faster than they are read.
	restoreReads = 100
	restoreCount = 1000
)

var offsetForm = regexp.MustCompile(`^[0-9]{1,20}-[0-9]{1,20}$`)

// PersistSession implements socketio.SessionStore.
func (a *adapter) PersistSession(ctx context.Context, s socketio.Session) error {
	text, err := nodewire.Session(s)
	if err != nil {
		return err
	}
	recovery, _ := a.local.Recovery()
	ctx, cancel := context.WithTimeout(ctx, a.carrier.opts.Timeout)
	defer cancel()
	if err := a.carrier.link.Client().Set(ctx, a.sessionKey(s.PrivateID), text, recovery.MaxDisconnection).Err(); err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

func (a *adapter) sessionKey(pid string) string { return a.carrier.opts.SessionKeyPrefix + pid }

// RestoreSession implements socketio.SessionStore.
func (a *adapter) RestoreSession(ctx context.Context, pid, offset string, join func(socketio.Session)) ([]parser.Value, error) {
	if !offsetForm.MatchString(offset) {
		return nil, socketio.ErrNoSession
	}
	ctx, cancel := context.WithTimeout(ctx, a.carrier.opts.Timeout)
	defer cancel()
	s, err := a.takeSession(ctx, pid)
	if err != nil {
		return nil, err
	}
	client := a.carrier.link.Client()
	at, err := client.XRange(ctx, a.carrier.stream, offset, offset).Result()
	if err != nil {
		return nil, fmt.Errorf("find offset: %w", err)
	}
	if len(at) == 0 {
		return nil, socketio.ErrNoSession
	}
	join(s)
	var missed []parser.Value
	for range restoreReads {
		entries, err := client.XRangeN(ctx, a.carrier.stream, after(offset), "+", restoreCount).Result()
		if err != nil {
			return nil, fmt.Errorf("read what was missed: %w", err)
		}
		if len(entries) == 0 {
			return missed, nil
		}
		for _, entry := range entries {
			offset = entry.ID
			if data, ok := a.missed(s, entry); ok {
				missed = append(missed, data)
			}
		}
	}
	return nil, socketio.ErrNoSession
}

// takeSession reads a session and deletes it: it is given out once.
func (a *adapter) takeSession(ctx context.Context, pid string) (s socketio.Session, err error) {
	var get *redis.StringCmd
	_, err = a.carrier.link.Client().TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		get = pipe.Get(ctx, a.sessionKey(pid))
		pipe.Del(ctx, a.sessionKey(pid))
		return nil
	})
	if errors.Is(err, redis.Nil) {
		return s, socketio.ErrNoSession
	}
	if err != nil {
		return s, fmt.Errorf("take session: %w", err)
	}
	if s, err = nodewire.ReadSession(get.Val()); err != nil {
		return s, err
	}
	if s.PrivateID != pid {
		return s, socketio.ErrNoSession
	}
	return s, nil
}

// after returns the first id behind another one.
func after(offset string) string {
	time, sequence, _ := strings.Cut(offset, "-")
	n, err := strconv.ParseUint(sequence, 10, 64)
	if err != nil || n+1 == 0 { // Redis has given out no such id
		return "(" + offset
	}
	return time + "-" + strconv.FormatUint(n+1, 10)
}

// missed returns the payload of an entry that a socket with the session would have got, its offset last.
func (a *adapter) missed(s socketio.Session, entry redis.XMessage) (parser.Value, bool) {
	if !nodewire.EntryIs(entry.Values, nodewire.Broadcast, a.local.Name()) {
		return parser.Value{}, false
	}
	m, err := nodewire.ReadEntry(entry.Values)
	if err != nil {
		a.Malformed(err)
		return parser.Value{}, false
	}
	p := parser.Packet{Type: parser.Event, Data: m.Data}
	if m.RequestID != "" || !socketio.Recoverable(p, m.Options) || !concerns(m.Options, s.Rooms) {
		return parser.Value{}, false
	}
	p, err = socketio.WithOffset(p, entry.ID)
	return p.Data, err == nil
}

// concerns reports whether a broadcast would have reached a socket with these rooms.
func concerns(o socketio.BroadcastOptions, rooms []string) bool {
	inAny := func(list []string) bool {
		return slices.ContainsFunc(list, func(room string) bool { return slices.Contains(rooms, room) })
	}
	return (len(o.Rooms) == 0 || inAny(o.Rooms)) && !inAny(o.Except)
}
