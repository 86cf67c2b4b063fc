package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"transportlab/bench/result"
)

// A workload's file may ask not to be worse than a baseline; a report of such runs fails when they are.
func TestReportsAreHeldAgainstABaseline(t *testing.T) {
	source := func(name string) string { return filepath.Join("bench", "compare", "testdata", name) }
	d, err := result.ReadFile(source("worse.json"))
	if err != nil {
		t.Fatal(err)
	}
	d.Workloads[0].Thresholds = []string{"p50<1s", "p50 not worse than baseline by 5%"}
	file := filepath.Join(t.TempDir(), "now.json")
	if err := d.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--baseline", source("old.json")}, exitThreshold, "push: websocket has 1.28 times the p50-ns of then, which breaks the threshold p50 not worse than baseline by 5%"},
		{[]string{"--baseline", source("worse.json")}, exitOK, ""},
		{nil, exitError, "needs a baseline"},
	} {
		var complaints strings.Builder
		args := append([]string{"report", file, "-o", t.TempDir(), "--quiet"}, c.args...)
		if code := run(t.Context(), args, strings.NewReader(""), io.Discard, &complaints); code != c.code || !strings.Contains(complaints.String(), c.says) {
			t.Errorf("%q: exit code %d, want %d; %q, want %q", c.args, code, c.code, complaints.String(), c.says)
		}
	}
}
