package logtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transportlab/transports"
)

// model drives one log and a model of it with the same random calls and compares the answers.
func model(t *testing.T, make Make) {
	const maxLen = 6
	log, control := make(t, maxLen)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++ // each run has topics of its own
		m := &machine{log: log, control: control, maxLen: maxLen}
		for i := range m.topics {
			m.topics[i] = &modelTopic{name: fmt.Sprintf("model-%d-%d", run, i), ids: map[string]transports.Message{}}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append":   m.append,
			"batch":    m.batch,
			"retry":    m.retry,
			"conflict": m.conflict,
			"read":     m.read,
			"wait":     m.wait,
			"slow":     m.slow,
			"lose":     m.lose,
		})
	})
}

type machine struct {
	log     transports.BatchLog
	control Control
	maxLen  int
	topics  [2]*modelTopic
	count   int
}

// A modelTopic is what a topic should be.
type modelTopic struct {
	name  string
	epoch string // "" until it is known
	past  []string
	ms    []transports.Message // all of the epoch, trimmed or not
	ids   map[string]transports.Message
	slow  transports.Cursor // of a reader that reads little
}

// GoString keeps rapid's reports short.
func (t *modelTopic) GoString() string { return t.name }

func (m *machine) topic(t *rapid.T) *modelTopic {
	return rapid.SampledFrom(m.topics[:]).Draw(t, "topic")
}

func (m *machine) message(t *rapid.T) transports.Message {
	m.count++
	return transports.Message{
		ID:     fmt.Sprintf("id-%d", m.count),
		Data:   []byte(rapid.StringN(0, 20, 40).Draw(t, "data")),
		Binary: rapid.Bool().Draw(t, "binary"),
	}
}

// stored checks an append's answer and puts the message into the model.
func (m *machine) stored(t *rapid.T, topic *modelTopic, msg transports.Message, c transports.Cursor, err error) {
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	if topic.epoch == "" {
		topic.epoch = c.Epoch
		for _, past := range topic.past {
			if past == c.Epoch {
				t.Fatalf("broken: %q\n\tepoch %s is back", newEpoch, past)
			}
		}
	}
	if want := (transports.Cursor{Epoch: topic.epoch, Offset: uint64(len(topic.ms) + 1)}); c != want {
		t.Fatalf("broken: %q\n\tappend returned %q, want %q", dense, c, want)
	}
	msg.Cursor = c
	topic.ms = append(topic.ms, msg)
	topic.ids[msg.ID] = msg
}

func (m *machine) append(t *rapid.T) {
	topic, msg := m.topic(t), m.message(t)
	c, err := store(t.Context(), m.log, topic.name, msg)
	m.stored(t, topic, msg, c, err)
}

func (m *machine) batch(t *rapid.T) {
	topic := m.topic(t)
	ms := make([]transports.Message, rapid.IntRange(1, 10).Draw(t, "n"))
	for i := range ms {
		ms[i] = m.message(t)
	}
	for i, r := range m.log.AppendBatch(t.Context(), topic.name, ms) {
		m.stored(t, topic, ms[i], r.Cursor, r.Err)
	}
}

func (m *machine) known(t *rapid.T) (*modelTopic, transports.Message) {
	topic := m.topic(t)
	if len(topic.ms) == 0 {
		t.Skip("nothing to repeat")
	}
	return topic, topic.ms[rapid.IntRange(0, len(topic.ms)-1).Draw(t, "message")]
}

func (m *machine) retry(t *rapid.T) {
	topic, msg := m.known(t)
	c, err := m.log.Append(t.Context(), topic.name, transports.Message{ID: msg.ID, Data: msg.Data, Binary: msg.Binary})
	if err != nil || c != msg.Cursor {
		t.Fatalf("broken: %q\n\t%s was at %q, now %q, %v", idempotent, msg.ID, msg.Cursor, c, err)
	}
}

func (m *machine) conflict(t *rapid.T) {
	topic, msg := m.known(t)
	c, err := m.log.Append(t.Context(), topic.name, transports.Message{ID: msg.ID, Data: append(msg.Data[:len(msg.Data):len(msg.Data)], '!'), Binary: msg.Binary})
	if !errors.Is(err, transports.ErrConflict) {
		t.Fatalf("broken: %q\n\tgot %q, %v", conflict, c, err)
	}
}

