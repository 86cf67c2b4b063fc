package redislog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
	"transportlab/transports/memlog"
	"transportlab/transports/redislog/internal/process"
)

// A Store is an open log and what it runs on.
type Store struct {
	Log  transports.BatchLog
	Info Info
	// Spec opens the same store in another process while this one lives. It may hold a password.
	// It is "" for a store that no other process can reach.
	Spec string

	close func() error
}

// Info describes a store; it is stamped on results, since numbers from different kinds of store
// cannot be compared.
type Info struct {
	Kind           string   `json:"kind"`    // "redis-server child", "embedded miniredis", "redis", "sentinel", "cluster", "memory"
	Version        string   `json:"version"` // of the server
	Address        string   `json:"address"` // without credentials; "" for a private one
	Persistence    string   `json:"persistence"`
	EvictionPolicy string   `json:"eviction_policy"`
	PubSub         string   `json:"pubsub"`             // "plain", "sharded" or ""
	Warnings       []string `json:"warnings,omitempty"` // what may break the contract's promises
}

// String is one line for people.
func (i Info) String() string {
	s := i.Kind
	for _, part := range []string{i.Version, i.Address} {
		if part != "" {
			s += " " + part
		}
	}
	if i.Persistence != "" {
		s += ", persistence " + i.Persistence
	}
	return s
}

// Open opens the store that spec names, and starts it when it is a private one; see [Forms]. The
// error of a bad spec says what would be a good one.
//
// go-redis has one logger for the whole process; Open routes it to o.Logger at level debug.
func Open(ctx context.Context, spec string, o Options) (*Store, error) {
	o = o.withDefaults()
	redis.SetLogger(quiet{o.Logger})
	switch spec {
	case "memory":
		log := memlog.New(memlog.Options{MaxLen: o.MaxLen, IDs: o.IDs, MaxIDs: o.MaxIDs, Topics: o.Topics, Idle: o.TTL})
		return &Store{Log: log, Info: Info{Kind: "memory", Persistence: "none"}, close: log.Close}, nil
	case "embedded":
		return openEmbedded(ctx, o)
	case "", "auto":
		return openAuto(ctx, o)
	}
	t, err := parse(spec)
	if err != nil {
		return nil, err
	}
	return connect(ctx, t, spec, o)
}

// Close closes the log, and ends the server if it is a private one.
func (s *Store) Close() error { return s.close() }

func openAuto(ctx context.Context, o Options) (*Store, error) {
	spec, stop, err := startChild(ctx, o.Persist)
	if errors.Is(err, process.ErrNoServer) {
		o.Logger.Warn("redislog: using the embedded Redis, which is much slower", "reason", err)
		return openEmbedded(ctx, o)
	}
	return connectPrivate(ctx, "redis-server child", spec, stop, err, o)
}

func openEmbedded(ctx context.Context, o Options) (*Store, error) {
	spec, stop, err := startEmbedded()
	return connectPrivate(ctx, "embedded miniredis", spec, stop, err, o)
}

// connectPrivate opens the store that was just started, and makes Close stop it.
func connectPrivate(ctx context.Context, kind, spec string, stop func(), err error, o Options) (*Store, error) {
	if err != nil {
		return nil, err
	}
	t, err := parse(spec)
	if err != nil {
		stop()
		return nil, err
	}
	t.kind = kind
	s, err := connect(ctx, t, spec, o)
	if err != nil {
		stop()
		return nil, err
	}
	s.Info.Address = "" // a path or port of the moment, which says nothing to whoever reads it later
	disconnect := s.close
	s.close = func() error {
		err := disconnect()
		stop()
		return err
	}
	return s, nil
}

func connect(ctx context.Context, t target, spec string, o Options) (*Store, error) {
	client := t.open(o)
	info, err := probe(ctx, client, t, o)
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("redislog: %s %s: %w", t.kind, t.address, err)
	}
	for _, w := range info.Warnings {
		o.Logger.Warn("redislog: " + w)
	}
	log := New(client, info.PubSub == "sharded", o)
	once := sync.OnceValue(func() error { return errors.Join(log.Close(), client.Close()) })
	return &Store{Log: log, Info: info, Spec: spec, close: once}, nil
}

// A quiet is go-redis's logger.
type quiet struct{ *slog.Logger }

func (q quiet) Printf(ctx context.Context, format string, args ...any) {
	q.DebugContext(ctx, "go-redis: "+fmt.Sprintf(format, args...))
}
