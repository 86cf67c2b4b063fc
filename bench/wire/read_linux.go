package wire

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

const supported = true

// States of linux/tcp_states.h in which the peer's end of the stream has come.
const (
	timeWait  = 6
	closeWait = 8
	lastAck   = 9
	closing   = 11
)

// read reads TCP_INFO (RFC 4898 in spirit, linux/tcp.h in letter).
func read(raw syscall.RawConn, c *Count) error {
	var info *unix.TCPInfo
	var failed error
	err := raw.Control(func(fd uintptr) {
		info, failed = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	c.Up = Way{Bytes: info.Bytes_sent, Segments: uint64(info.Segs_out), Retransmitted: uint64(info.Total_retrans)}
	c.Down = Way{Bytes: info.Bytes_received, Segments: uint64(info.Segs_in)}
	switch info.State {
	case timeWait, closeWait, lastAck, closing:
		if c.Down.Bytes > 0 {
			c.Down.Bytes-- // the end of the stream takes a place in its sequence, which the kernel counts as a byte
		}
	}
	return nil
}
