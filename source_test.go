package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What must not be in the project's sources, and why. Tests may do it, and so may a line that gives its
// reason in a comment.
var forbidden = map[string]string{
	"template." + "HTML(":          "markup of data: let html/template escape it",
	"template." + "JS(":            "script of data: let html/template escape it",
	"Insecure" + "SkipVerify":      "TLS without verification: trust the one certificate instead",
	"." + "PSubscribe(":            "pattern subscriptions: names from clients would become patterns",
	"http." + "DefaultServeMux":    "global state that any imported package can add handlers to",
	"prometheus." + "MustRegister": "the global registry: use one's own",
}

func TestSourcesKeepAwayFromKnownTraps(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (strings.HasPrefix(e.Name(), ".") && path != "." || e.Name() == "node_modules" || e.Name() == "artifacts"):
			return filepath.SkipDir
		case e.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			for trap, why := range forbidden {
				if _, after, found := strings.Cut(line, trap); found && !strings.Contains(after, "// ") {
					t.Errorf("%s contains %s: %s", path, trap, why)
				}
			}
		}
		return err
	})
	if err != nil || files < 20 {
		t.Fatalf("read %d files: %v", files, err)
	}
}
