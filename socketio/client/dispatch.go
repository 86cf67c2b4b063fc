package client

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	engine "transportlab/socketio/engineio/client"
)

// A dispatch runs functions one after the other in the order in which they were given. A goroutine works on them only while
// there are some, and Manager.Close waits for it.
type dispatch struct {
	m *Manager

	mu      sync.Mutex
	tasks   []task
	bytes   int // sum of the tasks' sizes
	running bool
	room    sync.Cond // broadcast when tasks were taken, and when limits change
}

type task struct {
	size int
	run  func()
}

func newDispatch(m *Manager) *dispatch {
	d := &dispatch{m: m}
	d.room.L = &d.mu
	return d
}

// enqueue adds a function, for an event of the server with the event's size. It does nothing when the manager has ended.
func (d *dispatch) enqueue(size int, run func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.running && !d.m.spawn(d.work) { // ends when there are no tasks left
		return
	}
	d.running = true
	d.tasks = append(d.tasks, task{size, run})
	d.bytes += size
}

func (d *dispatch) work() {
	for {
		d.mu.Lock()
		tasks := d.tasks
		d.tasks = nil
		if len(tasks) == 0 {
			d.running = false
			d.mu.Unlock()
			return
		}
		d.mu.Unlock()
		for _, t := range tasks {
			t.run()
			if t.size > 0 {
				d.mu.Lock()
				d.bytes -= t.size
				d.room.Broadcast()
				d.mu.Unlock()
			}
		}
	}
}

// waitForRoom keeps the connection from being read while too many events wait, as long as it is the manager's.
func (d *dispatch) waitForRoom(conn *engine.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	limit := d.m.opts.ReceiveBuffer
	for d.bytes > limit {
		d.mu.Unlock() // the order of locks is Manager.mu, dispatch.mu
		d.m.mu.Lock()
		current, awaited := d.m.conn == conn, d.m.awaited > 0
		d.mu.Lock()
		d.m.mu.Unlock()
		if !current || awaited && d.bytes <= 4*limit {
			return
		}
		if d.bytes > limit {
			d.room.Wait()
		}
	}
}

// wake makes waitForRoom look again. Manager.mu may be held.
func (d *dispatch) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room.Broadcast()
}

var errPanicked = errors.New("panicked")

// guard calls a function of the user. A panic there is logged and costs nothing else.
func (m *Manager) guard(what string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s %w: %v", what, errPanicked, v)
			m.opts.Logger.Error("socketio client: "+what+" panicked", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	return f()
}
