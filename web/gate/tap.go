package gate

import (
	"sync"
	"time"
)

// A tap listens to one connection.
type tap struct {
	record   *record
	conn     int64
	mu       sync.Mutex
	upgraded bool
}

func newTap(r *record, conn int64) *tap { return &tap{record: r, conn: conn} }

func (t *tap) open(time.Time, string) { t.record.count(func(c *Counts) { c.Opened++ }) }

func (t *tap) close(time.Time) {}

func (t *tap) isUpgraded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.upgraded
}

func (t *tap) up(p []byte, _ time.Time) (pass []byte, upgrade bool) {
	t.record.count(func(c *Counts) { c.Up.Other += int64(len(p)) })
	return p, false
}

func (t *tap) down(p []byte, _ time.Time) {
	t.record.count(func(c *Counts) { c.Down.Other += int64(len(p)) })
}
