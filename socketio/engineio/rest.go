package engineio

import "time"

// restTime is enough for a client that is busy with other things, too.
const restTime = 10 * time.Millisecond

// A rest is the time in which nothing is written to a WebSocket, because the client is to read what was written last by
// itself, see Message.Alone. It is guarded by the session's lock.
type rest struct {
	until time.Duration // since the server began; 0: no rest
	timer *time.Timer   // if not nil, a flush that waits for the end
}

func (r *rest) begin(s *Socket) { r.until = time.Since(s.server.began) + restTime }

// left returns how long the rest still is.
func (r *rest) left(s *Socket) time.Duration {
	if r.until == 0 {
		return 0
	}
	if left := r.until - time.Since(s.server.began); left > 0 {
		return left
	}
	r.until = 0
	return 0
}

// end ends the rest: the client has sent something, so it has read.
func (r *rest) end(s *Socket) {
	r.until = 0
	if r.timer != nil && r.timer.Stop() {
		go s.flush() // ends as in flushLater
	}
	r.timer = nil
}
