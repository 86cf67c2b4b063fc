package logtest

import (
	"errors"
	"fmt"
	"math"

	"transportlab/transports"
)

func readLimit(k *kit) {
	if ms := k.read("limit", transports.Cursor{}, 10); len(ms) != 0 {
		k.breaks(neverWaits, "an empty topic returned %d messages", len(ms))
	}
	last := k.fill("limit", 0, 50)
	for _, limit := range []int{1, 2, 49, 50, 51, math.MaxInt} {
		if ms := k.read("limit", transports.Cursor{}, limit); len(ms) != min(limit, 50) {
			k.breaks(limited, "limit %d returned %d of 50", limit, len(ms))
		}
	}
	for _, limit := range []int{0, -1, math.MinInt} {
		if ms := k.read("limit", transports.Cursor{}, limit); len(ms) != 0 {
			k.breaks(limited, "limit %d returned %d", limit, len(ms))
		}
	}
	ms := k.read("limit", transports.Cursor{Epoch: last.Epoch, Offset: 40}, 5)
	if len(ms) != 5 || ms[0].Offset != 41 {
		k.breaks(limited, "after 40, limit 5: %v", ms)
	}
	if ms := k.read("limit", transports.Cursor{Epoch: last.Epoch}, 1); len(ms) != 1 || ms[0].Offset != 1 {
		k.breaks(limited, "after offset 0: %v", ms)
	}
	if ms := k.read("limit", last, 5); len(ms) != 0 {
		k.breaks(neverWaits, "at the end: %d messages", len(ms))
	}
}

func readAfterAppend(k *kit) {
	var after transports.Cursor
	for i := range 200 {
		c := k.append("own", fmt.Sprint(i), "x")
		ms := k.read("own", after, 10)
		if len(ms) != 1 || ms[0].Cursor != c {
			k.breaks(ownWrites, "appended %q, read %v after %q", c, ms, after)
		}
		after = c
	}
}

func zeroCursorIsOldestHeld(k *kit) {
	k.fill("zero", 0, 3*k.maxLen)
	ms := k.read("zero", transports.Cursor{}, 1)
	if want := uint64(2*k.maxLen + 1); len(ms) != 1 || ms[0].Offset != want {
		k.breaks(zeroCursor, "read %v, want offset %d", ms, want)
	}
	if ms := k.read("zero", transports.Cursor{}, 10*k.maxLen); len(ms) != k.maxLen {
		k.breaks(zeroCursor, "%d messages held, want %d", len(ms), k.maxLen)
	}
}

func futureCursorIsGap(k *kit) {
	last := k.fill("future", 0, 3)
	for _, ahead := range []uint64{4, 1000, math.MaxInt64, math.MaxUint64} {
		after := transports.Cursor{Epoch: last.Epoch, Offset: ahead}
		g := k.gap("future", after)
		if g.Epoch != last.Epoch || g.First != 1 || g.Last != 3 {
			k.breaks(gap, "after %q: %+v", after, *g)
		}
		if ms := k.read("future", g.Resume(), 10); len(ms) != 0 {
			k.breaks(resume, "the cursor was ahead; its Resume returned %d messages", len(ms))
		}
		if err := k.log.Wait(k.ctx(), "future", after); err != nil {
			k.breaks(waitsNot, "Wait(%q): %v", after, err)
		}
	}
}

func trimmedIsGap(k *kit) {
	last := k.fill("trim", 0, 2*k.maxLen+3)
	first := last.Offset - uint64(k.maxLen) + 1
	for _, offset := range []uint64{0, 1, first - 2} {
		after := transports.Cursor{Epoch: last.Epoch, Offset: offset}
		g := k.gap("trim", after)
		if g.Epoch != last.Epoch || g.First != first || g.Last != last.Offset {
			k.breaks(gap, "after %q: %+v; the log holds %d to %d", after, *g, first, last.Offset)
		}
		ms := k.read("trim", g.Resume(), 10*k.maxLen)
		if len(ms) != k.maxLen || ms[0].Offset != first {
			k.breaks(resume, "after %q: %d messages", g.Resume(), len(ms))
		}
		if err := k.log.Wait(k.ctx(), "trim", after); err != nil {
			k.breaks(waitsNot, "Wait(%q): %v", after, err)
		}
	}
	if ms := k.read("trim", transports.Cursor{Epoch: last.Epoch, Offset: first - 1}, 1); len(ms) != 1 || ms[0].Offset != first {
		k.breaks(gap, "a cursor whose successor is the oldest message has no gap, but read %v", ms)
	}
}

func foreignEpochIsGap(k *kit) {
	for _, after := range []transports.Cursor{{Epoch: "other", Offset: 0}, {Epoch: "other", Offset: 2}} {
		g := k.gap("foreign-empty", after)
		if g.Epoch == after.Epoch || g.First != 1 || g.Last != 0 {
			k.breaks(gap, "after %q in an empty topic: %+v", after, *g)
		}
		if ms := k.read("foreign-empty", g.Resume(), 10); len(ms) != 0 {
			k.breaks(resume, "after %q: %d messages in an empty topic", g.Resume(), len(ms))
		}
	}
	last := k.fill("foreign", 0, 3)
	after := transports.Cursor{Epoch: "other", Offset: 2}
	if g := k.gap("foreign", after); g.Epoch != last.Epoch || g.First != 1 || g.Last != 3 {
		k.breaks(gap, "after %q: %+v", after, *g)
	}
	if err := k.log.Wait(k.ctx(), "foreign", after); err != nil {
		k.breaks(waitsNot, "Wait(%q): %v", after, err)
	}
}

// slowReader reads one message for every three that are appended: it loses some, and is told so.
func slowReader(k *kit) {
	var after transports.Cursor
	seen, skipped := 0, uint64(0)
	step := func() bool {
		ms, err := k.log.Read(k.ctx(), "slow", after, 1)
		var g *transports.GapError
		switch {
		case errors.As(err, &g):
			if g.First <= after.Offset+1 {
				k.breaks(gap, "after %q there is no gap before %d", after, g.First)
			}
			skipped += g.First - 1 - after.Offset
			after = g.Resume()
			return true
		case err != nil:
			k.Fatalf("Read: %v", err)
		case len(ms) == 0:
			return false
		}
		if after.Epoch != "" && ms[0].Offset != after.Offset+1 {
			k.breaks(gap, "offset %d follows on %d without a gap", ms[0].Offset, after.Offset)
		}
		after = ms[0].Cursor
		seen++
		return true
	}
	const n = 150
	for i := range n {
		k.append("slow", fmt.Sprint(i), "x")
		if i%3 == 0 {
			step()
		}
	}
	for step() {
	}
	if after.Offset != n || uint64(seen)+skipped != n || skipped == 0 {
		k.breaks(resume, "read %d, skipped %d, ended at %d of %d", seen, skipped, after.Offset, n)
	}
}
