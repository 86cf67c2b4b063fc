package arrival

import (
	"strconv"
	"strings"
	"time"

	"transportlab/bench/workload"
)

// A Schedule is what is sent in one part of a run: entry i is sent At[i] after the part's beginning by
// publisher Publisher[i] to topic Topic[i]. At rises. Sizes and bodies differ from message to message only
// for traces.
type Schedule struct {
	At        []time.Duration
	Publisher []int32
	Topic     []int32
	Size      []int32  // nil: all are the workload's
	Body      []string // nil: drawn from the seed; "" in an entry likewise
	Length    time.Duration
}

// New returns the schedule of w for one part of a run of the given length; trace holds the trace that w
// names, nil for the other processes. Messages are dealt to topics in turn, and among the publishers of
// a topic in turn: publisher p sends to topic p modulo Topics alone, because a connection is to one topic.
func New(w workload.Workload, length time.Duration, seed uint64, trace *TraceFile) Schedule {
	s := Schedule{Length: length}
	if trace != nil {
		s.play(w, trace)
	} else if w.Kind.Sends() && !w.Kind.Closed() {
		s.At = Times(w.Arrival, w.Rate, length, seed)
		s.Topic = make([]int32, len(s.At))
		for i := range s.Topic {
			s.Topic[i] = int32(i % w.Topics)
		}
	}
	s.Publisher = make([]int32, len(s.At))
	turn := make([]int, w.Topics)
	for i, t := range s.Topic {
		topic := int(t)
		own := (w.Publishers - topic + w.Topics - 1) / w.Topics // publishers of this topic
		s.Publisher[i] = int32(topic + turn[topic]%own*w.Topics)
		turn[topic]++
	}
	return s
}

// play takes times, topics, sizes and bodies from the trace, from its beginning and again when it ends.
func (s *Schedule) play(w workload.Workload, trace *TraceFile) {
	topics := map[string]int32{}
	for round := time.Duration(0); ; round++ {
		for _, e := range trace.Entries {
			at := time.Duration(float64(round*trace.Length+e.At) / w.Arrival.Speed)
			if at >= s.Length {
				return
			}
			topic, ok := topics[e.Topic]
			if !ok {
				topic = int32(len(topics) % w.Topics)
				topics[e.Topic] = topic
			}
			s.At = append(s.At, at)
			s.Topic = append(s.Topic, topic)
			s.Size = append(s.Size, int32(e.Size))
			s.Body = append(s.Body, e.Body)
		}
	}
}

// ID is the message ID of entry i: short, because it travels with every message.
func ID(part byte, i int) string {
	return string(part) + strconv.FormatUint(uint64(i), 36)
}

// ParseID reads what ID wrote; false when it is none.
func ParseID(id string) (part byte, i int, ok bool) {
	if len(id) < 2 {
		return 0, 0, false
	}
	n, err := strconv.ParseUint(id[1:], 36, 31)
	if err != nil || strings.ToLower(id[1:]) != id[1:] {
		return 0, 0, false
	}
	return id[0], int(n), true
}
