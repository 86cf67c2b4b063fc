package reports

import (
	"bytes"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares text with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			old := "(the file ends)"
			if i < len(w) {
				old = w[i]
			}
			t.Fatalf("%s differs in line %d (go test ./reports -update accepts it):\n got %s\nwant %s", name, i+1, g[i], old)
		}
	}
	t.Fatalf("%s is longer than what was written", name)
}

func prepared(t testing.TB, runs int) *Report {
	t.Helper()
	r, err := New(fixture(t, runs))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGoldenReport(t *testing.T) {
	r := wholeReport(t)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"report.html": func(b *bytes.Buffer) error { return r.WriteHTML(b) },
		"report.md":   func(b *bytes.Buffer) error { return r.WriteMarkdown(b) },
		"chart.svg":   func(b *bytes.Buffer) error { return r.Charts()[0].WriteSVG(b) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := b.Bytes()
		if name == "report.html" {
			text = drawings.ReplaceAllFunc(text, func(svg []byte) []byte {
				return fmt.Appendf(nil, "<!-- %d shapes, %08x -->\n</svg>", bytes.Count(svg, []byte("\n<")), crc32.ChecksumIEEE(svg))
			})
		}
		golden(t, name, text)
	}
}

// drawings are the insides of a page's plots, of which the golden page keeps a checksum.
var drawings = regexp.MustCompile(`(?s)\n<(path|text) class.*?</svg>`)

// wholeReport is the report of the full document, made once: whoever changes something takes full and New.
func wholeReport(t testing.TB) *Report {
	t.Helper()
	whole.Lock()
	defer whole.Unlock()
	if whole.report == nil {
		r, err := New(full(t))
		if err != nil {
			t.Fatal(err)
		}
		whole.report = r
	}
	return whole.report
}

// A report shows every chapter when the document has something for it, in the order in which a reader asks, and
// no empty one when it has not.
func TestChaptersFollowTheDocument(t *testing.T) {
	ids := func(r *Report) string {
		var list []string
		for _, c := range r.Chapters {
			list = append(list, c.ID)
		}
		return strings.Join(list, " ")
	}
	want := "guide latency overhead cost saturation network sweeps theory findings calibration statistics accounting environment guarantees method"
	if got := ids(wholeReport(t)); got != want {
		t.Errorf("chapters %s, want %s", got, want)
	}
	want = "guide latency overhead cost theory calibration statistics accounting environment guarantees method"
	if got := ids(prepared(t, 2)); got != want {
		t.Errorf("chapters %s, want %s", got, want)
	}
}

func TestGoldenCSV(t *testing.T) {
	var b bytes.Buffer
	if err := prepared(t, 2).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "runs.csv", b.Bytes())
}

func TestSameResultSameReport(t *testing.T) {
	var a, b bytes.Buffer
	if err := prepared(t, 3).WriteHTML(&a); err != nil {
		t.Fatal(err)
	}
	if err := prepared(t, 3).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two reports of one document differ")
	}
}

func TestFewRunsGetNoVerdict(t *testing.T) {
	for _, s := range prepared(t, 3).Sections {
		if s.Verdict.Sure || !strings.Contains(s.Verdict.Text, "n is too small for a verdict") {
			t.Errorf("%s: 3 runs give the verdict %q", s.Workload.Name, s.Verdict.Text)
		}
	}
	for _, s := range prepared(t, 8).Sections {
		if !s.Verdict.Sure || !strings.Contains(s.Verdict.Text, " times ") {
			t.Errorf("%s: 8 clearly different runs give the verdict %q", s.Workload.Name, s.Verdict.Text)
		}
	}
}

// The tests of the command read the same document.
func TestGoldenResult(t *testing.T) {
	var b bytes.Buffer
	if err := fixture(t, 2).Write(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "result.json", b.Bytes())
}
