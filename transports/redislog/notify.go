package redislog

import "transportlab/transports"

// Notify implements transports.Notifier. It follows the topic until stop is called. What this process
// appends itself is told of before Append returns.
func (l *Log) Notify(topic string, fn func([]transports.Message)) (stop func(), err error) {
	for {
		if l.ctx.Err() != nil {
			return nil, transports.ErrUnavailable
		}
		f, err := l.follow(topic)
		if err != nil {
			return nil, err
		}
		f.mu.Lock()
		if f.gone.Load() {
			f.mu.Unlock()
			continue
		}
		f.waiters.Add(1) // it stays followed
		listener := f.w.Listen(fn)
		f.mu.Unlock()
		return func() {
			f.mu.Lock()
			f.w.Leave(listener)
			f.mu.Unlock()
			f.waiters.Add(-1)
		}, nil
	}
}

var _ transports.Notifier = (*Log)(nil)
