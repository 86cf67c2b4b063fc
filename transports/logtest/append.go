package logtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"transportlab/transports"
)

func denseOffsets(k *kit) {
	var epoch string
	for i := 1; i <= 20; i++ {
		c := k.append("dense", fmt.Sprint(i), "x")
		if i == 1 {
			epoch = c.Epoch
		}
		if c.Epoch != epoch || epoch == "" || c.Offset != uint64(i) {
			k.breaks(dense, "append %d returned %q, epoch %q", i, c, epoch)
		}
		if parsed, err := transports.ParseCursor(c.String()); err != nil || parsed != c {
			k.breaks(dense, "cursor %q does not survive its text form: %v", c, err)
		}
	}
	for i, m := range k.read("dense", transports.Cursor{}, 100) {
		if m.Cursor != (transports.Cursor{Epoch: epoch, Offset: uint64(i + 1)}) {
			k.breaks(dense, "message %d has cursor %q", i+1, m.Cursor)
		}
	}
}

func retryReturnsFirstPosition(k *kit) {
	first := k.append("retry", "once", "same")
	for i := range 2 {
		if again := k.append("retry", "once", "same"); again != first {
			k.breaks(idempotent, "first %q, then %q", first, again)
		}
		last := k.fill("retry", i*2*k.maxLen, 2*k.maxLen) // the message itself is trimmed by then
		if want := uint64(1 + (i+1)*2*k.maxLen); last.Offset != want {
			k.breaks(idempotent, "the retry stored something: offset %d, want %d", last.Offset, want)
		}
	}
}

func conflictStoresNothing(k *kit) {
	k.append("conflict", "id", "one")
	for _, m := range []transports.Message{
		text("id", "two"), text("id", ""), text("id", "one\x00"),
		{ID: "id", Data: []byte("one"), Binary: true},
	} {
		if c, err := k.log.Append(k.ctx(), "conflict", m); !errors.Is(err, transports.ErrConflict) {
			k.breaks(conflict, "data %q binary %v returned %q, %v", m.Data, m.Binary, c, err)
		}
	}
	if c := k.append("conflict", "next", "x"); c.Offset != 2 {
		k.breaks(conflict, "a conflict used up an offset: the next is %d", c.Offset)
	}
}

func batchKeepsOrder(k *kit) {
	ms := []transports.Message{text("a", "1"), text("b", "2"), text("a", "1"), text("a", "other"), text("bad id", "x"), text("c", "3")}
	want := []uint64{1, 2, 1, 0, 0, 3}
	wantErr := []error{nil, nil, nil, transports.ErrConflict, transports.ErrMalformed, nil}
	results := k.log.AppendBatch(k.ctx(), "batch", ms)
	if len(results) != len(ms) {
		k.breaks(batched, "%d results for %d messages", len(results), len(ms))
	}
	for i, r := range results {
		if r.Cursor.Offset != want[i] || !errors.Is(r.Err, wantErr[i]) {
			k.breaks(batched, "message %d: %q, %v; want offset %d, %v", i, r.Cursor, r.Err, want[i], wantErr[i])
		}
	}
	if n := len(k.log.AppendBatch(k.ctx(), "batch", nil)); n != 0 {
		k.breaks(batched, "%d results for no messages", n)
	}
	for i, m := range k.read("batch", transports.Cursor{}, 10) {
		if m.ID != []string{"a", "b", "c"}[i] {
			k.breaks(batched, "message %d is %s", i+1, m.ID)
		}
	}
}

func concurrentPublishers(k *kit) {
	const publishers, each = 8, 50
	nodes := []transports.BatchLog{k.log}
	if k.Other != nil {
		nodes = append(nodes, k.Other)
	}
	ctx := k.ctx()
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() { // ends with its appends
			for i := range each {
				m := text(fmt.Sprintf("%d/%d", p, i), fmt.Sprint(i))
				if _, err := store(ctx, nodes[p%len(nodes)], "order", m); err != nil {
					k.Errorf("Append: %v", err)
					return
				}
			}
		})
	}
	seen := make([][]string, 4)
	for r := range seen {
		wg.Go(func() { // ends when it has read everything, or with ctx
			done := errors.New("done")
			err := transports.Follow(ctx, nodes[r%len(nodes)], "order", transports.Cursor{}, 7, func(ms []transports.Message) error {
				for _, m := range ms {
					seen[r] = append(seen[r], m.ID)
					if m.Offset != uint64(len(seen[r])) {
						return fmt.Errorf("message %d has offset %d", len(seen[r]), m.Offset)
					}
				}
				if len(seen[r]) == publishers*each {
					return done
				}
				return nil
			})
			if err != done {
				k.Errorf("broken: %q\n\treader %d: %v after %d messages", sameOrder, r, err, len(seen[r]))
			}
		})
	}
	wg.Wait()
	if k.Failed() {
		return
	}
	next := make([]int, publishers)
	for i, id := range seen[0] {
		var p, n int
		if _, err := fmt.Sscanf(id, "%d/%d", &p, &n); err != nil || n != next[p] {
			k.breaks(sameOrder, "message %d is %s, and %d of that publisher came before", i+1, id, next[p])
		}
		next[p]++
		for r := range seen {
			if seen[r][i] != id {
				k.breaks(sameOrder, "message %d is %s for reader 0, %s for reader %d", i+1, id, seen[r][i], r)
			}
		}
	}
}