// cursor draws one that means something: zero, of this epoch, ahead, or of a lost one.
func (m *machine) cursor(t *rapid.T, topic *modelTopic) transports.Cursor {
	epochs := append([]string{"never"}, topic.past...)
	if topic.epoch != "" {
		epochs = append(epochs, topic.epoch, topic.epoch, topic.epoch)
	}
	if rapid.IntRange(0, 4).Draw(t, "zero") == 0 {
		return transports.Cursor{}
	}
	return transports.Cursor{
		Epoch:  rapid.SampledFrom(epochs).Draw(t, "epoch"),
		Offset: uint64(rapid.IntRange(0, len(topic.ms)+2).Draw(t, "offset")),
	}
}

// first is the offset of the oldest message held, or of the one to come.
func (m *machine) first(topic *modelTopic) uint64 { return uint64(max(0, len(topic.ms)-m.maxLen)) + 1 }

// expect is what Read should return.
func (m *machine) expect(topic *modelTopic, after transports.Cursor, limit int) ([]transports.Message, bool) {
	first, last := m.first(topic), uint64(len(topic.ms))
	if after.IsZero() {
		after = transports.Cursor{Epoch: topic.epoch, Offset: first - 1}
	}
	if after.Epoch != topic.epoch || after.Offset > last || after.Offset+1 < first {
		return nil, true
	}
	ms := topic.ms[after.Offset:]
	return ms[:min(limit, len(ms))], false
}

// check reads and compares; it returns where to read on.
func (m *machine) check(t *rapid.T, topic *modelTopic, after transports.Cursor, limit int) transports.Cursor {
	got, err := m.log.Read(t.Context(), topic.name, after, limit)
	want, wantGap := m.expect(topic, after, limit)
	var g *transports.GapError
	if errors.As(err, &g) != wantGap || err != nil && g == nil {
		t.Fatalf("broken: %q\n\tafter %q: %v; model: gap %v", gap, after, err, wantGap)
	}
	if g != nil {
		if topic.epoch != "" && g.Epoch != topic.epoch || g.Epoch == "" || g.First != m.first(topic) || g.Last != uint64(len(topic.ms)) {
			t.Fatalf("broken: %q\n\tafter %q: %+v; model: %s %d to %d", gap, after, *g, topic.epoch, m.first(topic), len(topic.ms))
		}
		if topic.epoch == "" { // the loss has begun a new epoch, which is known from now on
			topic.epoch = g.Epoch
		}
		return g.Resume()
	}
	if len(got) != len(want) {
		t.Fatalf("broken: %q\n\tafter %q, limit %d: %d messages, want %d", limited, after, limit, len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if g.Cursor != w.Cursor || g.ID != w.ID || g.Binary != w.Binary || string(g.Data) != string(w.Data) {
			t.Fatalf("broken: %q\n\tread %+v, want %+v", kept, g, w)
		}
		after = g.Cursor
	}
	return after
}

func (m *machine) read(t *rapid.T) {
	topic := m.topic(t)
	m.check(t, topic, m.cursor(t, topic), rapid.IntRange(1, 10).Draw(t, "limit"))
}

func (m *machine) slow(t *rapid.T) {
	topic := m.topic(t)
	topic.slow = m.check(t, topic, topic.slow, 1)
}

func (m *machine) wait(t *rapid.T) {
	topic := m.topic(t)
	after := m.cursor(t, topic)
	ms, isGap := m.expect(topic, after, 1)
	if ready := isGap || len(ms) > 0; ready {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := m.log.Wait(ctx, topic.name, after); err != nil {
			t.Fatalf("broken: %q\n\tafter %q: %v", waits, after, err)
		}
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := m.log.Wait(ctx, topic.name, after); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("broken: %q\n\tafter %q, where there is nothing: %v", waitsCtx, after, err)
	}
}

func (m *machine) lose(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "seldom") > 0 {
		t.Skip("not now")
	}
	for _, topic := range m.topics {
		m.control.Lose(topic.name)
		if topic.epoch != "" {
			topic.past = append(topic.past, topic.epoch)
		}
		topic.epoch, topic.ms, topic.ids = "", nil, map[string]transports.Message{}
	}
}
