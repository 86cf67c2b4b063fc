package client

import (
	"context"
	"sync"
	"time"

	"transportlab/socketio/engineio"
)

// A Handler is told what happens to a session. Nil fields are skipped. Message, Ping and Upgraded are called one at a time,
// in order; while one of them runs nothing more is read.
type Handler struct {
	Message  func(data []byte, binary bool) // data is the handler's
	Ping     func()                         // a ping of the server was answered
	Upgraded func()                         // the session moved to a WebSocket
	// UpgradeFailed is told why the session stays on polling. It may be called while another function runs.
	UpgradeFailed func(error)
	// Closed is called once, after everything else, when the session ends for another reason than Conn.Close. It may be
	// called while another function runs.
	Closed func(engineio.Reason, error)
}

type state uint8

const (
	stateOpen    state = iota
	stateClosing       // Close was called: what is queued goes out, nothing comes in
	stateClosed
)

// A Conn is one session. Its methods may be called concurrently and, Wait apart, never wait for the network. It ends by
// Close, when the server or the network ends it, or when the server is silent for longer than it promised.
type Conn struct {
	dialer    *Dialer
	handshake engineio.Handshake
	handler   Handler
	early     []engineio.Packet // came with the handshake, before Start

	ctx    context.Context // ends with the session
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu        sync.Mutex
	changed   sync.Cond // broadcast when anything below changes that a goroutine may wait for
	state     state
	transport transport
	queue     []engineio.Packet
	queued    int  // bytes of queue and of what is being written
	writing   bool // a write is in progress
	pongs     int  // in queue
	upgrading bool // a WebSocket is ready and waits for polling to stop
	parked    bool // the reading goroutine has stopped for it
	beat      heartbeat
}

func newConn(d *Dialer, t transport) *Conn {
	c := &Conn{dialer: d, transport: t}
	c.changed.L = &c.mu
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Start begins to read, and to move to a WebSocket if that is offered. It must be called once, before anything else.
func (c *Conn) Start(h Handler) {
	c.handler = h
	if p, ok := c.transport.(*polling); ok {
		p.maxPayload = c.handshake.MaxPayload
	}
	c.mu.Lock()
	c.beat.start(c)
	c.mu.Unlock()
	c.work.Go(c.readAll)  // ends with the session, see readAll
	c.work.Go(c.writeAll) // likewise
	if c.mayUpgrade() {
		c.work.Go(c.upgrade) // ends with the session at the latest: its dial has the session's context
	}
}

// ID returns the session's id, a secret between client and server.
func (c *Conn) ID() string { return c.handshake.SID }

// Handshake returns what the server said when the session began.
func (c *Conn) Handshake() engineio.Handshake { return c.handshake }

// Transport returns the name of the transport: Polling or WebSocket.
func (c *Conn) Transport() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transport.name()
}

// Writable reports whether a message would leave at once.
func (c *Conn) Writable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == stateOpen && len(c.queue) == 0 && !c.writing && !c.upgrading
}

// Buffered returns the number of bytes that wait to be sent or are being sent.
func (c *Conn) Buffered() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queued
}

// Send queues messages, one after the other with nothing between them. Only the data and the kind of each are used. It
// fails with engineio.ErrClosed. The queue has no limit: see Buffered.
func (c *Conn) Send(messages ...engineio.Packet) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateOpen {
		return engineio.ErrClosed
	}
	for _, m := range messages {
		m.Type = engineio.MessagePacket
		c.queued += len(m.Data)
		c.queue = append(c.queue, m)
	}
	c.changed.Broadcast()
	return nil
}

// Drain waits until at most limit bytes wait to be sent. It fails with engineio.ErrClosed, or when ctx ends.
func (c *Conn) Drain(ctx context.Context, limit int) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.queued > limit {
		if c.state != stateOpen {
			return engineio.ErrClosed
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		c.changed.Wait()
	}
	return nil
}

// closeTimeout is how long a session that is closed by this side may take to send what is queued and say goodbye.
const closeTimeout = 5 * time.Second

// Close ends the session: what is queued is sent, then the server is told. It returns at once, see Wait. The handler hears
// nothing more.
func (c *Conn) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateOpen {
		return
	}
	c.state = stateClosing
	c.beat.stop()
	c.beat.timer = time.AfterFunc(closeTimeout, func() { c.end("", nil) })
	c.changed.Broadcast()
}

// Wait returns when the session has ended and its goroutines with it. It must not be called by the handler.
func (c *Conn) Wait() { c.work.Wait() }

// end ends the session at once and frees everything.
func (c *Conn) end(reason engineio.Reason, err error) {
	c.mu.Lock()
	before := c.state
	c.state = stateClosed
	t := c.transport
	c.beat.stop()
	c.queue, c.queued = nil, 0
	c.changed.Broadcast()
	c.mu.Unlock()
	if before == stateClosed {
		return
	}
	if reason == engineio.ReasonTransportError {
		c.dialer.prior.Store(false)
	}
	c.cancel()
	t.abandon()
	if before == stateOpen && c.handler.Closed != nil {
		c.handler.Closed(reason, err)
	}
}
