package redislog

import "transportlab/transports"

// A position is what a feed knew when a comparison with the store began.
type position struct {
	at      transports.Cursor
	stamp   string
	session uint64
}

// check asks for the periodic comparison.
func (f *feed) check() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.late > f.heard && f.link != nil {
		f.link.reset() // it has had a whole interval to bring what the store held: it is deaf
	}
	f.late = 0
	f.log.syncer.request(f)
}

func (f *feed) position() position {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.w.View()
	return position{transports.Cursor{Epoch: v.Epoch(), Offset: v.Last()}, f.stamp, f.session}
}

// compared takes what the store holds after p.
func (f *feed) compared(p position, s stored) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.session == 0 || f.session != p.session {
		return // another comparison will follow with the next session
	}
	v, was := f.w.View(), f.synced
	if v.Epoch() != p.at.Epoch { // a new log has begun meanwhile
		f.doubt()
		return
	}
	if s.epoch == v.Epoch() {
		for len(s.entries) > 0 && s.entries[0].Offset <= v.Last() {
			s.entries = s.entries[1:]
		}
	}
	switch {
	case s.epoch == v.Epoch() && len(s.entries) > 0 && s.entries[0].Offset == v.Last()+1:
		f.add(s.entries...)
		if was {
			f.late = f.w.View().Last()
		}
	case s.epoch != v.Epoch() || s.last > v.Last(): // lost, or too much to read it all
		f.begin(s.epoch, s.last, s.oldest, s.entries)
		if f.own.Epoch != s.epoch {
			f.own = transports.Cursor{}
		}
	}
	ahead, missed := f.ahead, f.missed
	f.ahead, f.missed, f.synced = nil, false, true
	for _, e := range ahead {
		if !f.next(e) {
			missed = true
			break
		}
		f.heard = max(f.heard, e.Offset)
	}
	f.settle()
	if missed || f.w.View().Last() < s.last {
		f.doubt()
		return
	}
	if !was {
		f.w.Wake() // who waited for certainty looks again
	}
}
