package link

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// listen accepts connections at the server's side and calls serve for each.
func (c *calibration) listen(ctx context.Context, serve func(net.Conn)) (addr string, stop func(), err error) {
	l, err := c.link.Listen(ctx)
	if err != nil {
		return "", nil, err
	}
	var work sync.WaitGroup
	work.Go(func() { // ends when l is closed
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { // ends with the client's connection
				defer conn.Close()
				serve(conn)
			})
		}
	})
	return l.Addr().String(), func() {
		l.Close()
		work.Wait()
	}, nil
}

// pingPong takes the round trips of single bytes over a connection.
func (c *calibration) pingPong(ctx context.Context) error {
	addr, stop, err := c.listen(ctx, func(conn net.Conn) {
		b := make([]byte, 1)
		for {
			if _, err := conn.Read(b); err != nil {
				return
			}
			if _, err := conn.Write(b); err != nil {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	conn, err := c.link.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	times := make([]time.Duration, min(max(int(2*time.Second/(c.n.RTT+1)), 5), 50))
	b := make([]byte, 1)
	for i := range times {
		begin := time.Now()
		if _, err := conn.Write(b); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, b); err != nil {
			return err
		}
		times[i] = time.Since(begin)
	}
	c.a.RTT = median(times)
	c.duration("round trip", c.n.RTT, c.a.RTT, rttShare, rttRest)
	return nil
}

// stream takes the rate of bytes over a connection.
func (c *calibration) stream(ctx context.Context) error {
	if c.n.Bandwidth == 0 {
		return nil
	}
	size := int(c.n.Bandwidth / 8 * 0.5)
	rate := make(chan float64, 1)
	addr, stop, err := c.listen(ctx, func(conn net.Conn) {
		buffer := make([]byte, 16<<10)
		var begin time.Time
		n := 0
		for n < size {
			m, err := conn.Read(buffer)
			if err != nil {
				break
			}
			if begin.IsZero() {
				begin = time.Now()
				size -= m // its time on the link is not in the stretch
				continue
			}
			n += m
		}
		rate <- float64(8*n) / time.Since(begin).Seconds()
	})
	if err != nil {
		return err
	}
	defer stop()
	conn, err := c.link.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write(make([]byte, size)); err != nil {
		return err
	}
	select {
	case r := <-rate:
		c.bandwidth(r)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
