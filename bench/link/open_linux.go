package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"transportlab/bench/child"
	"transportlab/bench/result"
	"transportlab/transports/carrier"
)

// A relay is this side's hold on a relay's process.
type relay struct {
	*child.Process
	mu    sync.Mutex // one request at a time
	ask   *net.UnixConn
	stock []int // TCP sockets of the client's side that are ready to use
}

// openRelay starts a relay. Without root it asks for a user namespace of its own, in which it may make
// network namespaces, where the system gives that to everybody.
func openRelay(ctx context.Context, n result.Net, seed uint64) (*relay, error) {
	return startRelay(ctx, n, seed, os.Geteuid() != 0)
}

func startRelay(ctx context.Context, n result.Net, seed uint64, userNamespace bool) (*relay, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "relay"), os.NewFile(uintptr(pair[1]), "parent")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	r := &relay{ask: conn.(*net.UnixConn)}
	o := child.Options{Name: "relay", Files: []*os.File{theirs}}
	if userNamespace {
		o.Attributes = syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		}
	}
	var nothing struct{}
	if r.Process, err = child.Start(ctx, TaskName, relayConfig{n, seed}, o, &nothing); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return r, nil
}

// Close ends the relay and its namespaces.
func (r *relay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, fd := range r.stock {
		unix.Close(fd)
	}
	r.stock = nil
	return errors.Join(r.ask.Close(), r.Process.Close())
}

// socket returns a new socket of one side.
func (r *relay) socket(side, kind string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if side != clientSide || kind != tcp {
		fds, _, err := r.request(request{Side: side, Kind: kind, Sockets: 1})
		if err != nil {
			return -1, err
		}
		return fds[0], nil
	}
	if len(r.stock) == 0 {
		const batch = 32 // asking takes as long as a connection on a fast network
		fds, _, err := r.request(request{Side: side, Kind: kind, Sockets: batch})
		if err != nil {
			return -1, err
		}
		r.stock = fds
	}
	last := len(r.stock) - 1
	fd := r.stock[last]
	r.stock = r.stock[:last]
	return fd, nil
}

func (r *relay) counters() (Counters, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, c, err := r.request(request{})
	if err != nil {
		return Counters{}, err
	}
	return *c, nil
}

// request asks and returns the answer. r is locked.
func (r *relay) request(q request) (fds []int, c *Counters, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("asking the relay's process: %w", err)
		}
	}()
	encoded, err := json.Marshal(q)
	if err != nil {
		return nil, nil, err
	}
	if err := r.ask.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, nil, err
	}
	if _, err := r.ask.Write(encoded); err != nil {
		return nil, nil, err
	}
	text, rights := make([]byte, 4096), make([]byte, unix.CmsgSpace(4*64))
	n, m, _, _, err := r.ask.ReadMsgUnix(text, rights)
	if err != nil {
		return nil, nil, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:m])
	if err != nil {
		return nil, nil, err
	}
	for i := range messages {
		some, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return nil, nil, err
		}
		fds = append(fds, some...)
	}
	var a response
	if err = json.Unmarshal(text[:n], &a); err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	if err == nil && (len(fds) != q.Sockets || q.Sockets == 0 && a.Counters == nil) {
		err = fmt.Errorf("it gave %d sockets instead of %d", len(fds), q.Sockets)
	}
	if err != nil {
		for _, fd := range fds {
			unix.Close(fd)
		}
		return nil, nil, err
	}
	return fds, a.Counters, nil
}

// control gives sockets that package net makes the namespace of one side, by putting another in their place:
// a socket belongs for ever to the namespace in which it was made, whoever uses it. Net calls it before it
// registers the descriptor with its poller.
func (r *relay) control(side string) carrier.Control {
	return func(network, _ string, c syscall.RawConn) error {
		kind := tcp
		if network == "udp4" {
			kind = udp
		}
		fd, err := r.socket(side, kind)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return replace(c, fd)
	}
}

// Inherited is a carrier.Control that puts the inherited descriptor in the place of each socket.
func Inherited(fd int) carrier.Control {
	return func(_, _ string, c syscall.RawConn) error { return replace(c, fd) }
}

func replace(c syscall.RawConn, with int) error {
	var failed error
	err := c.Control(func(fd uintptr) { failed = unix.Dup3(with, int(fd), unix.O_CLOEXEC) })
	return errors.Join(err, failed)
}
