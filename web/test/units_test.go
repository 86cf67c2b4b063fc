// Package test holds the unit tests of the page's scripts, which node's test runner runs.
package test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

func TestScriptsOfThePageKeepTheirPromises(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install nodejs")
	}
	files, err := filepath.Glob("*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of tests, %v", len(files), err)
	}
	out, err := exec.CommandContext(t.Context(), node, append([]string{"--test", "--test-reporter=tap"}, files...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// A runner that found nothing to run, or left something out, succeeds too.
	if !regexp.MustCompile(`(?m)^# pass [1-9]`).Match(out) || !regexp.MustCompile(`(?m)^# skipped 0$`).Match(out) {
		t.Errorf("not all tests were run:\n%s", out)
	}
}
