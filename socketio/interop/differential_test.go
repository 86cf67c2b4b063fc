package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

// For a longer search: go test ./socketio/interop -run Differential -cases 1000000 -seed 2
var (
	cases = flag.Int("cases", 4000, "random `inputs` of each differential test")
	seed  = flag.Uint64("seed", 1, "`number` that the random inputs follow from")
)

// An outcome is what a decoder makes of an input: packets, and whether it then refuses the rest.
type outcome struct {
	Packets []decoded `json:"packets"`
	Refused bool      `json:"refused"`
}

type decoded struct {
	Type      int      `json:"type"`
	Namespace string   `json:"namespace"`
	ID        *float64 `json:"id"`
	Data      any      `json:"data"`
}

// A verdict is our outcome and, if we refuse, why and what.
type verdict struct {
	outcome
	why  error
	text string
}

// A difference is one that is meant to be: what is refused here, and taken by the official decoder.
type difference struct {
	refused *regexp.Regexp // of our error
	text    *regexp.Regexp // of the frame or packet that is refused
	reason  string
}

// officially gives inputs, each a line of JSON, to the official decoders.
func officially(t *testing.T, inputs [][]byte) []outcome {
	t.Helper()
	installClients(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "decoders.mjs")
	cmd.Stdin = bytes.NewReader(append(bytes.Join(inputs, []byte("\n")), '\n'))
	var failure strings.Builder
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, failure.String())
	}
	list := make([]outcome, 0, len(inputs))
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o outcome
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	if len(list) != len(inputs) {
		t.Fatalf("%d inputs, %d outcomes", len(inputs), len(list))
	}
	return list
}

// compare holds the outcomes against each other. Each difference that is allowed must show.
func compare(t *testing.T, inputs []string, ours []verdict, theirs []outcome, allowed []difference) {
	t.Helper()
	shown := make([]int, len(allowed))
	failures := 0
	for i, here := range ours {
		there := theirs[i]
		n := len(here.Packets)
		if len(there.Packets) >= n && (n == 0 || reflect.DeepEqual(here.Packets, there.Packets[:n])) {
			if n == len(there.Packets) && here.Refused == there.Refused {
				continue
			}
			if j := slices.IndexFunc(allowed, func(d difference) bool {
				return here.Refused && d.refused.MatchString(here.why.Error()) && d.text.MatchString(here.text)
			}); j >= 0 {
				shown[j]++
				continue
			}
		}
		if failures++; failures < 20 {
			t.Errorf("%q\nhere  %+v\nthere %+v", inputs[i], here, there)
		}
	}
	for j, d := range allowed {
		if shown[j] == 0 {
			t.Errorf("%v: the difference never showed", d.refused)
		}
		t.Logf("%v: %d times", d.refused, shown[j])
	}
}

// plain is the form of data in which outcomes are compared.
func plain(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string]any{"$bytes": base64.StdEncoding.EncodeToString(v)}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	}
	return v
}

// A frame is one frame of a Socket.IO packet; a binary one is base64 here.
type frame struct {
	Text   string `json:"text"`
	Binary bool   `json:"binary"`
}

func decodeFrames(t *testing.T, frames []frame) (o verdict) {
	d := parser.JSON{}.NewDecoder(0)
	for _, f := range frames {
		o.text = f.Text
		data := []byte(f.Text)
		if f.Binary {
			data, _ = base64.StdEncoding.DecodeString(f.Text) // it was encoded here
		}
		p, complete, err := d.Decode(parser.Frame{Data: data, Binary: f.Binary})
		if err != nil {
			o.Refused, o.why = true, err
			return o
		}
		if !complete {
			continue
		}
		x := decoded{Type: int(p.Type), Namespace: p.Namespace}
		if p.HasID {
			id := float64(p.ID)
			x.ID = &id
		}
		if len(p.Data.JSON) > 0 {
			if err := p.Data.Decode(&x.Data); err != nil {
				t.Errorf("%+v is taken, but cannot be decoded: %v", frames, err)
			}
			x.Data = plain(x.Data)
		}
		o.Packets = append(o.Packets, x)
	}
	return o
}

func TestDifferentialSocketPackets(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(*seed, 0))}
	var lines [][]byte
	var inputs []string
	var ours []verdict
	for range *cases {
		frames := g.frames()
		line, err := json.Marshal(map[string]any{"frames": frames})
		if err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(frames))
		for i, f := range frames {
			if texts[i] = f.Text; f.Binary {
				texts[i] = "binary " + f.Text
			}
		}
		lines, inputs, ours = append(lines, line), append(inputs, strings.Join(texts, "\x1e")), append(ours, decodeFrames(t, frames))
	}
	compare(t, inputs, ours, officially(t, lines), socketDifferences)
}

func TestDifferentialPayloads(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(*seed, 1))}
	var lines [][]byte
	var inputs []string
	var ours []verdict
	for range *cases {
		payload := g.payload()
		line, err := json.Marshal(map[string]string{"payload": payload})
		if err != nil {
			t.Fatal(err)
		}
		var o verdict
		for p, err := range engineio.DecodePayload([]byte(payload)) {
			if err != nil {
				o.Refused, o.why, o.text = true, err, payload
				break
			}
			x := decoded{Type: int(p.Type), Data: string(p.Data)}
			if p.Binary {
				x.Data = plain(p.Data)
			}
			o.Packets = append(o.Packets, x)
		}
		lines, inputs, ours = append(lines, line), append(inputs, payload), append(ours, o)
	}
	compare(t, inputs, ours, officially(t, lines), payloadDifferences)
}

func differ(refused, text, reason string) difference {
	return difference{regexp.MustCompile(refused), regexp.MustCompile(text), reason}
}

// head is what stands before a packet's payload, without an id.
const head = `^(?s:[0-4]|[56][0-9]+-)(/[^,]*(,|$))?`

var socketDifferences = []difference{
	differ(`payload is no array`, head+`\d*$`, "the protocol's text gives EVENT and ACK a payload; an event without a name reaches no handler"),
	differ(`CONNECT_ERROR payload is neither`, head+`\d*$`, "the same"),
	differ(`payload`, head+`\d* `, "JavaScript takes a space for the digit 0, and so for an id"),
	differ(`unknown packet type ' '|empty`, `^( |$)`, "JavaScript takes a space, and nothing, for the digit 0, and so for CONNECT"),
	differ(`illegal number of attachments`, `^[56][0-9a-z. ]+-`, "JavaScript reads the count in any form of a number"),
	differ(`acknowledgement id of \d+ digits`, head+`\d{17,}`, "a number in JavaScript is exact up to 16 digits; a longer id comes back as another one"),
	differ(`with an acknowledgement id`, `^[014]`, "only EVENT and ACK have an id"),
	differ(`ACK without an id`, `^[36]`, "an acknowledgement of nothing"),
	differ(`placeholder`, `^[56]\d+-`, "each attachment is used, and once: what nobody uses is memory that a client fills for nothing"),
}

var payloadDifferences = []difference{
	differ(`base64|line end`, `(^|\x1e)b`, "Node skips what is not base64 and takes what is missing for granted: two readers of the same bytes would differ"),
}
