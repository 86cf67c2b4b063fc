package engineio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// A rawSocket is a WebSocket client that can break the rules.
type rawSocket struct{ net.Conn }

// raw opens a WebSocket by hand. more goes out in the same segment as the request.
func (w *world) raw(more ...byte) rawSocket { return w.rawWith("", more...) }

// rawWith adds header lines to the request.
func (w *world) rawWith(headers string, more ...byte) rawSocket {
	w.t.Helper()
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	request := "GET /engine.io/?" + sockets + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + headers + "\r\n"
	if _, err := c.Write(append([]byte(request), more...)); err != nil {
		w.t.Fatal(err)
	}
	return rawSocket{c}
}

// frame builds a client's frame with a masking key of zero.
func frame(first byte, payload string) []byte {
	f := []byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}
	if len(payload) > 125 {
		f = append(binary.BigEndian.AppendUint16([]byte{first, 0xfe}, uint16(len(payload))), 0, 0, 0, 0)
	}
	return append(f, payload...)
}

// rest reads until the server closes.
func (c rawSocket) rest(t *testing.T) string {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatal("the connection stays open")
	}
	return string(all)
}

func TestCutMessageIsNeverDelivered(t *testing.T) {
	for name, bytes := range map[string][]byte{
		"after a fragment":           frame(0x01, "4cut"),
		"inside a frame":             frame(0x81, "4cut short")[:10],
		"after a close in a message": append(frame(0x01, "4cut"), frame(0x88, "\x03\xe8")...),
		"after an empty fragment":    append(frame(0x01, "4cut"), frame(0x00, "")...),
	} {
		w := onNetwork(t, Options{})
		c := w.raw(bytes...)
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := c.rest(t); strings.Contains(got, "4cut") {
			t.Errorf("%s: the server has echoed it", name)
		}
		w.reasons(1)
	}
}

func TestFrameThatBreaksTheRulesEndsTheConnection(t *testing.T) {
	for name, bytes := range map[string][]byte{
		"RSV bits with the request": {0xf1, 0x80, 0, 0, 0, 0},
		"reserved opcode":           {0x83, 0x80, 0, 0, 0, 0},
		"no mask":                   {0x81, 0x02, '4', 'x'},
		"fragmented ping":           {0x09, 0x80, 0, 0, 0, 0},
		"continuation of nothing":   {0x80, 0x80, 0, 0, 0, 0},
		"close code 999":            frame(0x88, "\x03\xe7"),
		"text inside a message":     append(frame(0x01, "4a"), frame(0x81, "4b")...),
		"compressed without a word": frame(0xc1, "4x"),
		"long ping":                 {0x89, 0xfe, 0, 126, 0, 0, 0, 0},
		"length not minimal":        {0x81, 0xfe, 0, 5, 0, 0, 0, 0},
		"close frame of one byte":   frame(0x88, "x"),
	} {
		w := onNetwork(t, Options{})
		if got := w.raw(bytes...).rest(t); !strings.Contains(got, "\x03\xea") { // 1002
			t.Errorf("%s: got %q", name, got)
		}
		if got := w.reasons(1); got[0] != ReasonTransportError {
			t.Errorf("%s: reason %q", name, got)
		}
	}
}

func TestTooLargeFrameIsRefusedByItsHeader(t *testing.T) {
	for name, header := range map[string][]byte{
		"2^63-1":  {0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"1 above": {0x82, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x41},
	} {
		w := onNetwork(t, Options{})
		if got := w.raw(header...).rest(t); !strings.Contains(got, "\x88\x13\x03\xf1payload too large") {
			t.Errorf("%s: got %q", name, got)
		}
		w.reasons(1)
		if !errors.Is(w.causes[0], ErrPayloadTooLarge) {
			t.Errorf("%s: cause %v", name, w.causes[0])
		}
	}
}

func TestCloseFrameIsAnsweredWithItsCode(t *testing.T) {
	for sent, answer := range map[string]string{"": "\x88\x00", "\x0f\xa0bye": "\x88\x02\x0f\xa0"} {
		w := onNetwork(t, Options{})
		if got := w.raw(frame(0x88, sent)...).rest(t); !strings.HasSuffix(got, answer) || strings.Count(got, "\x88") != 1 {
			t.Errorf("%q: got %q", sent, got)
		}
		if got := w.reasons(1); got[0] != ReasonTransportClose {
			t.Errorf("%q: reason %q", sent, got)
		}
	}
}

func TestTinyFragmentsAreBounded(t *testing.T) {
	w := onNetwork(t, Options{MaxPayload: 10_000})
	c := w.raw()
	if _, err := c.Write(frame(0x01, "4")); err != nil {
		t.Fatal(err)
	}
	go func() { // ends when the server closes
		fragments := bytes.Repeat(frame(0x00, ""), 1000)
		for range 1000 {
			if _, err := c.Write(fragments); err != nil {
				return
			}
		}
	}()
	w.reasons(1)
	if !errors.Is(w.causes[0], errFragments) {
		t.Errorf("cause %v", w.causes[0])
	}
}

func TestFragmentedMessageArrivesWithPingsInside(t *testing.T) {
	w := onNetwork(t, Options{})
	c := w.raw(bytes.Join([][]byte{frame(0x01, "4he"), frame(0x89, "ping me"), frame(0x00, "l"), frame(0x80, "lo"), frame(0x88, "\x03\xe8")}, nil)...)
	got := c.rest(t)
	if !strings.Contains(got, "\x8a\x07ping me") || !strings.Contains(got, "\x81\x064hello") && !strings.Contains(got, "\x88") {
		t.Errorf("got %q", got)
	}
}

func TestPingFloodEndsTheConnection(t *testing.T) {
	w := onNetwork(t, Options{})
	c := w.raw()
	go func() { _, _ = c.Write(bytes.Repeat(frame(0x89, "x"), 10_000)) }() // ends when the server closes
	pongs := strings.Count(c.rest(t), "\x8a\x01x")
	if pongs > 2*controlBurst {
		t.Errorf("the server has answered %d pings", pongs)
	}
	w.reasons(1)
}
