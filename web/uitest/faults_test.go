package uitest

import (
	"fmt"
	"testing"
)

// What a browser writes into the console when a connection fails is no error of the page's.
var failures = []string{"net::ERR_", "WebSocket connection to", "the server responded with a status of 503", "the server responded with a status of 403"}

// progress waits until every lane has gone on by so many messages.
func (d *demo) progress(p *tab, n uint64) {
	d.t.Helper()
	tail := d.tail()
	p.becomes(fmt.Sprintf(`lab.lanes.every((l) => l.status === 'open' && Number(l.cursor.split(':')[1]) > %d)`, tail+n))
}

func (p *tab) nodes(a, b string) {
	p.t.Helper()
	for name, state := range map[string]string{"a": a, "b": b} {
		verb := map[string]string{"up": "kill", "down": "start"}[state]
		p.becomes(fmt.Sprintf(`(() => { const e = document.querySelector('[data-node=%s][data-verb=%s]'); return e && !e.hidden })()`, name, verb))
	}
}

func TestCutsDeathAndDrainAreSurvivedInEveryLane(t *testing.T) {
	d := start(t)
	p := openBrowser(t).page(d, sixLanes)
	p.open(6)
	d.post("/api/publish", `{"rate":50}`)
	d.progress(p, 5)
	for i := range arms {
		p.press(fmt.Sprintf(`[data-lane="%d"] [data-role=cut]`, i+1))
	}
	d.progress(p, 20)
	p.shoot("after-cuts")
	p.press(`[data-node=a][data-verb=kill]`)
	p.nodes("down", "up")
	d.progress(p, 20)
	p.shoot("after-a-death")
	p.press(`[data-node=a][data-verb=start]`)
	p.nodes("up", "up")
	p.press(`[data-node=b][data-verb=drain]`)
	p.nodes("up", "down")
	d.progress(p, 20)
	for i := range arms { // lanes that kept their connection to b have left it
		p.becomes(fmt.Sprintf(`document.querySelector('[data-lane="%d"]').textContent.includes('server a')`, i+1))
	}
	p.press(`[data-node=b][data-verb=start]`)
	p.nodes("up", "up")
	d.post("/api/publish", `{"rate":0}`)
	d.complete(p)
	p.quiet(failures...)
}

func TestDelayStallAndSilenceShowAndPass(t *testing.T) {
	d := start(t)
	p := openBrowser(t).page(d, sixLanes)
	p.open(6)
	d.post("/api/publish", `{"rate":20}`)
	d.progress(p, 5)
	for i := range arms {
		d.post(fmt.Sprintf("/api/lanes/%d/fault", i+1), `{"delayMs":30,"jitterMs":8,"rateKbit":10000}`)
	}
	d.progress(p, 20)
	p.becomes(`lab.lanes.every((l) => l.p50 >= 30)`) // the way down alone takes as long
	p.shoot("4g")
	for i := range arms {
		d.post(fmt.Sprintf("/api/lanes/%d/fault", i+1), `{"stall":true}`)
	}
	tail := d.tail()
	p.becomes(fmt.Sprintf(`lab.published.latest > %d`, tail+20))
	for _, l := range p.lanes() {
		var offset uint64
		if _, err := fmt.Sscanf(l.Cursor[7:], "%d", &offset); err != nil || offset > tail+5 {
			t.Errorf("lane %d goes on through a stall, from %d to %s: %v", l.ID, tail, l.Cursor, err)
		}
	}
	p.shoot("stalled")
	for i := range arms {
		d.post(fmt.Sprintf("/api/lanes/%d/fault", i+1), `{}`)
	}
	d.progress(p, 5)
	for _, lane := range []int{3, 4} { // behind a buffering proxy answers that end still come
		d.post(fmt.Sprintf("/api/lanes/%d/fault", lane), `{"buffer":true}`)
	}
	tail = d.tail()
	p.becomes(fmt.Sprintf(`Number(lab.lanes[2].cursor.split(':')[1]) > %d`, tail+20))
	var offset uint64
	if l := p.lanes()[3]; l.Transport != "streaming" {
		t.Errorf("lane 4 speaks %s", l.Transport)
	} else if _, err := fmt.Sscanf(l.Cursor[7:], "%d", &offset); err != nil || offset > tail+5 {
		t.Errorf("a stream goes on behind a buffering proxy, from %d to %s: %v", tail, l.Cursor, err)
	}
	for _, lane := range []int{3, 4} {
		d.post(fmt.Sprintf("/api/lanes/%d/fault", lane), `{}`)
	}
	d.progress(p, 5)
	d.post("/api/publish", `{"rate":0}`)
	d.complete(p)
	p.quiet(failures...)
}

func TestSocketIOFallsBackWhereWebSocketsAreBlocked(t *testing.T) {
	d := start(t)
	p := openBrowser(t).page(d, "#lanes=socketio,websocket&rate=0")
	p.open(2)
	d.post("/api/publish", `{"rate":20}`)
	d.progress(p, 5)
	for lane := 1; lane <= 2; lane++ {
		d.post(fmt.Sprintf("/api/lanes/%d/fault", lane), `{"blockWebSocket":true}`)
	}
	tail := d.tail()
	p.becomes(fmt.Sprintf(`lab.lanes[0].status === 'open' && Number(lab.lanes[0].cursor.split(':')[1]) > %d`, tail+20))
	if l := p.lanes()[1]; l.Status == "open" {
		t.Errorf("the WebSocket lane is %s although upgrades are refused", l.Status)
	}
	entries, _ := d.Gate(1).Entries(0, 1000)
	polled := false
	for _, e := range entries {
		polled = polled || e.Kind == "response" && e.Messages > 0
	}
	if !polled {
		t.Error("no message came in an answer to a poll")
	}
	p.shoot("fallback")
	d.post("/api/lanes/2/fault", `{}`)
	d.progress(p, 5) // the WebSocket lane comes back by itself
	d.post("/api/publish", `{"rate":0}`)
	d.complete(p)
	p.quiet(failures...)
}
