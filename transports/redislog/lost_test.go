package redislog

import (
	"fmt"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
	"transportlab/transports/redislog/redistest"
)

func TestF04_RestartWithFileKeepsEverything(t *testing.T) {
	s := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	one, two := nodes(t, s.URL(), quick())
	r := follow(t, two, "f04")
	before := fill(t, one, "f04", 0, 20)
	r.reaches(before)
	s.Stop()
	refused(t, one, "f04", transports.ErrUnavailable)
	s.Restart()
	after := fill(t, one, "f04", 20, 20)
	if after.Epoch != before.Epoch || after.Offset != 40 {
		// "refused" may have been stored only if the server answered it, and it was down
		t.Errorf("%q follows on %q", after, before)
	}
	r.reaches(after)
	if c := put(t, one, "f04", "id3"); c.Offset != 4 {
		t.Errorf("a retry after the restart: %q", c)
	}
	if ids, gaps := r.seen(); gaps != 0 || len(ids) != 40 {
		t.Errorf("%d messages, %d gaps", len(ids), gaps)
	}
}

func TestF05_LostStoreIsANewEpoch(t *testing.T) {
	for name, lose := range map[string]func(s *redistest.Server){
		"restart":  func(s *redistest.Server) { s.Kill(); s.Restart() },
		"flushall": func(s *redistest.Server) { s.Do("FLUSHALL") },
		"stream":   func(s *redistest.Server) { s.Do("DEL", "tl:{f05}:s") },
		"meta":     func(s *redistest.Server) { s.Do("DEL", "tl:{f05}") },
	} {
		for _, whoNotices := range []string{"append", "reader"} {
			t.Run(name+"/"+whoNotices, func(t *testing.T) {
				s := redistest.Start(t)
				one, two := nodes(t, s.URL(), quick())
				r := follow(t, two, "f05")
				before := fill(t, one, "f05", 0, 20)
				r.reaches(before)
				lose(s)
				if whoNotices == "reader" {
					eventually(t, "the reader hears of the loss", func() bool { _, gaps := r.seen(); return gaps == 1 })
				}
				after := put(t, one, "f05", "new")
				if after.Epoch == before.Epoch || after.Offset != 1 {
					t.Errorf("%q follows on %q", after, before)
				}
				r.reaches(after)
				if _, gaps := r.seen(); gaps != 1 {
					t.Errorf("%d gaps", gaps)
				}
			})
		}
	}
}

// A server that dies between two writes to its file comes back with less than it had acknowledged;
// here with what a snapshot held.
func TestF06_OffsetsGoBackwards(t *testing.T) {
	for _, whoNotices := range []string{"append", "reader", "other content"} {
		t.Run(whoNotices, func(t *testing.T) {
			s := redistest.Start(t)
			o := quick()
			one, two := nodes(t, s.URL(), o)
			r := follow(t, two, "f06")
			r.reaches(fill(t, one, "f06", 0, 10))
			s.Do("SAVE")
			before := fill(t, one, "f06", 10, 10)
			r.reaches(before)
			s.Kill()
			s.Restart()
			if whoNotices == "other content" {
				// A node that knows nothing of the lost end gives its offsets away again, and more,
				// so that the last offset alone shows nothing.
				_, err := s.Client().TxPipelined(t.Context(), func(p redis.Pipeliner) error {
					p.HSet(t.Context(), "tl:{f06}", "o", 25)
					for i := 11; i <= 25; i++ {
						body := encode(&transports.Message{ID: fmt.Sprint("other", i)}, fmt.Sprintf("STAMP%03d", i))
						p.XAdd(t.Context(), &redis.XAddArgs{Stream: "tl:{f06}:s", ID: fmt.Sprint(i, "-0"), Values: []any{"m", body}})
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if whoNotices != "append" {
				eventually(t, "the reader hears of the loss", func() bool { _, gaps := r.seen(); return gaps == 1 })
			}
			after := put(t, one, "f06", "new")
			if after.Epoch == before.Epoch {
				t.Errorf("%q follows on %q, which was lost", after, before)
			}
			r.reaches(after)
			ids, gaps := r.seen()
			if gaps != 1 || !slices.Contains(ids, "new") {
				t.Errorf("%d gaps, messages %v", gaps, ids)
			}
			// What survived is not lost for those who had not read it.
			ms, err := two.Read(t.Context(), "f06", transports.Cursor{}, 100)
			if err != nil || len(ms) < 11 || ms[0].ID != "id0" {
				t.Errorf("%d messages, %v", len(ms), err)
			}
			if c := put(t, one, "f06", "id15"); c.Epoch != after.Epoch || c.Offset != after.Offset+1 {
				t.Errorf("a message that was lost and is sent again: %q", c)
			}
		})
	}
}

func TestF07_TrimmedIsAGap(t *testing.T) {
	s := redistest.Start(t)
	o := quick()
	o.MaxLen = 10
	one, two := nodes(t, s.URL(), o)
	first := fill(t, one, "f07", 0, 1)
	last := fill(t, one, "f07", 1, 30)
	for _, node := range []*Log{one, two} {
		_, err := node.Read(t.Context(), "f07", first, 10)
		if !isGap(err) {
			t.Fatalf("%v", err)
		}
		ms, err := node.Read(t.Context(), "f07", transports.Cursor{Epoch: last.Epoch, Offset: 21}, 100)
		if err != nil || len(ms) != 10 {
			t.Errorf("%d messages, %v", len(ms), err)
		}
	}
}
