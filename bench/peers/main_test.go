package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"transportlab/bench/child"
)

func TestMain(m *testing.M) {
	if child.Is() {
		main()
	}
	os.Exit(m.Run())
}

// A peer that loses messages, or that the clients do not understand, must not stand in a table.
func TestEveryPeerTellsEverybodyEverything(t *testing.T) {
	if out, err := exec.Command("npm", "ci", "--silent", "--prefix", "node").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	l := load{Size: 64, Idle: 8, Steady: 4, Rate: 50, Length: 500 * time.Millisecond, Clients: 4, Window: 4, Saturate: 200 * time.Millisecond}
	d := document{Blocks: 1, Load: l, Versions: map[string]string{}}
	for _, p := range peers() {
		f, err := turn(t.Context(), p, l, "node")
		if err != nil {
			t.Error(err)
			continue
		}
		if f.Missing != 0 || f.P50 <= 0 || f.P99 < f.P50 || f.Deliveries <= 0 || f.CPU <= 0 || f.SteadyCPU <= 0 {
			t.Errorf("%s: %+v", p.name, f)
		}
		v, err := p.version("node")
		if err != nil || (v == "") != (p.of == "") {
			t.Errorf("%s has version %q, %v", p.name, v, err)
		}
		d.Versions[p.name] = v
		d.Figures = append(d.Figures, f)
	}
	text := table(d)
	for _, p := range peers() {
		if !strings.Contains(text, "| "+p.name) {
			t.Errorf("the table says nothing of %s", p.name)
		}
	}
}
