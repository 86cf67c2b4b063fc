package uitest

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// Pictures of the page, for people: both themes, three widths, idle and busy and broken.
func TestPicturesAreKept(t *testing.T) {
	d := start(t)
	p := openBrowserWith(t).page(d, sixLanes)
	p.open(6)
	shoot := func(state, theme string, widths ...int64) {
		p.do(`document.documentElement.dataset.theme = %q`, theme)
		for _, width := range widths {
			p.run(chromedp.EmulateViewport(width, 1000))
			p.becomes(`document.documentElement.scrollWidth <= innerWidth`) // nothing is cut off at the side
			p.shoot(fmt.Sprintf("%s-%d-%s", state, width, theme))
		}
	}
	shoot("idle", "light", 1400)
	d.post("/api/publish", `{"rate":40}`)
	d.progress(p, 40)
	shoot("busy", "light", 360, 1400)
	shoot("busy", "dark", 360, 800, 1400)
	d.post("/api/lanes/5/fault", `{"blockWebSocket":true}`)
	d.post("/api/lanes/4/fault", `{"stall":true}`)
	d.post("/api/nodes/a/kill", `{}`)
	p.becomes(`lab.lanes[4].status !== 'open'`)
	shoot("broken", "light", 1400)
	p.quiet(failures...)
}

// frames are those that Chromium's tracing saw between two moments.
type frames struct {
	drawn, dropped int
	length         time.Duration
	longest        time.Duration // between two that were drawn
}

// trace counts frames while the page goes on for so long.
func (p *tab) trace(length time.Duration) frames {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, tracing.Start, tracing.StartParams{TransferMode: "ReportEvents",
		TraceConfig: &tracing.TraceConfig{IncludedCategories: []string{"disabled-by-default-devtools.timeline.frame", "devtools.timeline.frame"}}}); err != nil {
		p.t.Fatal(err)
	}
	time.Sleep(length) // what is measured is how the page does meanwhile
	if _, err := chromedp.Call(p.ctx, tracing.End, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
	for end := time.Now().Add(patience); !p.traced(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatal("the trace does not end")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f := frames{length: length}
	var drawn []float64
	for _, e := range p.events {
		switch e.Name {
		case "DrawFrame":
			drawn = append(drawn, e.TS)
		case "DroppedFrame":
			f.dropped++
		}
	}
	slices.Sort(drawn)
	for i := 1; i < len(drawn); i++ {
		f.longest = max(f.longest, time.Duration(drawn[i]-drawn[i-1])*time.Microsecond)
	}
	f.drawn = len(drawn)
	return f
}

func (p *tab) traced() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.complete
}

// How the page keeps up is printed, not judged: that is the machine's matter too.
func TestFramesAtSixTimesAHundredMessagesASecond(t *testing.T) {
	d := start(t)
	p := openBrowserWith(t).page(d, sixLanes)
	p.open(6)
	d.post("/api/publish", `{"rate":100}`)
	d.progress(p, 100)
	before := p.lanes()
	f := p.trace(3 * time.Second)
	after := p.lanes()
	if f.drawn == 0 {
		t.Error("no frame was drawn")
	}
	var delivered uint64
	for i := range after {
		delivered += after[i].Counts.Delivered - before[i].Counts.Delivered
	}
	t.Logf("%d lanes, %.0f deliveries/s: %.1f frames/s drawn, %d dropped, longest %s between two; the page's own count is %d/s",
		len(after), float64(delivered)/f.length.Seconds(), float64(f.drawn)/f.length.Seconds(), f.dropped, f.longest, evaluate[int](p, `lab.frames.rate`))
	d.post("/api/publish", `{"rate":0}`)
	d.complete(p)
}

// heap is what the page's objects take when the garbage is gone, in bytes. Until the first call the browser
// keeps what passed the network for its developer tools.
func (p *tab) heap() float64 {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, network.Disable, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
	if _, err := chromedp.Call(p.ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
	use, err := chromedp.Call(p.ctx, runtime.GetHeapUsage, cdp.Empty{})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Logf("scripts %.2f MB, the page %.2f MB, buffers %.2f MB", use.UsedSize/1e6, use.EmbedderHeapUsedSize/1e6, use.BackingStorageSize/1e6)
	return use.UsedSize + use.EmbedderHeapUsedSize + use.BackingStorageSize
}

// The page keeps the last so many of everything. When all that is full, memory stays as it is: here after
// thousands of messages, and for UITEST_MEMORY=10m during the second half of ten minutes at 100 a second; its
// charts hold five.
func TestMemoryStaysFlat(t *testing.T) {
	const most = 4 << 20 // bytes more
	d := start(t)
	p := openBrowser(t).page(d, sixLanes+"&view=wire")
	p.open(6)
	fill := func(messages uint64) {
		for end := d.tail() + messages; d.tail() < end; {
			d.post("/api/publish", `{"burst":1000}`)
			d.progress(p, 700)
		}
	}
	fill(4200)
	first := p.heap()
	if text := os.Getenv("UITEST_MEMORY"); text != "" {
		length, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		d.post("/api/publish", `{"rate":100}`)
		for began := time.Now(); time.Since(began) < length; time.Sleep(length / 20) {
			now := p.heap()
			if time.Since(began) < length/2 {
				first = now
			}
			t.Logf("after %s, at message %d: %.2f MB", time.Since(began).Round(time.Second), d.tail(), now/1e6)
		}
		d.post("/api/publish", `{"rate":0}`)
	} else {
		fill(1000)
	}
	d.complete(p)
	last := p.heap()
	t.Logf("%.2f MB, and %.2f MB at message %d", first/1e6, last/1e6, d.tail())
	if last-first > most {
		t.Errorf("memory has grown by %.1f MB", (last-first)/1e6)
	}
	p.quiet()
}
