package redislog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
)

// unavailable are the beginnings of Redis's errors that say that it cannot serve now: demoted, full,
// without replicas, loading, busy with a script, without a master, moving slots, locked.
var unavailable = []string{
	"READONLY", "OOM", "MISCONF", "NOREPLICAS", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN",
	"MOVED", "ASK", "CROSSSLOT", "NOSCRIPT", "NOAUTH", "WRONGPASS", "NOPERM", "UNKILLABLE", "max number of clients",
}

// What goes wrong without an error of Redis.
var (
	errTimeout = errors.New("no answer in time")
	errPending = errors.New("too many appends wait")
	errReply   = errors.New("not in our form")
)

// classify turns an error of Redis or of the way to it into one of the contract, which keeps the
// cause: ErrUnavailable when another attempt may succeed, ErrInternal when the store holds something
// that is not ours (WRONGTYPE, entries of another form) or does not know what we ask.
func classify(operation, topic string, err error) error {
	kind := transports.ErrUnavailable
	var reply redis.Error
	if errors.Is(err, errReply) {
		kind = transports.ErrInternal
	} else if errors.As(err, &reply) {
		kind = transports.ErrInternal
		text := strings.TrimPrefix(reply.Error(), "ERR ")
		for _, beginning := range unavailable {
			if strings.HasPrefix(text, beginning) {
				kind = transports.ErrUnavailable
				break
			}
		}
	}
	return fmt.Errorf("redislog: %s %s: %w (%w)", operation, topic, kind, hideContext{err})
}

// A hideContext is a cause that is not mistaken for the end of the caller's context.
type hideContext struct{ error }

func (h hideContext) Unwrap() error {
	if errors.Is(h.error, context.DeadlineExceeded) || errors.Is(h.error, context.Canceled) {
		return nil
	}
	return h.error
}

func noScript(err error) bool { return err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") }
