package wire

import (
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair returns the two ends of a TCP connection.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

// eventually waits until a count is read that fits.
func eventually(t *testing.T, c *Counter, fits func(Count) bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !fits(c.Read()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("counted %+v", c.Read())
		}
	}
}

func TestACounterAddsUpConnectionsLiveAndClosed(t *testing.T) {
	var c Counter
	for range 2 {
		client, server := pair(t)
		counted := c.Add(client)
		if _, err := counted.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(server, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if _, err := server.Write(make([]byte, 300)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(counted, make([]byte, 300)); err != nil {
			t.Fatal(err)
		}
		server.Close()
		if n, err := counted.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Fatalf("%d, %v", n, err)
		}
		if c.Read().Connections == 2 { // one stays open
			break
		}
		if counted.Close() != nil || counted.Close() == nil {
			t.Error("a connection closes once")
		}
	}
	eventually(t, &c, func(n Count) bool {
		return n.Connections == 2 && n.Unread == 0 && n.Up.Bytes == 2000 && n.Down.Bytes == 600 && n.Up.Segments >= 6 && n.Down.Segments >= 6
	})
	first := c.Read()
	client, _ := pair(t)
	c.Add(client)
	if d := c.Read().Sub(first); d.Connections != 1 || d.Up.Bytes != 0 || d.Up.Segments == 0 {
		t.Errorf("a new connection adds %+v", d)
	}
}

func TestWhatIsNoSocketIsCountedAsUnread(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	var c Counter
	counted := c.Add(a)
	if n := c.Read(); n.Connections != 1 || n.Unread != 1 {
		t.Errorf("counted %+v", n)
	}
	counted.Close()
	if n := c.Read(); n.Connections != 1 || n.Unread != 1 {
		t.Errorf("counted %+v after its end", n)
	}
}
