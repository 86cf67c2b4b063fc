package carrier

// Frame types and flags of HTTP/2 (RFC 9113, section 6).
const (
	frameData         = 0
	frameHeaders      = 1
	framePushPromise  = 5
	frameContinuation = 9

	flagPadded   = 0x8
	flagPriority = 0x20

	frameHeaderLen = 9
)

// feedFrame takes what p has of the current part of a frame.
func (s *parser) feedFrame(p []byte, t *tally) []byte {
	switch s.state {
	case frameHeader:
		need := frameHeaderLen - int(s.held)
		if len(p) < need {
			s.hold(p)
			t[framing] += int64(len(p))
			return nil
		}
		s.hold(p[:need])
		s.held = 0
		t[framing] += int64(need)
		s.beginFrame([frameHeaderLen]byte(s.line[:]))
		return p[need:]
	case padLength:
		t[framing]++
		s.after = min(int64(p[0]), s.left)
		s.left -= s.after
		s.state = frameContent
		p = p[1:]
	case frameContent:
		p = s.take(p, &s.before, framing, t)
		if s.before == 0 {
			p = s.take(p, &s.left, s.kind, t)
		}
		if s.before == 0 && s.left == 0 {
			p = s.take(p, &s.after, framing, t)
		}
	}
	if s.before == 0 && s.left == 0 && s.after == 0 {
		s.state = frameHeader
	}
	return p
}

// beginFrame divides the payload into framing, content and padding.
func (s *parser) beginFrame(h [frameHeaderLen]byte) {
	s.left = int64(h[0])<<16 | int64(h[1])<<8 | int64(h[2])
	flags := h[4]
	padded := false
	s.before, s.after = 0, 0
	switch h[3] {
	case frameData:
		s.kind, padded = body, flags&flagPadded != 0
	case frameHeaders:
		s.kind, padded = header, flags&flagPadded != 0
		if flags&flagPriority != 0 {
			s.before = 5
		}
	case framePushPromise:
		s.kind, padded = header, flags&flagPadded != 0
		s.before = 4
	case frameContinuation:
		s.kind = header
	default:
		s.kind = framing
	}
	switch {
	case s.left == 0:
		s.before = 0
		return // the next frame follows at once
	case padded:
		s.left--
		s.state = padLength
	default:
		s.state = frameContent
	}
	s.before = min(s.before, s.left)
	s.left -= s.before
}
