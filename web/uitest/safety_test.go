package uitest

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// payloads are texts that become code where a page takes them for markup, a script, a style or an address. Each
// would set window.__xss.
var payloads = []string{
	`<script>__xss=1</script>`,
	`<script>window.__xss=1//`,
	`"><script>__xss=1</script>`,
	`'><script>__xss=1</script>`,
	`</script><script>__xss=1</script>`,
	`</style><script>__xss=1</script>`,
	`</textarea><script>__xss=1</script>`,
	`</title><script>__xss=1</script>`,
	`--><script>__xss=1</script>`,
	`]]><script>__xss=1</script>`,
	`<ScRiPt >__xss=1</sCrIpT>`,
	`<script/src=data:text/javascript,__xss=1></script>`,
	`<img src=x onerror=__xss=1>`,
	`<img src=x onerror="__xss=1"`,
	`"><img src=x onerror=__xss=1>`,
	`<IMG """><SCRIPT>__xss=1</SCRIPT>">`,
	`<svg onload=__xss=1>`,
	`<svg><script>__xss=1</script></svg>`,
	`<svg><animate onbegin=__xss=1 attributeName=x dur=1s>`,
	`<svg><set onbegin=__xss=1 attributename=x>`,
	`<body onload=__xss=1>`,
	`<iframe src=javascript:parent.__xss=1></iframe>`,
	`<iframe srcdoc="<script>parent.__xss=1</script>"></iframe>`,
	`<object data=javascript:__xss=1></object>`,
	`<embed src=javascript:__xss=1>`,
	`<a href=javascript:__xss=1 autofocus onfocus=__xss=1>x</a>`,
	`<input autofocus onfocus=__xss=1>`,
	`<select autofocus onfocus=__xss=1>`,
	`<details open ontoggle=__xss=1>`,
	`<video><source onerror=__xss=1></video>`,
	`<audio src=x onerror=__xss=1>`,
	`<marquee onstart=__xss=1>`,
	`<math><mtext><table><mglyph><style><img src=x onerror=__xss=1>`,
	`<form><button formaction=javascript:__xss=1>x</form>`,
	`<link rel=stylesheet href=data:text/css,*{background:url(javascript:__xss=1)}>`,
	`<meta http-equiv=refresh content="0;url=javascript:__xss=1">`,
	`<base href=javascript:__xss=1//>`,
	`<template><script>__xss=1</script></template><img src=x onerror=__xss=1>`,
	`javascript:__xss=1//';__xss=1//";__xss=1//` + "`" + `;__xss=1`,
	`{"__proto__":{"__xss":1},"constructor":{"prototype":{"__xss":1}}}`,
	"${__xss=1}{{constructor.constructor('__xss=1')()}}\u2028__xss=1\u2029\u202e",
}

