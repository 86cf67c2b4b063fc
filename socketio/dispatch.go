package socketio

import (
	"errors"
	"fmt"
	"time"

	"transportlab/socketio/parser"
)

// A task is an event to handle, or a function to run in its turn.
type task struct {
	packet parser.Packet
	run    func()
}

// A dispatch is the queue of a socket's tasks. A goroutine works on it only while there are some. It is guarded by the
// socket's lock.
type dispatch struct {
	tasks   []task
	running bool
	space   chan struct{} // if not nil, closed when there is room again
}

// enqueue adds a task. It always succeeds while the server lives.
func (s *Socket) enqueue(t task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.tasks = append(s.queue.tasks, t)
	if !s.queue.running {
		s.queue.running = true
		s.client.server.dispatch(s)
	}
}

// enqueueEvent adds an event, and waits while too many are queued.
func (s *Socket) enqueueEvent(p parser.Packet) {
	for {
		s.mu.Lock()
		if len(s.queue.tasks) < s.client.server.opts.MaxQueuedEvents {
			s.mu.Unlock()
			s.enqueue(task{packet: p})
			return
		}
		if s.queue.space == nil {
			s.queue.space = make(chan struct{})
		}
		space := s.queue.space
		s.mu.Unlock()
		select {
		case <-space:
		case <-s.ctx.Done():
			return
		}
	}
}

// idleWorkers is how many goroutines wait for sockets with tasks. A goroutine that has run handlers has a stack of their
// size; a new one would have to grow it for each event.
const idleWorkers = 8

// idleTime is how long such a goroutine waits.
const idleTime = time.Second

// dispatch has a goroutine work on the socket's tasks: one that waits, or a new one.
func (s *Server) dispatch(sock *Socket) {
	select {
	case s.idle <- sock:
	default:
		s.spawn(func() { s.serveTasks(sock) }) // ends with the tasks, or with the server when it waits for more
	}
}

func (s *Server) serveTasks(sock *Socket) {
	var patience *time.Timer
	for {
		sock.work()
		sock = nil // it may go while this goroutine waits
		if s.idlers.Add(1) > idleWorkers {
			s.idlers.Add(-1)
			return
		}
		if patience == nil {
			patience = time.NewTimer(idleTime)
			defer patience.Stop()
		} else {
			patience.Reset(idleTime)
		}
		select {
		case sock = <-s.idle:
		case <-patience.C:
		case <-s.ctx.Done():
		}
		s.idlers.Add(-1)
		if sock == nil {
			return
		}
	}
}

func (s *Socket) work() {
	for {
		s.mu.Lock()
		tasks := s.queue.tasks
		s.queue.tasks = nil
		if s.queue.space != nil {
			close(s.queue.space)
			s.queue.space = nil
		}
		if len(tasks) == 0 {
			s.queue.running = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, t := range tasks {
			if t.run != nil {
				t.run()
			} else {
				s.handle(t.packet)
			}
		}
	}
}

// receive takes a packet of the client for this socket. An error closes the connection.
func (s *Socket) receive(p parser.Packet) error {
	s.mu.Lock()
	state := s.state
	s.mu.Unlock()
	switch {
	case state == arriving && p.Type == parser.Connect: // the official client may ask twice; one answer is on its way
		return nil
	case state == arriving:
		return fmt.Errorf("%v before the namespace was joined", p.Type)
	case state == disconnected: // by us; the client does not know yet
		return nil
	}
	switch p.Type {
	case parser.Event:
		s.enqueueEvent(p)
	case parser.Ack:
		s.acknowledged(p)
	case parser.Disconnect:
		s.end(ReasonClientDisconnect, nil)
	default:
		return fmt.Errorf("%v for a namespace that was joined", p.Type)
	}
	return nil
}

// handle gives an event to the catch-all functions, the middlewares and the event's handlers.
func (s *Socket) handle(p parser.Packet) {
	name, args, err := p.Data.Event()
	if err != nil { // the decoder has checked it
		s.fail(err)
		return
	}
	e := &Event{Name: name, Args: args, socket: s, id: p.ID, wantsAck: p.HasID}
	s.mu.Lock()
	catchAll, middlewares, handlers := s.catchAll, s.middlewares, s.handlers
	s.mu.Unlock()
	for _, h := range catchAll {
		s.run(h, e)
	}
	for _, m := range middlewares {
		if err := s.ns.server.guard("event middleware", func() error { return m(s.ctx, e) }); err != nil {
			s.fail(err)
			return
		}
	}
	for _, h := range handlers {
		if h.event == name {
			s.run(h, e)
		}
	}
}

func (s *Socket) run(h *handler, e *Event) {
	err := s.ns.server.guard("event handler", func() error { return h.f(s.ctx, e) })
	if err != nil {
		s.fail(fmt.Errorf("event %q: %w", e.Name, err))
	}
}

// fail reports an error of a handler or middleware. The connection goes on.
func (s *Socket) fail(err error) {
	s.mu.Lock()
	told := s.onError
	s.mu.Unlock()
	if len(told) == 0 && !errors.Is(err, ErrDisconnected) {
		s.ns.server.opts.Logger.Warn("socketio: event handler failed", "namespace", s.namespace, "error", err)
	}
	for _, f := range told {
		_ = s.ns.server.guard("error handler", func() error { f(err); return nil }) // guard has logged it
	}
}
