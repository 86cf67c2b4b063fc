// Package logtest is the kit that every transports.Log passes: it states the contract of the
// interface sentence by sentence, and a failing test prints the sentence that was broken.
package logtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"transportlab/transports"
)

// A Control is what the kit needs besides the log.
type Control struct {
	// Lose loses a topic, as a store that restarts without persistence does, and returns when the
	// log has noticed.
	Lose func(topic string)
	// Close closes the log; the kit calls it in one test, Make's cleanup in all of them.
	Close func() error
	// Other is a second node on the same store, nil when the store cannot be shared.
	Other transports.BatchLog
}

// Make returns an empty log that holds maxLen messages per topic. It may end the test. What it
// starts it must end with t.Cleanup, also when the kit has closed the log before.
type Make func(t testing.TB, maxLen int) (transports.BatchLog, Control)

// Run runs the kit.
func Run(t *testing.T, make Make) {
	for _, test := range []struct {
		name   string
		maxLen int
		run    func(k *kit)
	}{
		{"DenseOffsets", 100, denseOffsets},
		{"RetryReturnsFirstPosition", 8, retryReturnsFirstPosition},
		{"ConflictStoresNothing", 100, conflictStoresNothing},
		{"BatchKeepsOrder", 100, batchKeepsOrder},
		{"ConcurrentPublishers", 10_000, concurrentPublishers},
		{"DataIsKept", 100, dataIsKept},
		{"RefusesBadNames", 100, refusesBadNames},
		{"TopicsAreApart", 100, topicsAreApart},
		{"ReadLimit", 100, readLimit},
		{"ReadAfterAppend", 1000, readAfterAppend},
		{"ZeroCursorIsOldestHeld", 8, zeroCursorIsOldestHeld},
		{"FutureCursorIsGap", 100, futureCursorIsGap},
		{"TrimmedIsGap", 8, trimmedIsGap},
		{"ForeignEpochIsGap", 100, foreignEpochIsGap},
		{"SlowReader", 16, slowReader},
		{"WaitForAppend", 100, waitForAppend},
		{"WaitWakesEveryone", 100, waitWakesEveryone},
		{"WaitContext", 100, waitContext},
		{"AppendContext", 100, appendContext},
		{"LostStore", 100, lostStore},
		{"LostStoreWakes", 100, lostStoreWakes},
		{"Close", 100, closeEndsWaits},
		{"OtherNode", 1000, otherNode},
	} {
		t.Run(test.name, func(t *testing.T) {
			log, control := make(t, test.maxLen)
			test.run(&kit{TB: t, log: log, Control: control, maxLen: test.maxLen})
		})
	}
	t.Run("Model", func(t *testing.T) { model(t, make) })
}

// A kit is one test's log and the words to speak of it.
type kit struct {
	testing.TB
	Control
	log    transports.BatchLog
	maxLen int
}

// The sentences of the contract.
const (
	dense       = "a topic's offsets are dense: 1, 2, 3, …"
	idempotent  = "appending the same ID again within the retention window stores nothing and returns the first position"
	conflict    = "the same ID with other data is ErrConflict"
	batched     = "AppendBatch is Append for each message in order; one message's error does not stop the others"
	sameOrder   = "every reader sees the same messages in the same order, each publisher's in the order of its appends"
	kept        = "a log keeps ID, Data and Binary as they were when Append was called"
	names       = "a bad topic is ErrTopic, a bad ID is ErrMalformed"
	apart       = "topics have nothing to do with each other"
	limited     = "Read returns at most limit messages after the cursor"
	neverWaits  = "Read never waits for messages"
	ownWrites   = "a Read that begins after Append returned, on the same node, sees the message"
	zeroCursor  = "the zero Cursor stands before the first message that the log still holds"
	gap         = "a cursor whose successors are gone, that lies ahead of the log, or whose epoch is not the topic's, gets a *GapError that names what the log holds"
	resume      = "reading on from a gap's Resume misses nothing more"
	waits       = "Wait returns nil as soon as the topic holds a message after the cursor"
	waitsNot    = "Wait returns nil when Read would report a gap"
	waitsCtx    = "Wait returns the context's error when that ends first"
	newEpoch    = "a log that was lost and begun again has a new epoch and counts from 1"
	closing     = "a closed log answers ErrUnavailable, also to those who wait"
	otherReader = "what one node appends every node reads"
	ended       = "a call whose context has ended returns the context's error and stores nothing"
)

// breaks ends the test: the log broke a sentence of the contract.
func (k *kit) breaks(sentence, format string, args ...any) {
	k.Helper()
	k.Fatalf("broken: %q\n\t%s", sentence, fmt.Sprintf(format, args...))
}

// patience is how long anything may take before the kit gives it up; no test passes sooner for it.
const patience = 20 * time.Second

func (k *kit) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	k.Cleanup(cancel)
	return ctx
}

func text(id, data string) transports.Message {
	return transports.Message{ID: id, Data: []byte(data)}
}

// append appends or ends the test.
func (k *kit) append(topic, id, data string) transports.Cursor {
	k.Helper()
	c, err := store(k.ctx(), k.log, topic, text(id, data))
	if err != nil {
		k.Fatalf("Append(%s, %s): %v", topic, id, err)
	}
	return c
}

// store appends, and appends again when a busy machine has kept the store from answering in time,
// which the contract says is safe.
func store(ctx context.Context, log transports.Log, topic string, m transports.Message) (transports.Cursor, error) {
	for {
		c, err := log.Append(ctx, topic, m)
		if !errors.Is(err, transports.ErrUnavailable) || ctx.Err() != nil {
			return c, err
		}
	}
}

// fill appends n messages with the IDs from…from+n-1 and data made of them.
func (k *kit) fill(topic string, from, n int) (last transports.Cursor) {
	k.Helper()
	for i := from; i < from+n; i++ {
		last = k.append(topic, fmt.Sprintf("id-%d", i), fmt.Sprintf("data %d", i))
	}
	return last
}

func (k *kit) read(topic string, after transports.Cursor, limit int) []transports.Message {
	k.Helper()
	ms, err := k.log.Read(k.ctx(), topic, after, limit)
	if err != nil {
		k.Fatalf("Read(%s, %q, %d): %v", topic, after, limit, err)
	}
	return ms
}

// gap reads and returns the gap, or ends the test.
func (k *kit) gap(topic string, after transports.Cursor) *transports.GapError {
	k.Helper()
	ms, err := k.log.Read(k.ctx(), topic, after, 10)
	var g *transports.GapError
	if !errors.As(err, &g) {
		k.breaks(gap, "Read(%q) returned %d messages, error %v", after, len(ms), err)
	}
	if g.After != after {
		k.breaks(gap, "the gap after %q says that it is after %q", after, g.After)
	}
	return g
}
