package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"transportlab/bench/result"
)

// The sides of a link, and the kinds of sockets that the relay makes there.
const (
	clientSide = "client"
	serverSide = "server"

	tcp   = "tcp"
	udp   = "udp"
	rawIP = "ip" // everything that passes the interface, IP header first
)

// A request is what this program asks of the relay's process, one packet of the socket between them.
type request struct {
	Side    string `json:"side,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Sockets int    `json:"sockets,omitempty"` // how many of them; 0 asks for the counters
}

// A response answers it. Sockets come beside it.
type response struct {
	Error    string    `json:"error,omitempty"`
	Counters *Counters `json:"counters,omitempty"`
}

// relayConfig is what the child is told.
type relayConfig struct {
	Net  result.Net `json:"net"`
	Seed uint64     `json:"seed"`
}

// TaskName is the name of Task.
const TaskName = "link"

// Task is the life of a relay's process: two namespaces, what goes on between them, and sockets of both for
// the parent, over the socket that it inherited. Nothing of it outlives the process.
func Task(ctx context.Context, config json.RawMessage, stdin io.Reader, stdout io.Writer) error {
	var c relayConfig
	if err := json.Unmarshal(config, &c); err != nil {
		return err
	}
	client, err := newSpace(clientAddr)
	if err != nil {
		return err
	}
	defer client.close()
	server, err := newSpace(serverAddr)
	if err != nil {
		return err
	}
	defer server.close()
	var stop [2]int
	if err := unix.Pipe2(stop[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	s := &relaying{client: client, server: server, roads: [2]*road{
		{from: client.tun, to: server.tun, way: newWay(c.Net, c.Seed, 1)},
		{from: server.tun, to: client.tun, way: newWay(c.Net, c.Seed, 2)},
	}}
	file := os.NewFile(3, "parent")
	defer file.Close()
	parent, err := net.FileConn(file)
	if err != nil {
		return fmt.Errorf("the socket to the parent: %w", err)
	}
	var work sync.WaitGroup
	var carried, answered error
	ended := make(chan struct{}, 2)
	work.Go(func() { // ends with stop
		carried = carry(s.roads, stop[0])
		ended <- struct{}{}
	})
	work.Go(func() { // ends with parent
		answered = s.answer(parent.(*net.UnixConn))
		ended <- struct{}{}
	})
	if _, err = fmt.Fprintln(stdout, "{}"); err == nil {
		go func() { // ends with stdin, or with the process: a read of a pipe cannot be called off
			_, _ = io.Copy(io.Discard, stdin)
			parent.Close()
		}()
		select {
		case <-ended:
		case <-ctx.Done():
		}
	}
	parent.Close()
	unix.Close(stop[1])
	work.Wait()
	unix.Close(stop[0])
	return errors.Join(err, carried, answered)
}

// relaying is a relay at work.
type relaying struct {
	client, server *space
	roads          [2]*road
}

// answer serves the parent until it is gone.
func (s *relaying) answer(parent *net.UnixConn) error {
	buffer := make([]byte, 4096)
	for {
		n, err := parent.Read(buffer)
		if n == 0 || err != nil {
			return nil // the parent has gone
		}
		var q request
		var a response
		var fds []int
		if err = json.Unmarshal(buffer[:n], &q); err == nil {
			a.Counters, fds, err = s.serve(q)
		}
		if err != nil {
			a.Error = err.Error()
		}
		encoded, err := json.Marshal(a)
		if err == nil {
			_, _, err = parent.WriteMsgUnix(encoded, unix.UnixRights(fds...), nil)
		}
		for _, fd := range fds {
			unix.Close(fd)
		}
		if err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, unix.EPIPE) {
			return err
		}
	}
}

func (s *relaying) serve(q request) (*Counters, []int, error) {
	if q.Sockets == 0 {
		c, err := s.counters()
		return c, nil, err
	}
	side := s.client
	if q.Side == serverSide {
		side = s.server
	}
	family, kind, protocol := unix.AF_INET, unix.SOCK_STREAM, 0
	switch q.Kind {
	case udp:
		kind = unix.SOCK_DGRAM
	case rawIP:
		family, kind, protocol = unix.AF_PACKET, unix.SOCK_DGRAM, int(htons(unix.ETH_P_ALL))
	}
	fds, err := in(side, func() (fds []int, err error) {
		for range q.Sockets {
			fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
			if err != nil {
				return fds, err
			}
			fds = append(fds, fd)
			if q.Kind == rawIP {
				_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20) // whoever reads it sees what it dropped
			}
		}
		return fds, nil
	})
	if err != nil {
		for _, fd := range fds {
			unix.Close(fd)
		}
		return nil, nil, err
	}
	return nil, fds, nil
}

func htons(x uint16) uint16 { return x<<8 | x>>8 }

func (s *relaying) counters() (*Counters, error) {
	client, err := s.client.traffic()
	if err != nil {
		return nil, err
	}
	server, err := s.server.traffic()
	if err != nil {
		return nil, err
	}
	read := func(r *road, from, to traffic) Way {
		c := &r.carried
		return Way{Packets: c.packets.Load(), Bytes: c.bytes.Load(), Lost: c.lost.Load(), Overflow: c.overflow.Load(),
			Retransmitted: from.retransmitted, Sent: from.sent, Refused: from.refused, Received: to.received, Arrived: to.arrived}
	}
	return &Counters{Up: read(s.roads[0], client, server), Down: read(s.roads[1], server, client)}, nil
}
