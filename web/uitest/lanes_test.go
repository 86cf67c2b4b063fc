package uitest

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"transportlab/transports"
)

var arms = []string{"polling", "ajax", "longpoll", "streaming", "websocket", "socketio"}

// sixLanes is the page with one lane for each transport, and nothing published.
const sixLanes = "#lanes=polling,ajax,longpoll,streaming,websocket,socketio&rate=0"

// post asks the demo as its page does.
func (d *demo) post(path, body string) {
	d.t.Helper()
	resp, err := http.Post(strings.TrimSuffix(d.URL(), "/")+path, "application/json", strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode/100 != 2 {
		d.t.Fatalf("POST %s %s is answered %s: %s", path, body, resp.Status, answer)
	}
	http.DefaultClient.CloseIdleConnections()
}

// tail is the position of the log's last message.
func (d *demo) tail() uint64 {
	d.t.Helper()
	all := d.messages()
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Offset
}

// messages are those of the demo's topic.
func (d *demo) messages() []transports.Message {
	d.t.Helper()
	var all []transports.Message
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for after := (transports.Cursor{}); ; {
		ms, err := d.log.Read(ctx, d.Topic(), after, 1000)
		if err != nil {
			d.t.Fatal(err)
		}
		if len(ms) == 0 {
			return all
		}
		all = append(all, ms...)
		after = ms[len(ms)-1].Cursor
	}
}

// A lane is one as window.lab shows it, and its element's data.
type lane struct {
	ID        int
	Transport string
	Status    string
	Cursor    string
	Counts    struct{ Delivered, Lost, Repeated, Reordered, Gaps, Missing uint64 }
	Data      map[string]string
}

func (p *tab) lanes() []lane {
	p.t.Helper()
	return evaluate[[]lane](p, `window.lab.lanes.map((l) => ({...l, data: {...document.querySelector('[data-lane="' + l.id + '"]').dataset}}))`)
}

// open waits until all lanes are.
func (p *tab) open(n int) {
	p.t.Helper()
	p.becomes(fmt.Sprintf(`lab.lanes.length === %d && lab.lanes.every((l) => l.status === 'open')`, n))
}

// complete waits until every lane has what the log has, and holds each lane's deliveries against it: every
// message once and in order, by offsets and IDs.
func (d *demo) complete(p *tab) {
	d.t.Helper()
	var all []transports.Message
	var last transports.Cursor
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		all = d.messages() // a message may still be on its way into the log
		last = all[len(all)-1].Cursor
		if evaluate[bool](p, fmt.Sprintf(`lab.lanes.every((l) => l.cursor === %q) && [...document.querySelectorAll('[data-lane]')].every((e) => e.dataset.last === '%d')`, last, last.Offset)) {
			break
		}
		if time.Now().After(end) {
			d.t.Fatalf("the log ends at %s, the lanes do not: %+v", last, p.lanes())
		}
	}
	for _, l := range p.lanes() {
		var first uint64
		if _, err := fmt.Sscan(l.Data["first"], &first); err != nil || first == 0 || first > last.Offset {
			d.t.Errorf("lane %d over %s begins with %q: %v", l.ID, l.Transport, l.Data["first"], err)
			continue
		}
		hash := fnv.New32a()
		for _, m := range all {
			if m.Offset >= first {
				fmt.Fprintf(hash, "%d %s\n", m.Offset, m.ID)
			}
		}
		if want := fmt.Sprintf("%08x", hash.Sum32()); l.Data["digest"] != want {
			d.t.Errorf("lane %d over %s delivered other messages than the log's %d to %d: digest %s, want %s", l.ID, l.Transport, first, last.Offset, l.Data["digest"], want)
		}
		if c := l.Counts; c.Delivered != last.Offset-first+1 || c.Lost+c.Repeated+c.Reordered+c.Gaps != 0 {
			d.t.Errorf("lane %d over %s counts %+v for messages %d to %d", l.ID, l.Transport, c, first, last.Offset)
		}
	}
}

