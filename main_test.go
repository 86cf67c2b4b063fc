package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"transportlab/bench/node"
)

// The command's tests are scripts, one file per subject beside the code: they run the real program.
func TestMain(m *testing.M) {
	if node.IsChild() {
		os.Exit(node.Main())
	}
	testscript.Main(m, map[string]func(){"transportlab": main})
}

func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	result, err := filepath.Abs(filepath.Join("reports", "testdata", "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: scripts,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			e.Setenv("COLUMNS", "100")
			e.Setenv("RESULT", result)
			e.Setenv("TRANSPORTLAB_CALIBRATE", "no") // half a minute, and this machine may be busy
			e.Setenv("SOURCE", source)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"lastline": lastLine},
	})
}

// lastLine asserts that the last line of standard output is the path of a report that exists.
func lastLine(ts *testscript.TestScript, neg bool, args []string) {
	lines := strings.Split(strings.TrimRight(ts.ReadFile("stdout"), "\n"), "\n")
	last := lines[len(lines)-1]
	if neg || len(args) != 1 || last != args[0] {
		ts.Fatalf("the last line is %q, want %q", last, args)
	}
	if _, err := os.Stat(ts.MkAbs(last)); err != nil {
		ts.Fatalf("the last line names no file: %v", err)
	}
}

// run must be usable without a process of its own, and leave nothing behind.
func TestRunReturnsExitCodes(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, c := range []struct {
		args string
		want int
	}{{"", exitOK}, {"--help", exitOK}, {"version", exitOK}, {"nonsense", exitUsage}, {"report", exitUsage}, {"report missing.json", exitError}} {
		if got := run(context.Background(), strings.Fields(c.args), strings.NewReader(""), io.Discard, io.Discard); got != c.want {
			t.Errorf("transportlab %s exits with %d, want %d", c.args, got, c.want)
		}
	}
}

func TestInterruptedBeforeItBeganExits130(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	args := []string{"report", filepath.Join("reports", "testdata", "result.json"), "-o", t.TempDir()}
	if got := run(ctx, args, strings.NewReader(""), io.Discard, io.Discard); got != exitInterrupted {
		t.Errorf("exit code %d, want %d", got, exitInterrupted)
	}
}
