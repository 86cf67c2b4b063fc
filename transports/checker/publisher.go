package checker

import "transportlab/transports"

// A Publisher records what one publisher does to a topic. Its methods may be called concurrently.
type Publisher struct {
	c    *Checker
	t    *topic
	name string
}

// Publisher returns the record of one publisher, called name in violations.
func (c *Checker) Publisher(name, topicName string) *Publisher {
	t := c.topic(topicName)
	t.mu.Lock()
	t.sends = true
	t.mu.Unlock()
	return &Publisher{c, t, name}
}

// Sent records that m, with its ID, is about to be sent. A retry is not a second message.
func (p *Publisher) Sent(m transports.Message) {
	id, sum := p.c.sum(&m)
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	if _, again := p.t.pending[id]; !again {
		p.c.sent.Add(1)
		p.t.pending[id] = sum
	}
}

// Acknowledged records that Send returned at for m.
func (p *Publisher) Acknowledged(m transports.Message, at transports.Cursor) {
	p.c.acknowledged.Add(1)
	id, sum := p.c.sum(&m)
	if at.Offset == 0 || at.Epoch == "" {
		p.c.violate(1, "topic %s: publisher %s: message %s was acknowledged without a position", p.t.name, p.name, m.ID)
		return
	}
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	delete(p.t.pending, id)
	e := p.t.epoch(at.Epoch)
	if other, ok := e.byID[id]; ok && other != at.Offset {
		p.c.violate(5, "topic %s: publisher %s: message %s was acknowledged at offset %d of epoch %s and stands at %d",
			p.t.name, p.name, m.ID, at.Offset, at.Epoch, other)
		return
	}
	p.t.learn(e, at.Offset, id, sum, "publisher "+p.name)
}
