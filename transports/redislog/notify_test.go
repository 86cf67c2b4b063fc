package redislog

import (
	"sync/atomic"
	"testing"

	"transportlab/transports"
)

func TestNotifyTellsOfEveryMessageOnce(t *testing.T) {
	one, two := nodes(t, open(t, "embedded", Options{}).Spec, quick())
	var told [2]atomic.Int64
	for i, l := range []*Log{one, two} {
		stop, err := l.Notify("told", func(ms []transports.Message) { told[i].Add(int64(len(ms))) })
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		eventually(t, "the topic is followed", l.find("told").fresh.Load)
	}
	put(t, one, "told", "first") // begins the epoch, of which is told without messages
	eventually(t, "both have the first", func() bool { return two.find("told").w.View().Last() == 1 })
	before := [2]int64{told[0].Load(), told[1].Load()}
	for i := range 20 {
		fill(t, []*Log{one, two}[i%2], "told", 10*i, 10)
	}
	for i := range told {
		eventually(t, "everything is told", func() bool { return told[i].Load()-before[i] == 200 })
	}
}
