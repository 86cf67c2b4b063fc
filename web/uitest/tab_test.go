package uitest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// patience is how long the page may take for anything.
const patience = 60 * time.Second

// A browser is Chromium without a window.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// A tab is a browser's tab.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	messages []string // errors and warnings of the console
	events   []event  // of a trace
	complete bool     // it has ended
}

// An event is one of Chromium's tracing; TS is in microseconds.
type event struct {
	Name string
	TS   float64
}

// openBrowser starts one that asks pages for less motion: drawing is half of what a lane costs, and here it is
// in the way.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	return openBrowserWith(t, chromedp.Flag("force-prefers-reduced-motion", true))
}

// openBrowserWith starts a browser in which pages move if they want to.
func openBrowserWith(t *testing.T, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	o := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(need(t, "chromium")), chromedp.NoSandbox, chromedp.WindowSize(1400, 1000),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	o = append(o, more...)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), o...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("close the browser: %v", err)
		}
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil { // the browser lives as long as the context of its first action
		t.Fatalf("start the browser: %v", err)
	}
	return &browser{t, ctx}
}

// open shows an address in a new tab.
func (b *browser) open(url string) *tab {
	b.t.Helper()
	p := &tab{t: b.t}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithListener(p.heard))
	b.t.Cleanup(cancel)
	p.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatalf("open a tab: %v", err)
	}
	p.run(chromedp.Navigate(url))
	return p
}

// page opens the demo's page with the lanes of the URL's fragment.
func (b *browser) page(d *demo, fragment string) *tab {
	b.t.Helper()
	p := b.open(d.URL() + fragment)
	p.becomes(`document.querySelector('#server')?.dataset.state === 'live' && !!window.lab`)
	return p
}

func (p *tab) heard(heard any) {
	text := ""
	switch e := heard.(type) {
	case *tracing.EventDataCollected:
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, v := range e.Value {
			var x event
			if json.Unmarshal(v, &x) == nil {
				p.events = append(p.events, x)
			}
		}
		return
	case *tracing.EventTracingComplete:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.complete = true
		return
	case *runtime.EventConsoleAPICalled:
		if e.Type != "error" && e.Type != "warning" {
			return
		}
		for _, a := range e.Args {
			text += " " + string(a.Value) + a.Description
		}
	case *runtime.EventExceptionThrown:
		text = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != "error" && e.Entry.Level != "warning" {
			return
		}
		text = e.Entry.Text + " " + e.Entry.URL
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.messages = append(p.messages, text)
}

// quiet fails the test if the console has anything to say but what contains one of the expected texts.
func (p *tab) quiet(expected ...string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
next:
	for _, text := range p.messages {
		for _, e := range expected {
			if strings.Contains(text, e) {
				continue next
			}
		}
		p.t.Errorf("the console says: %s", text)
	}
}

// run acts in the tab.
func (p *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

// evaluate returns the value of a JavaScript expression, or what its promise becomes.
func evaluate[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("evaluate %.300s: %v", expression, err)
	}
	return v
}

// do evaluates statements.
func (p *tab) do(format string, args ...any) {
	p.t.Helper()
	evaluate[bool](p, "(() => {"+fmt.Sprintf(format, args...)+"\nreturn true})()")
}

// becomes waits until a JavaScript expression is true.
func (p *tab) becomes(expression string) {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if evaluate[bool](p, "!!("+expression+")") {
			return
		}
		if time.Now().After(end) {
			p.shoot("failure-" + strings.ReplaceAll(p.t.Name(), "/", "-"))
			p.t.Fatalf("the page does not come to %s; lanes: %s\nconsole: %q\n%.600s", expression,
				evaluate[string](p, `JSON.stringify(window.lab?.lanes)`), p.messages, evaluate[string](p, `document.body.innerText`))
		}
	}
}

// press clicks the element that a selector names, once it is there and enabled.
func (p *tab) press(selector string) {
	p.t.Helper()
	p.becomes(fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e || e.disabled) return false; e.click(); return true })()`, selector))
}

// fill gives a control its value as a person's input does.
func (p *tab) fill(selector, value string) {
	p.t.Helper()
	quoted, err := json.Marshal(value)
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(`const e = document.querySelector(%q); e.value = %s; for (const k of ['input', 'change']) e.dispatchEvent(new Event(k, {bubbles: true}))`, selector, quoted)
}

// shoot keeps a picture of the page.
func (p *tab) shoot(name string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Logf("screenshot: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(pictures(p.t), name+".png"), picture, 0o644); err != nil {
		p.t.Error(err)
	}
}
