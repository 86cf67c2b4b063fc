package push

import (
	"io"
	"net"
	"net/http"
	"time"
)

// WriteTimeout is how long a peer may take nothing before it counts as a slow consumer.
const WriteTimeout = 5 * time.Second

// linger is how long a peer has to close after the last words.
const linger = 2 * time.Second

// A ConnWriter writes to a connection that was taken over from HTTP. The deadline is renewed once
// a second rather than at each write, because renewing costs as much as a small write.
type ConnWriter struct {
	Conn  net.Conn
	To    io.Writer // takes the bytes in place of Conn, and hands them on to it; nil: none
	until time.Time
}

// Write implements Writer.
func (w *ConnWriter) Write(p []byte) (int, error) {
	if now := time.Now(); w.until.Sub(now) < WriteTimeout {
		w.until = now.Add(WriteTimeout + time.Second)
		if err := w.Conn.SetWriteDeadline(w.until); err != nil {
			return 0, err
		}
	}
	if w.To != nil {
		return w.To.Write(p)
	}
	return w.Conn.Write(p)
}

// Last implements Writer.
func (w *ConnWriter) Last(p []byte) {
	w.Conn.SetWriteDeadline(time.Now().Add(linger))
	if w.To != nil {
		w.To.Write(p)
	} else {
		w.Conn.Write(p)
	}
}

// Close implements Writer. Lingering leaves it to whoever reads the connection to close it, soon.
func (w *ConnWriter) Close(lingering bool) {
	if lingering {
		if w.Conn.SetReadDeadline(time.Now().Add(linger)) == nil {
			return
		}
	}
	w.Conn.Close()
}

// A ResponseWriter writes to a response that cannot be taken over, such as one over HTTP/2.
type ResponseWriter struct {
	W http.ResponseWriter
}

// Write implements Writer.
func (w ResponseWriter) Write(p []byte) (int, error) {
	rc := http.NewResponseController(w.W)
	rc.SetWriteDeadline(time.Now().Add(WriteTimeout)) // not every server has deadlines; the context ends those
	if n, err := w.W.Write(p); err != nil {
		return n, err
	}
	return len(p), rc.Flush()
}

// Last implements Writer: there is nothing that a stream which is reset could say.
func (ResponseWriter) Last([]byte) {}

// Close implements Writer: returning from the handler is what ends the response.
func (ResponseWriter) Close(bool) {}

// Discard reads until the connection ends, with as little memory as can be: it is what most idle
// connections do.
func Discard(r io.Reader) {
	var buf [16]byte
	for {
		if _, err := r.Read(buf[:]); err != nil {
			return
		}
	}
}
