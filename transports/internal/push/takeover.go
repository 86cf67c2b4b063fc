package push

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"time"
)

// TakeOver takes the connection of an HTTP/1.1 request over and returns it with the head of a response of
// status 200 that is sent in chunks, with w's headers: nothing is written yet. The connection is to be closed
// behind the response.
func TakeOver(w http.ResponseWriter) (conn net.Conn, head []byte, err error) {
	h := w.Header()
	h.Set("Connection", "close")
	h.Set("Transfer-Encoding", "chunked")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	conn, _, err = http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	conn.SetDeadline(time.Time{})
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\n")
	h.Write(&b)
	b.WriteString("\r\n")
	return conn, b.Bytes(), nil
}

// Watch reads until the client, which has nothing more to say, has closed the connection, and ends the session.
func (s *Session) Watch(conn io.Reader) {
	Discard(conn)
	s.Done()
}
