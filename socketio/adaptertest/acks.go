package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"transportlab/socketio/parser"
)

func testAcks(f *fixture) {
	clients := append(f.everybody(), f.everybody()...)
	for i, c := range clients {
		c.SetAnswer(func(string, []parser.Value) []any { return []any{i, "ignored"} })
	}
	var want []string
	for i := range clients {
		want = append(want, fmt.Sprint(i))
	}
	for i, n := range f.nodes {
		answers, err := n.ns.All().EmitWithAck(f.ctx, "question", i)
		f.must(err)
		got := text(answers)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			f.Errorf("node %d got %v, want %v", i, got, want)
		}
	}
	// One binary answer, one with nothing in it, and nobody to ask.
	last := clients[len(f.nodes)-1]
	last.SetAnswer(func(string, []parser.Value) []any { return []any{map[string]any{"b": []byte{1, 2}}} })
	answers, err := f.nodes[0].ns.To(last.SID).EmitWithAck(f.ctx, "binary?")
	f.must(err)
	var binary struct{ B []byte }
	if len(answers) != 1 || answers[0].Decode(&binary) != nil || !reflect.DeepEqual(binary.B, []byte{1, 2}) {
		f.Errorf("binary answer is %v", answers)
	}
	last.SetAnswer(func(string, []parser.Value) []any { return []any{} })
	if answers, err = f.nodes[0].ns.To(last.SID).EmitWithAck(f.ctx, "nothing?"); err != nil || len(answers) != 1 {
		f.Errorf("an answer without arguments gives %v, error %v", answers, err)
	}
	if answers, err = f.nodes[0].ns.To("nowhere").EmitWithAck(f.ctx, "anybody?"); err != nil || len(answers) != 0 {
		f.Errorf("nobody answers %v, error %v", answers, err)
	}
}

func testAcksAtOnce(f *fixture) {
	for _, c := range f.everybody() {
		c.SetAnswer(func(event string, _ []parser.Value) []any { return []any{event} })
	}
	var work sync.WaitGroup
	failures := make(chan error, 20*len(f.nodes))
	for i, n := range f.nodes {
		for j := range 20 {
			work.Go(func() { // ends with the answers
				event := fmt.Sprintf("question-%d-%d", i, j)
				answers, err := n.ns.All().EmitWithAck(f.ctx, event)
				for _, a := range text(answers) {
					if a != `"`+event+`"` {
						err = errors.Join(err, fmt.Errorf("answer %s to %s", a, event))
					}
				}
				if len(answers) != len(f.nodes) {
					err = errors.Join(err, fmt.Errorf("%d answers to %s", len(answers), event))
				}
				failures <- err
			})
		}
	}
	work.Wait()
	close(failures)
	for err := range failures {
		f.must(err)
	}
}

func testMissingAcks(f *fixture) {
	clients := f.everybody()
	silent := clients[len(clients)-1]
	silent.SetAnswer(func(string, []parser.Value) []any { return nil })
	for _, n := range f.nodes {
		answers, err := n.ns.All().Timeout(200*time.Millisecond).EmitWithAck(f.ctx, "question")
		if !errors.Is(err, context.DeadlineExceeded) {
			f.Errorf("error %v, want a deadline exceeded", err)
		}
		if len(answers) > len(clients)-1 {
			f.Errorf("%d answers from %d clients of which one is silent", len(answers), len(clients))
		}
	}
}
