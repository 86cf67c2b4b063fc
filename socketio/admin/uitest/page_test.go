// Package uitest drives the official Admin UI in a browser against servers of this library.
package uitest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// need returns where a program is.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(program + " is missing")
		}
		t.Skip(program + " is missing")
	}
	return path
}

var installing sync.Mutex

// install fetches the npm package that package-lock.json names, unless it is there, and returns the page's folder.
func install(t *testing.T) string {
	t.Helper()
	need(t, "node")
	npm := need(t, "npm")
	installing.Lock()
	defer installing.Unlock()
	lock, err := os.Open("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil { // another run of this test may install it
		t.Fatal(err)
	}
	page := filepath.FromSlash("node_modules/@socket.io/admin-ui/ui/dist")
	if _, err := os.Stat(filepath.Join(page, "index.html")); err == nil {
		return page
	}
	if out, err := exec.Command(npm, "ci").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return page
}

// A tab is a browser's tab with the page.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// open shows the page, from an origin of its own, in a browser without a window.
func open(t *testing.T) (*tab, string) {
	t.Helper()
	files := httptest.NewServer(http.FileServerFS(os.DirFS(install(t))))
	t.Cleanup(files.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(need(t, "chromium")), chromedp.NoSandbox, chromedp.WindowSize(1400, 900),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")) // the page asks for fonts from elsewhere
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
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
	p := &tab{t, ctx}
	p.run(chromedp.Navigate(files.URL))
	return p, files.URL
}

// run acts in the tab.
func (p *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 60*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.shoot("failure")
		p.t.Fatalf("browser: %v", err)
	}
}

// text returns what the page shows.
func (p *tab) text() string {
	p.t.Helper()
	return evaluate[string](p, `document.body.innerText`)
}

// evaluate returns the value of a JavaScript expression.
func evaluate[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 60*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return v
}

// shows waits until the page shows all the texts.
func (p *tab) shows(want ...string) {
	p.t.Helper()
	p.becomes(func(text string) string {
		for _, w := range want {
			if !strings.Contains(text, w) {
				return fmt.Sprintf("does not show %q", w)
			}
		}
		return ""
	})
}

// hides waits until the page does not show the text.
func (p *tab) hides(unwanted string) {
	p.t.Helper()
	p.becomes(func(text string) string {
		if strings.Contains(text, unwanted) {
			return fmt.Sprintf("shows %q", unwanted)
		}
		return ""
	})
}

// becomes waits until the page's text has no fault.
func (p *tab) becomes(fault func(text string) string) {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		text := p.text()
		wrong := fault(text)
		if wrong == "" {
			return
		}
		if time.Now().After(end) {
			p.shoot("failure")
			p.t.Fatalf("the page %s; it shows:\n%s", wrong, text)
		}
	}
}

// goes follows a link of the page's menu.
func (p *tab) goes(route string) {
	p.t.Helper()
	p.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`location.hash = %q`, "#"+route)))
}

// press clicks the element that a JavaScript expression returns, once it is there and enabled. Not with the mouse: the page
// moves its elements in.
func (p *tab) press(element string) {
	p.t.Helper()
	p.becomes(func(string) string {
		if evaluate[bool](p, fmt.Sprintf(`(e => {
			if (!e || e.disabled) return false
			for (const kind of ['mousedown', 'mouseup', 'click']) e.dispatchEvent(new MouseEvent(kind, {bubbles: true}))
			return true
		})(%s)`, element)) {
			return ""
		}
		return "has no " + element
	})
}

// login fills in the form.
func (p *tab) login(url, username, password string) {
	p.t.Helper()
	p.run(chromedp.WaitVisible(chromedp.CSS(`form input[type=password]`)))
	for i, value := range []string{url, username, password} {
		p.fill(fmt.Sprintf(`document.querySelectorAll('form input:not([role=switch])')[%d]`, i), value)
	}
	p.press(`document.querySelector('form button[type=submit]')`)
}

// fill puts a value into the input element that a JavaScript expression returns.
func (p *tab) fill(element, value string) {
	p.t.Helper()
	p.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
		`(() => { const e = %s; e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true})) })()`, element, value)))
}

// chooseNamespace picks a namespace from the page's list.
func (p *tab) chooseNamespace(name string) {
	p.t.Helper()
	p.press(`document.querySelector('.selector .v-input__slot')`)
	p.press(fmt.Sprintf(`[...document.querySelectorAll('.v-menu__content .v-list-item')].find(e => e.innerText.trim() === %q)`, name))
}

// shoot keeps a picture of the page if the environment variable SCREENSHOTS names a folder for it.
func (p *tab) shoot(name string) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, 20*time.Second)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Logf("screenshot: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
		p.t.Error(err)
	}
}
