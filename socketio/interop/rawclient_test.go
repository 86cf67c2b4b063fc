package interop

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// A rawClient is a WebSocket client that costs next to nothing, so that the server is what is measured. Its masking key is
// zero.
type rawClient struct {
	net.Conn
	br *bufio.Reader
}

// dialRaw joins the namespace "/".
func dialRaw(b *testing.B, address string) *rawClient {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	c := &rawClient{conn, bufio.NewReaderSize(conn, 512)}
	b.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", address)
	if err != nil {
		b.Fatal(err)
	}
	for line := ""; line != "\r\n"; {
		if line, err = c.br.ReadString('\n'); err != nil {
			b.Fatal(err)
		}
	}
	c.expect(b, "0{")
	c.send(b, "40")
	c.expect(b, "40{")
	return c
}

func (c *rawClient) send(b *testing.B, text string) {
	if err := c.write(text); err != nil {
		b.Fatal(err)
	}
}

func (c *rawClient) write(text string) error {
	frame := []byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}
	if len(text) > 125 {
		frame = binary.BigEndian.AppendUint16([]byte{0x81, 0xfe}, uint16(len(text)))
		frame = append(frame, 0, 0, 0, 0)
	}
	_, err := c.Write(append(frame, text...))
	return err
}

// read returns the next text, and answers pings.
func (c *rawClient) read() (string, error) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(c.br, head[:]); err != nil {
			return "", err
		}
		n := int(head[1])
		if n == 126 {
			var long [2]byte
			if _, err := io.ReadFull(c.br, long[:]); err != nil {
				return "", err
			}
			n = int(binary.BigEndian.Uint16(long[:]))
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(c.br, text); err != nil {
			return "", err
		}
		if string(text) != "2" {
			return string(text), nil
		}
		if err := c.write("3"); err != nil {
			return "", err
		}
	}
}

func (c *rawClient) expect(b *testing.B, prefix string) {
	b.Helper()
	text, err := c.read()
	if err != nil || !strings.HasPrefix(text, prefix) {
		b.Fatalf("got %q, %v, want %q…", text, err, prefix)
	}
}
