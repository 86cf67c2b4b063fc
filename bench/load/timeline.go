package load

import (
	"time"

	"transportlab/bench/record"
	"transportlab/bench/result"
)

// stretches is how many parts a timeline has. A stretch of a workload that delivers tens of thousands of
// messages takes 300 KB, whatever it delivers.
const stretches = 20

// A timeline holds the latencies of the measured part by when their messages should have been sent, so
// that a stall shows where it happened rather than where its messages came out. begin comes first.
type timeline struct {
	each time.Duration
	line [stretches]record.Recorder
}

func (t *timeline) begin(length time.Duration) { t.each = max(length/stretches, 1) }

// moments are the stretches, without holes; nil when nothing was delivered.
func (t *timeline) moments() []result.Moment {
	list := make([]result.Moment, stretches)
	any := false
	for i := range list {
		r := &t.line[i]
		list[i] = result.Moment{At: (time.Duration(i) * t.each).Seconds(), Count: r.Count(),
			P50: float64(r.Quantile(50)), P99: float64(r.Quantile(99)), Max: float64(r.Quantile(100))}
		any = any || list[i].Count > 0
	}
	if !any {
		return nil
	}
	return list
}

// A stretch collects the latencies of one goroutine, whose messages come in the order of their times but
// for those that are delivered again.
type stretch struct {
	at  int
	buf record.Buffer
}

// record adds a latency of what should have been sent so long after the measured part began. What was
// sent after its end, by a closed loop, belongs to the last stretch.
func (s *stretch) record(t *timeline, intended, latency time.Duration) {
	at := int(min(max(intended/t.each, 0), stretches-1))
	if s.at != at+1 { // 0 is none yet
		s.flush()
		s.buf.Redirect(&t.line[at])
		s.at = at + 1
	}
	s.buf.Record(latency)
}

func (s *stretch) flush() {
	if s.at > 0 {
		s.buf.Flush()
	}
}
