package carrier

import (
	"net"
	"sync/atomic"
)

// records counts what passes beneath TLS. Until the handshake has ended it hands out one record at a
// time: crypto/tls reads ahead, and bytes behind the handshake's last record are not the handshake's.
type records struct {
	net.Conn
	conn   *Conn
	steady atomic.Bool // the handshake has ended
	head   [5]byte     // type, version and length of the record that is being read
	got    int         // bytes of head
	left   int         // bytes of the record still to come
}

// NetConn returns the connection beneath.
func (r *records) NetConn() net.Conn { return r.Conn }

// CloseWrite ends what this side says, below TLS.
func (r *records) CloseWrite() error {
	if w, ok := r.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

func (r *records) Read(p []byte) (int, error) {
	d, _ := r.conn.ways()
	if r.steady.Load() {
		n, err := r.Conn.Read(p)
		d.counts[onWire].Add(int64(n))
		return n, err
	}
	most := r.left
	if r.got < len(r.head) {
		most = len(r.head) - r.got
	}
	n, err := r.Conn.Read(p[:min(most, len(p))])
	d.counts[handshake].Add(int64(n))
	if r.got < len(r.head) {
		if r.got += copy(r.head[r.got:], p[:n]); r.got == len(r.head) {
			r.left = int(r.head[3])<<8 | int(r.head[4])
		}
	} else {
		r.left -= n
	}
	if r.got == len(r.head) && r.left == 0 {
		r.got = 0
	}
	return n, err
}

// Write counts first, as Conn.Write does.
func (r *records) Write(p []byte) (int, error) {
	_, d := r.conn.ways()
	count := &d.counts[handshake]
	if r.steady.Load() {
		count = &d.counts[onWire]
	}
	count.Add(int64(len(p)))
	n, err := r.Conn.Write(p)
	count.Add(int64(n - len(p)))
	return n, err
}
