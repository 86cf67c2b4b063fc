package load

import (
	"context"
	"fmt"
	"time"

	"transportlab/transports"
)

// enough ends the series of fresh clients early: where each takes long, few must do.
const enough = time.Second

// firstID is the ID of the message that fresh clients find.
const firstID = "f"

// welcome takes the time from Dial's call to the first Recv's return of fresh clients, one after the
// other, on a topic of their own that holds one message. It is called when the measured part is over and
// its counters have been read.
func (s *session) welcome() error {
	if s.Fresh <= 0 {
		return nil
	}
	topic := s.Prefix + "first"
	if err := s.leave(topic); err != nil {
		return fmt.Errorf("leaving a message for a fresh client: %w", err)
	}
	for begin, n := s.since(), 0; n < s.Fresh && (n == 0 || s.since()-begin < enough); n++ {
		took, err := s.come(topic)
		if err != nil {
			return fmt.Errorf("fresh client %d: %w", n+1, err)
		}
		s.figures.first.Record(max(took, 1))
	}
	return nil
}

// leave sends one message to a topic.
func (s *session) leave(topic string) error {
	ctx, cancel := context.WithTimeout(s.ctx, s.Grace)
	defer cancel()
	c, err := s.Dial(ctx, topic, transports.Cursor{})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Send(ctx, transports.Message{ID: firstID, Data: s.bodies.Of(0, s.w.Size), Binary: s.w.Binary})
	return err
}

func (s *session) come(topic string) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.Grace)
	defer cancel()
	begin := s.since()
	c, err := s.Dial(ctx, topic, transports.Cursor{})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	m, err := c.Recv(ctx)
	took = s.since() - begin
	if err == nil && m.ID != firstID {
		err = fmt.Errorf("its first message is %q, not the one that was there", m.ID)
	}
	return took, err
}
