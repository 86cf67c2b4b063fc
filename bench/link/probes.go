package link

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"transportlab/bench/pace"
)

// Probes are datagrams that an echo at the server's side sends back.
const (
	probeSize    = 16 // bytes of number and time; 44 with IP and UDP
	headersOfUDP = 28 // IPv4 and UDP
	bulkSize     = mtu - headersOfUDP
)

// probed is what became of probes.
type probed struct {
	sent, echoed int // up and there, hence down
	back         []time.Duration
}

// packets opens a datagram socket on one side.
func (l *Link) packets(ctx context.Context, side string) (net.PacketConn, error) {
	lc, addr := net.ListenConfig{}, "127.0.0.1:0"
	if l.relay != nil {
		lc.Control = l.relay.control(side)
		if addr = serverAddr + ":0"; side == clientSide {
			addr = clientAddr + ":0"
		}
	}
	return lc.ListenPacket(ctx, "udp4", addr)
}

// probe sends n probes with a pause between two, and waits for the last for as long as patience after the
// last has been sent.
func (l *Link) probe(ctx context.Context, n int, pause, patience time.Duration) (p probed, err error) {
	client, err := l.packets(ctx, clientSide)
	if err != nil {
		return p, err
	}
	defer client.Close()
	server, err := l.packets(ctx, serverSide)
	if err != nil {
		return p, err
	}
	defer server.Close()
	began := time.Now()
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { // ends when server is closed
		defer client.SetReadDeadline(time.Now())
		buffer := make([]byte, probeSize)
		for {
			m, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			p.echoed++
			if _, err := server.WriteTo(buffer[:m], from); err != nil {
				return
			}
		}
	})
	defer server.Close()
	var sender sync.WaitGroup
	var sending error
	sender.Go(func() { // ends with the schedule or ctx
		at := make([]time.Duration, n)
		for i := range at {
			at[i] = time.Duration(i) * pause
		}
		probe := make([]byte, probeSize)
		_, sending = pace.Run(ctx, time.Now(), at, func(from, to int) {
			for i := from; i < to; i++ {
				binary.BigEndian.PutUint64(probe, uint64(i))
				binary.BigEndian.PutUint64(probe[8:], uint64(time.Since(began)))
				if _, err := client.WriteTo(probe, server.LocalAddr()); err == nil {
					p.sent++
				}
			}
		})
		_ = client.SetReadDeadline(time.Now().Add(patience))
	})
	buffer := make([]byte, probeSize)
	for len(p.back) < n {
		m, _, err := client.ReadFrom(buffer)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil || m != probeSize {
			continue // an ICMP error of an earlier datagram
		}
		p.back = append(p.back, time.Since(began)-time.Duration(binary.BigEndian.Uint64(buffer[8:])))
	}
	sender.Wait()
	if err := errors.Join(ctx.Err(), sending); err != nil {
		return p, err
	}
	server.Close()
	work.Wait()
	return p, nil
}

// bulk sends datagrams upwards at more than the link's rate for d, and returns the rate in bit/s of IP
// packets at which they arrived.
func (l *Link) bulk(ctx context.Context, rate float64, d, patience time.Duration) (float64, error) {
	client, err := l.packets(ctx, clientSide)
	if err != nil {
		return 0, err
	}
	defer client.Close()
	server, err := l.packets(ctx, serverSide)
	if err != nil {
		return 0, err
	}
	defer server.Close()
	if u, ok := server.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(4 << 20) // as much as the system gives; the reader keeps up anyhow
	}
	var work sync.WaitGroup
	defer work.Wait()
	var sending error
	work.Go(func() { // ends with the schedule or ctx
		const excess = 1.2
		pause := time.Duration(8e9 * mtu / (excess * rate))
		at := make([]time.Duration, max(d/pause, 12))
		for i := range at {
			at[i] = time.Duration(i) * pause
		}
		datagram := make([]byte, bulkSize)
		_, sending = pace.Run(ctx, time.Now(), at, func(from, to int) {
			for range to - from {
				_, _ = client.WriteTo(datagram, server.LocalAddr()) // what is not sent is not received
			}
		})
		_ = server.SetReadDeadline(time.Now().Add(patience))
	})
	var first, last time.Time
	received := 0
	buffer := make([]byte, mtu)
	for {
		m, _, err := server.ReadFrom(buffer)
		if err != nil {
			break
		}
		if last = time.Now(); first.IsZero() {
			first = last
			continue // its time on the link is not in the stretch
		}
		received += m + headersOfUDP
	}
	work.Wait()
	if err := errors.Join(ctx.Err(), sending); err != nil {
		return 0, err
	}
	if received == 0 {
		return 0, errors.New("of the datagrams that were to tell the rate fewer than two arrived")
	}
	return float64(8*received) / last.Sub(first).Seconds(), nil
}
