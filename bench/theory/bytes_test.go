package theory

import (
	"bufio"
	"fmt"
	"os"
	"testing"

	"transportlab/bench/result"
)

// The transports' own golden file of what was counted on their connections must follow from the forms, in every
// layer but the headers.
func TestBytesAreThoseThatWereCounted(t *testing.T) {
	f, err := os.Open("../../transports/all/testdata/bytes.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	scan.Scan() // the head
	rows := 0
	for ; scan.Scan(); rows++ {
		var a result.Arm
		var kind, way string
		var counted result.Layers
		var total uint64
		if _, err := fmt.Sscan(scan.Text(), &a.Transport, &a.Carrier, &kind, &way, &counted.Payload, &counted.Envelope, &counted.Framing, &counted.Headers, &counted.TLS, &total); err != nil {
			t.Fatalf("%q: %v", scan.Text(), err)
		}
		b, ok := Cost(a, result.Options{}, Message{Size: 64, ID: "0.5", Offset: 5, Epoch: "k3f9a2", Ack: 4})
		if !ok {
			t.Errorf("%s: no form", a)
			continue
		}
		got := map[string]result.Layers{"send, up": b.SendUp, "send, down": b.SendDown, "receive, up": b.ReceiveUp, "receive, down": b.ReceiveDown}[kind+" "+way]
		got.Headers = counted.Headers
		if got != counted || counted.Total() != total {
			t.Errorf("%s %s %s: %+v, counted %+v", a, kind, way, got, counted)
		}
	}
	if rows < 60 {
		t.Errorf("%d rows", rows)
	}
}

// The sizes that publications name.
func TestFramingOfLiterature(t *testing.T) {
	for size, want := range map[uint64]uint64{0: 2, 125: 2, 126: 4, 65535: 4, 65536: 10} {
		if got := webSocketHead(size, false); got != want {
			t.Errorf("a WebSocket frame of %d bytes has a header of %d, want %d", size, got, want)
		}
		if got := webSocketHead(size, true); got != want+4 {
			t.Errorf("masked: %d, want %d", got, want+4)
		}
	}
}

func TestBytesThatDependOnMore(t *testing.T) {
	for _, c := range []struct {
		a result.Arm
		o result.Options
		m Message
	}{
		{result.Arm{Transport: "websocket", Carrier: "h1"}, result.Options{Compression: true}, Message{Size: 64}},
		{result.Arm{Transport: "polling", Carrier: "h2"}, result.Options{}, Message{Size: 1 << 20}},
		{result.Arm{Transport: "null", Carrier: "none"}, result.Options{}, Message{Size: 64}},
	} {
		if b, ok := Cost(c.a, c.o, c.m); ok {
			t.Errorf("%s: %+v", c.a, b)
		}
	}
	if b, ok := Cost(result.Arm{Transport: "websocket", Carrier: "h1"}, result.Options{}, Message{Size: 1 << 20, ID: "a", Offset: 1}); !ok || b.ReceiveDown.Framing != 10 || b.SendUp.Framing != 14 {
		t.Errorf("a megabyte: %+v, %v", b, ok)
	}
}
