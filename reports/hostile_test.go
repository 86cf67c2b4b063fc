package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"transportlab/bench/result"
)

// hostile are texts that try to become something else than text in a report.
var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`'--></style></title></svg><svg onload=alert(1)>`,
	"</script><script>alert(1)</script>",
	`javascript:alert(1)`,
	`=HYPERLINK("http://example.org","x")`,
	"@SUM(1+1)*cmd|' /C calc'!A0",
	"-2+3+cmd",
	"\t=1+1",
	"| a | b |\n\n# heading\n\n[x](javascript:alert(1)) ![y](http://example.org/z) `code` <b>bold</b>",
	"http://example.org/ \u202Egnp.exe \x00\x1b[31m",
	"{{.Document}} {{template \"svg\"}} ${x} \u2028\u2029",
}

// TestA36_HostileNamesAreInert fills every free text of a document with markup and asserts that the
// page has the same elements and attributes as with harmless text: whatever came in is text.
func TestA36_HostileNamesAreInert(t *testing.T) {
	plain := structure(t, poisoned(t, "harmless"))
	backwards := slices.Clone(hostile)
	slices.Reverse(backwards)
	for _, text := range []string{strings.Join(hostile, " "), strings.Join(backwards, "")} {
		if got := structure(t, poisoned(t, text)); !slices.Equal(got, plain) {
			t.Errorf("%q changes the page: %s", text, firstDifference(got, plain))
		}
	}
}

func TestA36_SVGIsInert(t *testing.T) {
	for _, text := range hostile {
		r, err := New(poisoned(t, text))
		if err != nil {
			t.Fatal(err)
		}
		charts := r.Charts()
		if len(charts) < 20 {
			t.Fatalf("%d charts", len(charts))
		}
		for _, c := range charts {
			var b bytes.Buffer
			if err := c.WriteSVG(&b); err != nil {
				t.Fatal(err)
			}
			for _, e := range elements(t, &b) {
				if name, _, _ := strings.Cut(e, " "); !slices.Contains([]string{"svg", "style", "title", "desc", "path", "text"}, name) || strings.Contains(e, " on") {
					t.Errorf("%q becomes <%s> in %s", text, e, c.ID)
				}
			}
			if strings.Trim(c.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(c.ID) > 200 {
				t.Errorf("%q becomes the file name %q", text, c.ID)
			}
		}
	}
}

func TestA36_MarkdownIsInert(t *testing.T) {
	for _, text := range hostile {
		shown := inert(text)
		if strings.ContainsAny(shown, "<>\n\r\t\x00\x1b\u202e") {
			t.Errorf("%q is written as %q", text, shown)
		}
		for i, c := range shown {
			if strings.ContainsRune("`*_[]|#!", c) && shown[i-1] != '\\' && !strings.HasPrefix(shown[i:], "#58;") {
				t.Errorf("%q is written as %q: %q is not escaped", text, shown, c)
			}
		}
	}
}

func TestA36_CSVCellsAreNoFormulas(t *testing.T) {
	for _, text := range hostile {
		d := fixture(t, 1)
		d.Runs = d.Runs[:1]
		d.Runs[0].Error, d.Runs[0].Arm.Transport = text, text
		var b bytes.Buffer
		if err := (&Report{Document: d}).WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Errorf("%q leaves the cell %q", text, cell)
				}
			}
		}
	}
}

// The JSON on the page must come back as what it was.
func TestPageHoldsItsFiguresAsJSON(t *testing.T) {
	r, err := New(poisoned(t, hostile[3]))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(b.String(), `<script type="application/json" id="summary">`)
	if !ok {
		t.Fatal("the page has no summary")
	}
	text, _, _ := strings.Cut(after, "</script>")
	var s Summary
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	if s.Title != hostile[3] || len(s.Workloads) != len(r.Sections) {
		t.Errorf("summary %+v", s)
	}
}