func TestEveryLaneDeliversEveryMessageOnceAndInOrder(t *testing.T) {
	d := start(t)
	p := openBrowser(t).page(d, sixLanes)
	p.open(6)
	for i, l := range p.lanes() {
		if l.Transport != arms[i] {
			t.Errorf("lane %d speaks %s, want %s", l.ID, l.Transport, arms[i])
		}
	}
	d.post("/api/publish", `{"burst":300}`)
	d.post("/api/publish", `{"size":500,"binary":true}`)
	d.post("/api/publish", `{"burst":100}`)
	d.post("/api/publish", `{"binary":false,"size":64,"rate":100}`)
	p.becomes(`lab.lanes.every((l) => l.counts.delivered > 600)`)
	p.shoot("six-lanes")
	d.post("/api/publish", `{"rate":0}`)
	p.fill("[data-role=text]", "žluťoučký 🐎 & <b>")
	p.press("[data-role=send]")
	p.becomes(`[...document.querySelectorAll('[data-lane] [data-role=last]')].every((e) => e.textContent.includes('žluťoučký 🐎 & <b>'))`)
	d.complete(p)
	for i := range arms { // what passed the gates is what the lanes count
		if c := d.Gate(i + 1).Counts(); uint64(c.Messages) != p.lanes()[i].Counts.Delivered {
			t.Errorf("%s: the gate saw %d messages, the lane %d", arms[i], c.Messages, p.lanes()[i].Counts.Delivered)
		}
	}
	p.quiet()
}

// Lane i begins with transport i, and in each round goes on to the one that is so many further: in five rounds
// each of the 30 ordered pairs has its turn.
func TestSwitchingUnderLoadLosesAndRepeatsNothingInAllThirtyPairs(t *testing.T) {
	d := start(t)
	p := openBrowser(t).page(d, sixLanes)
	p.open(6)
	d.post("/api/publish", `{"rate":100}`)
	p.becomes(`lab.lanes.every((l) => l.counts.delivered > 10)`)
	at := []int{0, 1, 2, 3, 4, 5}
	done := map[string]bool{}
	for further := 1; further <= 5; further++ {
		for i := range at {
			to := (at[i] + further) % 6
			done[arms[at[i]]+" to "+arms[to]] = true
			at[i] = to
			p.fill(fmt.Sprintf(`[data-lane="%d"] select[data-role=transport]`, i+1), arms[to])
		}
		tail := d.tail()
		p.becomes(fmt.Sprintf(`lab.lanes.every((l) => l.status === 'open' && Number(l.cursor.split(':')[1]) > %d)`, tail+10))
		for i, l := range p.lanes() {
			if l.Transport != arms[at[i]] {
				t.Errorf("lane %d speaks %s, want %s", l.ID, l.Transport, arms[at[i]])
			}
		}
	}
	if len(done) != 30 {
		t.Errorf("%d pairs were tried", len(done))
	}
	d.post("/api/publish", `{"rate":0}`)
	d.complete(p)
	p.quiet("net::ERR_ABORTED")
}

func TestTwoTabsTalkOverDifferentTransports(t *testing.T) {
	d := start(t)
	b := openBrowser(t)
	one, two := b.page(d, "#lanes=polling&rate=0&view=chat"), b.page(d, "#lanes=polling&rate=0&view=chat")
	for p, transport := range map[*tab]string{one: "longpoll", two: "websocket"} {
		p.fill("[data-role=chat-transport]", transport)
		p.becomes(fmt.Sprintf(`lab.chat?.transport === %q && lab.chat.status === 'open'`, transport))
	}
	say := func(p *tab, name, text string) {
		p.fill("[data-role=chat-name]", name)
		p.fill("[data-role=chat-text]", text)
		p.press("[data-role=chat-send]")
	}
	say(one, "ada", "hello over long polling")
	say(two, "grace", "hello over a WebSocket")
	for _, p := range []*tab{one, two} {
		for _, text := range []string{"ada", "hello over long polling", "grace", "hello over a WebSocket"} {
			p.becomes(fmt.Sprintf(`document.querySelector('[data-role=chat-log]').textContent.includes(%q)`, text))
		}
		p.becomes(`document.querySelectorAll('[data-role=chat-log] li').length === 2`)
		p.quiet("net::ERR_ABORTED")
	}
	two.shoot("chat")
}
