package gate

// An answer is one to a POST: positions, and behind "news": a batch where there is one.
type answer struct {
	match int // bytes of the key that were found
	batch *text
}

const newsKey = `,"news":`

func (*answer) end(sink) {}

func (a *answer) feed(s sink, p []byte) {
	for len(p) > 0 {
		if a.batch != nil {
			if rest := a.batch.take(s, p); len(rest) > 0 {
				s.put(other, rest)
			}
			return
		}
		s.put(other, p[:1])
		switch {
		case p[0] == newsKey[a.match]:
			a.match++
		case p[0] == newsKey[0]:
			a.match = 1
		default:
			a.match = 0
		}
		if a.match == len(newsKey) {
			a.batch = &text{}
		}
		p = p[1:]
	}
}
