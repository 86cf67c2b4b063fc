package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"transportlab/bench/child"
	"transportlab/transports/redislog"
)

// storeOptions are those of the logs of a benchmark: topics as long as the longest pause of a client that
// asks now and then, at the highest rates that one machine sends.
func storeOptions() redislog.Options { return redislog.Options{MaxLen: 100_000} }

// OpenStore opens the log that spec names, as nodes do; see redislog.Forms.
func OpenStore(ctx context.Context, spec string) (*redislog.Store, error) {
	return redislog.Open(ctx, spec, storeOptions())
}

// A Store is a log that a process of its own holds, so that what holding it takes is counted neither as
// the server's nor as the driver's. Close ends it.
type Store struct {
	Spec string        `json:"spec"` // opens it in another process; it may hold a password
	Info redislog.Info `json:"info"`

	process *child.Process
}

// StartStore opens a store in a child, as Start does with a node. "memory" cannot be shared and needs no
// process: each node has its own.
func StartStore(ctx context.Context, spec string) (*Store, error) {
	s := new(Store)
	if spec == "memory" {
		s.Spec, s.Info.Kind, s.Info.Persistence = spec, "memory", "none"
		return s, nil
	}
	var err error
	if s.process, err = child.Start(ctx, storeTask, spec, child.Options{}, s); err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends the store, if it has a process.
func (s *Store) Close() error {
	if s.process == nil {
		return nil
	}
	return s.process.Close()
}

// serveStore holds a store until ctx or in ends.
func serveStore(ctx context.Context, spec string, in io.Reader, out io.Writer) error {
	ctx, cancel := child.WhileOpen(ctx, in)
	defer cancel()
	store, err := OpenStore(ctx, spec)
	if err != nil {
		return err
	}
	err = json.NewEncoder(out).Encode(Store{Spec: store.Spec, Info: store.Info})
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, store.Close())
}
