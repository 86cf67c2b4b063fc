package socketio

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"transportlab/transports"
)

const peerFolder = "../../bench/peers/node"

// startPeer runs the official server with the lab's protocol, and returns where it is and how to end it.
func startPeer(t *testing.T) (at string, end func()) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(tool + " is missing")
			}
			t.Skip(tool + " is missing")
		}
	}
	if _, err := os.Stat(peerFolder + "/node_modules/socket.io"); err != nil {
		install := exec.Command("npm", "ci")
		install.Dir = peerFolder
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	cmd := exec.Command("node", "lab.mjs", "0")
	cmd.Dir = peerFolder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // it has ended already when end was called
		cmd.Wait()
		if t.Failed() {
			t.Logf("the peer says: %s", stderr.Bytes())
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the peer does not start: %v\n%s", err, stderr.Bytes())
	}
	return strings.TrimSpace(line) + "/socketio", func() { cmd.Process.Signal(syscall.SIGTERM) }
}

// The official server, given the same small protocol, keeps the promises that a comparison rests on.
func TestOfficialServerSpeaksTheProtocol(t *testing.T) {
	url, end := startPeer(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	dial := func(t *testing.T, arm transports.Transport, topic string, after transports.Cursor) transports.Conn {
		t.Helper()
		c, err := arm.Dial(ctx, transports.Target{URL: url, Topic: topic, After: after, Client: client})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	send := func(t *testing.T, c transports.Conn, m transports.Message) transports.Message {
		t.Helper()
		at, err := c.Send(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		m.Cursor = at
		return m
	}
	expect := func(t *testing.T, c transports.Conn, want ...transports.Message) {
		t.Helper()
		for _, m := range want {
			got, err := c.Recv(ctx)
			if err != nil || got.Cursor != m.Cursor || got.ID != m.ID || got.Binary != m.Binary || string(got.Data) != string(m.Data) {
				t.Fatalf("received %+v, %v; want %+v", got, err, m)
			}
		}
	}
	for _, arm := range []transports.Transport{New(transports.Options{}), NewPolling(transports.Options{}), NewUpgrade(transports.Options{})} {
		t.Run(arm.Info().Name, func(t *testing.T) {
			topic := arm.Info().Name
			pub, sub := dial(t, arm, topic, transports.Cursor{}), dial(t, arm, topic, transports.Cursor{})
			var sent []transports.Message
			for i := range 300 { // longer than a batch
				m := transports.Message{ID: fmt.Sprint("m", i), Data: fmt.Appendf(nil, "grüß \"%d\"", i)}
				if i%100 > 97 {
					m.Data, m.Binary = []byte{0xff, 0, byte(i)}, true
				}
				sent = append(sent, send(t, pub, m))
			}
			expect(t, sub, sent...)
			expect(t, dial(t, arm, topic, sent[149].Cursor), sent[150:]...)
			if again := send(t, pub, transports.Message{ID: "m7", Data: sent[7].Data}); again.Cursor != sent[7].Cursor {
				t.Errorf("sent again, a message stands at %s and %s", sent[7].Cursor, again.Cursor)
			}
			if _, err := pub.Send(ctx, transports.Message{ID: "m7", Data: []byte("other")}); !errors.Is(err, transports.ErrConflict) {
				t.Errorf("other data under the same ID: %v", err)
			}
			ahead := dial(t, arm, topic, transports.Cursor{Epoch: sent[0].Epoch, Offset: 1000})
			_, err := ahead.Recv(ctx)
			var gap *transports.GapError
			if !errors.As(err, &gap) || gap.First != 1 || gap.Last != 300 {
				t.Errorf("ahead of the log: %v", err)
			}
			last := send(t, pub, transports.Message{ID: "last", Data: []byte("!")})
			expect(t, ahead, last)
			expect(t, sub, last)
		})
	}
	waiting := dial(t, New(transports.Options{}), "t", transports.Cursor{})
	expect(t, waiting, send(t, waiting, transports.Message{ID: "1", Data: []byte("one")}))
	end()
	if _, err := waiting.Recv(ctx); !errors.Is(err, transports.ErrDraining) {
		t.Errorf("the server's end is told as %v, want ErrDraining", err)
	}
}
