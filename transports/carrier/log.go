package carrier

import (
	"bytes"
	"log/slog"
	"sync"
	"time"
)

const (
	logLines   = 10  // a second
	logLineLen = 512 // bytes
)

// A sampledLog is where net/http writes its complaints. Clients cause them, so they are bounded in
// length and number, and control characters are escaped by slog.
type sampledLog struct {
	to *slog.Logger

	mu         sync.Mutex
	second     time.Time
	lines      int
	suppressed int
}

// Write takes one line.
func (s *sampledLog) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.second) >= time.Second {
		if s.suppressed > 0 {
			s.to.Warn("more of the same", "lines", s.suppressed)
		}
		s.second, s.lines, s.suppressed = now, 0, 0
	}
	if s.lines >= logLines {
		s.suppressed++
		return len(p), nil
	}
	s.lines++
	s.to.Warn(string(bytes.TrimSpace(p[:min(len(p), logLineLen)])))
	return len(p), nil
}
