package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadmeGetsFiguresBetweenItsMarks(t *testing.T) {
	r := prepared(t, 8)
	old := "# lab\n\n" + readmeBegin + "\nold figures\n" + readmeEnd + "\n\nmore\n"
	text, err := r.UpdateReadme([]byte(old), "reports/latest")
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for _, want := range []string{"# lab\n", "\n\nmore\n", readmeBegin + "\n", readmeEnd, "| WebSocket |", "(reports/latest/report.md)", "reports/latest/fanout-percentiles.svg"} {
		if !strings.Contains(got, want) {
			t.Errorf("the README lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "old figures") {
		t.Error("the README keeps its old figures")
	}
	if again, err := r.UpdateReadme(text, "reports/latest"); err != nil || string(again) != got {
		t.Errorf("writing the same figures again changes the README: %v", err)
	}
	golden(t, "readme.md", text)
}

func TestReadmeWithoutMarksIsAnError(t *testing.T) {
	if _, err := prepared(t, 1).UpdateReadme([]byte("# lab\n"), "x"); err == nil {
		t.Error("a README without marks is taken")
	}
}

func TestProjectReadmeHasTheMarks(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := prepared(t, 1).UpdateReadme(text, "reports/latest"); err != nil {
		t.Error(err)
	}
}