func TestForeignTextIsNeverCodeOverAnyTransport(t *testing.T) {
	if len(payloads) < 40 {
		t.Fatalf("%d payloads", len(payloads))
	}
	d := start(t)
	p := openBrowser(t).page(d, sixLanes+"&view=wire")
	p.open(6)
	elements := `document.querySelectorAll('script, iframe, object, embed, base, link, meta, img, form button[formaction], [onerror], [onload], [onfocus], [ontoggle], [onbegin], [onstart]').length`
	before := evaluate[int](p, elements)
	for i, text := range payloads {
		quoted, err := json.Marshal(map[string]string{"text": text})
		if err != nil {
			t.Fatal(err)
		}
		d.post("/api/publish", string(quoted))
		if i == 0 || i == len(payloads)-1 { // each lane shows the text as it is
			shown, _ := json.Marshal(strings.Fields(text)[0])
			p.becomes(fmt.Sprintf(`[...document.querySelectorAll('[data-lane] [data-role=last]')].every((e) => e.textContent.includes(%s))`, shown))
		}
	}
	for _, view := range []string{"measure", "run", "wire"} {
		p.press(fmt.Sprintf("[data-view=%s]", view))
	}
	p.press("[data-view=chat]")
	for i, transport := range arms {
		p.fill("[data-role=chat-transport]", transport)
		p.becomes(fmt.Sprintf(`lab.chat?.transport === %q && lab.chat.status === 'open'`, transport))
		for j := i; j < len(payloads); j += len(arms) {
			p.fill("[data-role=chat-name]", payloads[(j+7)%len(payloads)][:min(24, len(payloads[(j+7)%len(payloads)]))])
			p.fill("[data-role=chat-text]", payloads[j])
			p.press("[data-role=chat-send]")
		}
	}
	p.becomes(fmt.Sprintf(`document.querySelectorAll('[data-role=chat-log] li').length >= %d`, len(payloads)))
	d.complete(p)
	p.shoot("hostile-text")
	if !evaluate[bool](p, `window.__xss === undefined && ({}).__xss === undefined`) {
		t.Error("foreign text was run")
	}
	if after := evaluate[int](p, elements); after != before {
		t.Errorf("foreign text became %d elements", after-before)
	}
	if n := d.Violations(); n != 0 {
		t.Errorf("%d violations of the policy were reported", n)
	}
	p.quiet("net::ERR_ABORTED")
}

// The policy does what it says: what it forbids is not done, and is reported.
func TestThePolicyStopsAndReportsWhatItForbids(t *testing.T) {
	d := start(t)
	p := openBrowser(t).page(d, "#lanes=polling&rate=0")
	forbidden := []string{
		`document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=__xss=1>')`,
		`document.body.append(Object.assign(document.createElement('script'), {src: 'data:text/javascript,__xss=1'}))`,
		`document.body.append(Object.assign(document.createElement('script'), {text: '__xss=1'}))`,
		`document.body.setAttribute('style', 'color: red')`,
		`fetch('http://127.0.0.1:9/').catch(() => {})`,
		`document.body.append(Object.assign(document.createElement('iframe'), {src: '/'}))`,
	}
	for i, code := range forbidden {
		p.do(`try { %s } catch {}`, code)
		for end := time.Now().Add(patience); d.Violations() <= int64(i); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s is not reported", code)
			}
		}
	}
	if !evaluate[bool](p, `window.__xss === undefined`) {
		t.Error("forbidden code was run")
	}
}

// A finding of axe-core.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

func TestAxeFindsNothingSeriousInEitherTheme(t *testing.T) {
	d := start(t)
	p := openBrowser(t).page(d, sixLanes)
	axe, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	p.open(6)
	d.post("/api/publish", `{"burst":20}`)
	p.becomes(`lab.lanes.every((l) => l.counts.delivered >= 20)`)
	p.run(chromedp.Evaluate[chromedp.Void](string(axe) + "\n;0"))
	for _, theme := range []string{"light", "dark"} {
		p.do(`document.documentElement.dataset.theme = %q`, theme)
		p.becomes(`!document.getAnimations().some((a) => a instanceof CSSTransition)`) // colours are what they will be
		for i, view := range []string{"wire", "measure", "chat", "run"} {
			p.press(fmt.Sprintf("[data-view=%s]", view))
			part := "document" // and of the other views what differs
			if i > 0 {
				part = "'#panel-" + view + "'"
			}
			found := evaluate[[]finding](p, `axe.run(`+part+`, {resultTypes: ['violations']}).then((r) => r.violations.map((v) => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map((n) => ({html: n.html.slice(0, 200), failureSummary: n.failureSummary}))})))`)
			for _, f := range found {
				if f.Impact == "serious" || f.Impact == "critical" {
					t.Errorf("%s, %s: %s (%s): %+v", theme, view, f.ID, f.Help, f.Nodes)
				} else {
					t.Logf("%s, %s: %s %s (%s)", theme, view, f.Impact, f.ID, f.Help)
				}
			}
		}
	}
}
