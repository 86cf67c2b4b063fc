package main

import (
	"strings"
	"testing"
	"time"

	"transportlab/bench/calibrate"
	"transportlab/bench/result"
)

func TestACalibrationIsATableWithTheNotesOfWhatFailed(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	r := calibrate.Result{
		Checks: []result.Check{
			{Name: "one-way delay of 1ms", Unit: "ms", Truth: 1.0002, Read: 1.0315, Tolerance: 0.05, Passed: true, Note: "all is well"},
			{Name: "stalled server: p95", Unit: "ms", Truth: 504, Read: 17, Tolerance: 10.08, Note: "read mean 8ms\x1b[2J"},
			{Name: "stalled server, by another: p95", Unit: "ms", Truth: 504, Read: 17, Tolerance: 10.08, Aside: true},
			{Name: "order of the arms", Unit: "blocks", Truth: 600, Read: 1200, Tolerance: 57},
		},
		Capacity:  &result.Capacity{Rate: 98_702, Lateness: 721 * time.Microsecond},
		Shortened: []string{"known bytes: longpoll is left out"},
	}
	var b strings.Builder
	if err := showCalibration(&b, r, 80); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"one-way delay of 1ms", "1 ms", "1.032", "± 0.05", "passed", "FAILED", "wrong", "1200", "± 57",
		"stalled server: p95: read mean 8ms?[2J.", "Shortened: known bytes: longpoll is left out.", "98702 messages a second", "721µs"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "all is well") || strings.Contains(text, "\x1b") {
		t.Errorf("it says too much:\n%q", text)
	}
	if got := names(r.Failed()); got != "stalled server: p95 was 504 ms and read as 17 ms; order of the arms was 600 blocks and read as 1200 blocks" {
		t.Errorf("what failed is named %q", got)
	}
}

func TestCalibrationProgress(t *testing.T) {
	failed := []result.Check{{Name: "a", Unit: "ms", Truth: 1, Read: 2}}
	passed := []result.Check{{Name: "a", Passed: true}}
	events := []calibrate.Event{
		{Step: "known delays", Number: 1, Total: 10, Left: 25 * time.Second},
		{Step: "known delays", Number: 1, Total: 10, Left: 25 * time.Second, Again: 1},
		{Step: "known delays", Number: 1, Total: 10, Left: 20 * time.Second, Finished: passed},
		{Step: "known bytes", Number: 2, Total: 10, Finished: failed},
	}
	show := func(p progress) string {
		var b strings.Builder
		p.w, p.width = &b, 80
		for _, e := range events {
			p.calibrating(e)
		}
		return b.String()
	}
	if got, want := show(progress{}), "calibration  1/10  known delays: passed\ncalibration  2/10  known bytes: FAILED: a was 1 ms and read as 2 ms\n"; got != want {
		t.Errorf("in a file: %q, want %q", got, want)
	}
	live := show(progress{live: true})
	if !strings.Contains(live, clearLine+"calibrating 1/10  known delays  25s left") || !strings.Contains(live, "again, the machine was disturbed") ||
		strings.Contains(live, "passed") || !strings.HasSuffix(live, "FAILED: a was 1 ms and read as 2 ms\n") {
		t.Errorf("on a terminal: %q", live)
	}
	if got := show(progress{quiet: true}); got != "" {
		t.Errorf("quiet: %q", got)
	}
}
