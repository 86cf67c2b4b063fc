package findings

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"transportlab/bench/node"
	"transportlab/bench/result"
	"transportlab/bench/stats"
)

func TestMain(m *testing.M) {
	if node.IsChild() {
		os.Exit(node.Main())
	}
	goleak.VerifyTestMain(m)
}

func TestEveryStatementSaysWhoSaidWhat(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range All() {
		if seen[s.ID] || s.ID == "" || s.Says == "" || s.Source == "" || s.Method == "" || s.test == nil {
			t.Errorf("incomplete, or there twice: %+v", s)
		}
		if (s.Group == result.Literature) != (s.Theirs != "") {
			t.Errorf("%s is of %q and its figure %q", s.ID, s.Group, s.Theirs)
		}
		seen[s.ID] = true
	}
	if _, err := Find([]string{"claim", "nobody-2031"}); err == nil || !strings.Contains(err.Error(), "wrk2-pause") {
		t.Errorf("an unknown statement: %v", err)
	}
	both, err := Find([]string{result.Claim, result.Literature})
	if err != nil || len(both) != len(All()) {
		t.Errorf("%d of %d statements are in the two groups, %v", len(both), len(All()), err)
	}
}

// The experiments that need neither a network of some length nor repetition.
func TestVerdictsThatDoNotDependOnTheMachine(t *testing.T) {
	want := map[string]string{
		"streaming-stays-open": result.Agrees,
		"ajax-part-of-page":    result.Agrees,
		"websocket-both-ways":  result.Agrees,
		"socketio-falls-back":  result.Agrees,
		"socketio-reconnects":  result.Agrees,
		"socketio-rooms":       result.Agrees,
		"socketio-namespaces":  result.Agrees,
		"babovic-2016":         result.Agrees,
		"lubbers-2010":         result.NotComparable,
		"appelqvist-2017":      result.Disagrees,
		"centrifugo-deflate":   result.Disagrees,
	}
	var chosen []Statement
	for _, s := range All() {
		if want[s.ID] != "" {
			chosen = append(chosen, s)
		}
	}
	var told []string
	found, err := Test(t.Context(), chosen, Options{Store: "memory", Observe: func(_ int, s Statement) { told = append(told, s.ID) }})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range found {
		if f.Verdict != want[f.ID] || f.Ours == "" || f.Why == "" || told[i] != f.ID {
			t.Errorf("%s: %s: %s", f.ID, f.Verdict, f.Ours)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d findings of %d statements", len(found), len(want))
	}
}

func TestAnInterruptedTestKeepsWhatItFound(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	chosen, err := Find([]string{"streaming-stays-open", "websocket-both-ways"})
	if err != nil {
		t.Fatal(err)
	}
	found, err := Test(ctx, chosen, Options{Observe: func(n int, _ Statement) {
		if n == 1 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(found) != 1 {
		t.Errorf("%d findings, %v", len(found), err)
	}
}

func TestFiguresAreThoseOfRunsThatMayBeUsed(t *testing.T) {
	a := arm("websocket", "loopback", "")
	runs := []result.Run{{Arm: a, Workload: "w", Replayed: 1}, {Arm: a, Workload: "w", Replayed: 3},
		{Arm: a, Workload: "w", Replayed: 100, Error: "lost"}, {Arm: a, Workload: "other", Replayed: 100}}
	value := func(r result.Run) (float64, bool) { return float64(r.Replayed), true }
	s, err := of(&result.Document{Runs: runs}, a, "w", value)
	if err != nil || s.Median != 2 || s.N != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if text := interval(s, millis); text != "2e-06 ms (1e-06 ms to 3e-06 ms in 2 runs)" {
		t.Error(text)
	}
	if _, err := of(&result.Document{Runs: runs}, arm("ajax", "loopback", ""), "w", value); err == nil {
		t.Error("an arm without runs has a figure")
	}
	six := stats.Summarize(slices.Repeat([]float64{5e6}, 6))
	if text := interval(six, millis); text != "5 ms (95 %: 5 ms to 5 ms)" {
		t.Error(text)
	}
}
