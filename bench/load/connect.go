package load

import (
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"transportlab/transports"
)

// connect dials all clients and publishers, a few at a time, and starts the receivers.
func (s *session) connect() error {
	for i := range s.w.Topics {
		s.topics = append(s.topics, &topic{name: fmt.Sprintf("%s%d", s.Prefix, i)})
	}
	if s.w.Kind != "ingest" {
		clients, err := s.dialAll(s.w.Clients)
		for i, c := range clients {
			if c.Conn != nil {
				s.subs = append(s.subs, s.newSubscriber(i, c))
			}
		}
		if err != nil {
			return err
		}
		for _, sub := range s.subs {
			s.receivers.Go(sub.receive) // ends with s.ctx
		}
	}
	if s.w.Kind.SelfSending() && len(s.subs) > 0 {
		for i, sub := range s.subs {
			s.pubs = append(s.pubs, s.newPublisher(i, sub.client, false))
		}
		return nil
	}
	conns, err := s.dialAll(s.w.Publishers)
	for i, c := range conns {
		if c.Conn != nil {
			s.pubs = append(s.pubs, s.newPublisher(i, c, true))
		}
	}
	return err
}

// dialAll dials n connections, dealt to the topics in turn. After an error those that succeeded are
// returned with it.
func (s *session) dialAll(n int) ([]Client, error) {
	clients := make([]Client, n)
	var g errgroup.Group
	g.SetLimit(64)
	for i := range clients {
		g.Go(func() error {
			if s.ctx.Err() != nil {
				return s.ctx.Err()
			}
			begin := time.Now()
			c, err := s.Dial(s.ctx, s.topics[i%s.w.Topics].name, transports.Cursor{})
			if err != nil {
				return fmt.Errorf("connection %d of %d: %w", i+1, n, err)
			}
			s.figures.dial.Record(time.Since(begin))
			clients[i] = c
			return nil
		})
	}
	return clients, g.Wait()
}

// close ends all goroutines and connections of the session, whose context has ended.
func (s *session) close() {
	s.receivers.Wait()
	for _, pub := range s.pubs {
		close(pub.queue)
	}
	s.senders.Wait()
	var g errgroup.Group
	g.SetLimit(64)
	for _, sub := range s.subs {
		g.Go(sub.client.Close)
	}
	for _, pub := range s.pubs {
		if pub.own {
			g.Go(pub.conn.Close)
		}
	}
	_ = g.Wait() // the figures are taken; an error of saying goodbye changes none of them
}