func dataIsKept(k *kit) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	sent := []transports.Message{
		{ID: "text", Data: []byte("héllo\r\n\x00 {}")},
		{ID: "binary", Data: all, Binary: true},
		{ID: "empty", Data: []byte{}},
		{ID: strings.Repeat("~", 128), Data: bytes.Repeat([]byte("x"), 64<<10)},
		{ID: "{}:*?'`$;", Data: []byte("*3\r\n$3\r\nSET\r\n")},
	}
	for _, m := range sent {
		buffer := bytes.Clone(m.Data)
		if _, err := k.log.Append(k.ctx(), "data", transports.Message{ID: m.ID, Data: buffer, Binary: m.Binary}); err != nil {
			k.breaks(kept, "Append(%q): %v", m.ID, err)
		}
		clear(buffer)
	}
	for i, m := range k.read("data", transports.Cursor{}, 10) {
		if s := sent[i]; m.ID != s.ID || m.Binary != s.Binary || !bytes.Equal(m.Data, s.Data) {
			k.breaks(kept, "sent %q %v %.40q, read %q %v %.40q", s.ID, s.Binary, s.Data, m.ID, m.Binary, m.Data)
		}
	}
}

func refusesBadNames(k *kit) {
	for _, topic := range []string{"", "_x", "a b", "{a}", "a\r\nFLUSHALL", "a/b", "ä", strings.Repeat("x", 129)} {
		if _, err := k.log.Append(k.ctx(), topic, text("id", "x")); !errors.Is(err, transports.ErrTopic) {
			k.breaks(names, "Append to topic %q: %v", topic, err)
		}
		if _, err := k.log.Read(k.ctx(), topic, transports.Cursor{}, 1); !errors.Is(err, transports.ErrTopic) {
			k.breaks(names, "Read of topic %q: %v", topic, err)
		}
		if err := k.log.Wait(k.ctx(), topic, transports.Cursor{}); !errors.Is(err, transports.ErrTopic) {
			k.breaks(names, "Wait on topic %q: %v", topic, err)
		}
	}
	for _, id := range []string{"", "a b", "a\"", "a\\", "ä", "\x00", strings.Repeat("x", 129)} {
		if _, err := k.log.Append(k.ctx(), "names", text(id, "x")); !errors.Is(err, transports.ErrMalformed) {
			k.breaks(names, "Append with ID %q: %v", id, err)
		}
	}
	if ms := k.read("names", transports.Cursor{}, 1); len(ms) > 0 {
		k.breaks(names, "a refused message was stored")
	}
}

func topicsAreApart(k *kit) {
	topics := []string{"a", "a:b", "a:b:c", "a.s", "a:s", "a:i", "A", "a-", "a_"}
	for _, topic := range topics {
		k.append(topic, "same", topic)
	}
	for _, topic := range topics {
		ms := k.read(topic, transports.Cursor{}, 10)
		if len(ms) != 1 || string(ms[0].Data) != topic || ms[0].Offset != 1 {
			k.breaks(apart, "topic %s holds %v", topic, ms)
		}
	}
}

func appendContext(k *kit) {
	ctx, cancel := context.WithCancel(k.ctx())
	cancel()
	if _, err := k.log.Append(ctx, "ctx", text("id", "x")); !errors.Is(err, context.Canceled) {
		k.breaks(ended, "Append: %v", err)
	}
	for _, r := range k.log.AppendBatch(ctx, "ctx", []transports.Message{text("id", "x"), text("id2", "x")}) {
		if !errors.Is(r.Err, context.Canceled) {
			k.breaks(ended, "AppendBatch: %v", r.Err)
		}
	}
	if c := k.append("ctx", "other", "x"); c.Offset != 1 {
		k.breaks(ended, "the next offset is %d", c.Offset)
	}
}