// poisoned is the full document with a text in every field that is free.
func poisoned(t testing.TB, text string) *result.Document {
	d := full(t)
	d.Runs = slices.DeleteFunc(d.Runs, func(r result.Run) bool { return r.Block > 1 })
	d.Title, d.Partial, d.Command = text, text, []string{text, text}
	e := &d.Environment
	e.OS, e.Arch, e.Kernel, e.CPU, e.Go, e.Congestion, e.Revision, e.Target = text, text, text, text, text, text, text, text
	e.Sysctls = map[string]string{text: text}
	d.Store = result.Store{Kind: text, Version: text, Address: text}
	for i := range d.Nets {
		n := &d.Nets[i]
		n.Name, n.Emulator, n.Label = n.Name+text, text, text
	}
	for i := range d.Calibration {
		c := &d.Calibration[i]
		c.Name, c.Unit, c.Note = text, text, text
	}
	for i := range d.Workloads {
		d.Workloads[i].Explain = text
	}
	renamed := map[result.Arm]result.Arm{}
	for i, a := range d.Arms {
		arm := a.Arm
		arm.Transport, arm.Carrier = arm.Transport+text, text
		if arm.Net != "loopback" {
			arm.Net += text
		}
		arm.Variant += "," + strings.ReplaceAll(text, "=", "-") // what a parameter says decides what stands beside what
		renamed[a.Arm] = arm
		d.Arms[i].Arm, d.Arms[i].Title = arm, text
	}
	for i := range d.Runs {
		d.Runs[i].Arm = renamed[d.Runs[i].Arm]
	}
	for i := range d.Knees {
		k := &d.Knees[i]
		k.Workload, k.Bound, k.Arm = "a "+text, text, renamed[k.Arm]
		k.Steps = slices.Clone(k.Steps)
		for s := range k.Steps {
			k.Steps[s].Reason = text
		}
	}
	for i := range d.Scalings {
		d.Scalings[i].Workload, d.Scalings[i].Arm = text, result.Arm{Transport: text, Carrier: text, Net: text, Variant: text}
	}
	for i := range d.Findings {
		f := &d.Findings[i]
		f.Figures = slices.Clone(f.Figures)
		for k := range f.Figures {
			f.Figures[k].Name = text
		}
		f.ID, f.Says, f.Source, f.Method, f.Theirs, f.Ours, f.Verdict, f.Why = text, text, text, text, text, text, text, text
	}
	for i := range d.Runs {
		for k := range d.Runs[i].Extra {
			d.Runs[i].Extra = []result.Extra{{Name: text, Value: float64(k)}}
		}
	}
	d.Runs[0].Error = text
	d.Runs[1].Unfit = []result.Unfit{{For: text, Reason: text}, {For: result.ForTail, Reason: text}}
	return d
}

// structure is the elements of the HTML report with their attributes' names, and the values of those
// that lead somewhere. What is inside the plots depends on how long the names are and is left to the
// test of the SVG files.
func structure(t *testing.T, d *result.Document) []string {
	t.Helper()
	r, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	list := slices.DeleteFunc(elements(t, &b), func(e string) bool {
		return strings.HasPrefix(e, "path ") || strings.HasPrefix(e, "text ")
	})
	seen := map[string]int{}
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], " class=num", "") // a text that begins like a number is aligned like one
		// Anchors may be named after a text; what counts is that they are anchors, and which lead where.
		list[i] = anchor.ReplaceAllStringFunc(list[i], func(found string) string {
			kind, name, _ := strings.Cut(found, "=")
			name = strings.TrimPrefix(name, "#")
			if _, known := seen[name]; !known {
				seen[name] = len(seen)
			}
			return fmt.Sprint(kind, "=", seen[name])
		})
	}
	return list
}

var anchor = regexp.MustCompile(`\b(id=|href=#)[a-z0-9-]+(\s|$)`)

func elements(t *testing.T, r io.Reader) []string {
	t.Helper()
	dec := xml.NewDecoder(r)
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var list []string
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		e := start.Name.Local
		for _, a := range start.Attr {
			e += " " + a.Name.Local
			if a.Name.Local == "href" || a.Name.Local == "id" || a.Name.Local == "class" {
				e += "=" + a.Value
			}
		}
		list = append(list, e)
	}
}

func firstDifference(a, b []string) string {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("element %d is <%s>", i, a[i])
		}
	}
	return fmt.Sprintf("%d elements instead of %d", len(a), len(b))
}

func TestF30_UnwritableFolderLeavesNothing(t *testing.T) {
	r := prepared(t, 1)
	dir := t.TempDir()
	file := filepath.Join(dir, "taken")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Write(file); err == nil || !strings.Contains(err.Error(), "taken") {
		t.Errorf("a report folder that is a file gives %v", err)
	}
	// A folder where a file should be makes the rename fail, also for root.
	blocked := filepath.Join(dir, "blocked")
	if err := os.MkdirAll(filepath.Join(blocked, "report.html", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Write(blocked); err == nil || !strings.Contains(err.Error(), "report.html") {
		t.Errorf("a report that cannot be written gives %v", err)
	}
	left, err := filepath.Glob(filepath.Join(blocked, ".report*"))
	if err != nil || len(left) != 0 {
		t.Errorf("half-written files remain: %v, %v", left, err)
	}
}

func TestWriteMakesEveryFileThatTheReportNames(t *testing.T) {
	r := prepared(t, 2)
	dir := filepath.Join(t.TempDir(), "deep", "er")
	path, err := r.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if path != filepath.Join(dir, "report.html") {
		t.Errorf("path %s", path)
	}
	markdown, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	pieces := strings.Split(string(markdown), "](")
	for _, piece := range pieces[1:] {
		name, _, _ := strings.Cut(piece, ")")
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("report.md names %s: %v", name, err)
		}
	}
	if len(pieces) < 8 {
		t.Errorf("report.md names %d files", len(pieces)-1)
	}
	again, err := result.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Runs) != len(r.Document.Runs) {
		t.Errorf("result.json holds %d runs, want %d", len(again.Runs), len(r.Document.Runs))
	}
}
