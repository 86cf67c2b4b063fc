package workload

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseReadsOneWorkloadAndFillsInDefaults(t *testing.T) {
	ws, err := Parse(strings.NewReader("name: mine\nkind: fanout\nclients: 20\nrate: 2.5\nduration: 1m30s\n"), "f.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w := ws[0]
	if len(ws) != 1 || w.Clients != 20 || w.Rate != 2.5 || time.Duration(w.Duration) != 90*time.Second {
		t.Errorf("read %+v", w)
	}
	if w.Publishers != 1 || w.Topics != 1 || w.Size != 64 || w.Arrival.Process != Constant {
		t.Errorf("defaults are not filled in: %+v", w)
	}
}

func TestParseReadsSeveralAndJSON(t *testing.T) {
	for name, source := range map[string]string{
		"yaml": "workloads:\n- {name: a, kind: rtt, clients: 3}\n- {name: b, kind: idle}\n",
		"json": `{"workloads": [{"name": "a", "kind": "rtt", "clients": 3}, {"name": "b", "kind": "idle"}]}`,
	} {
		ws, err := Parse(strings.NewReader(source), name)
		if err != nil {
			t.Fatal(err)
		}
		if len(ws) != 2 || ws[0].Publishers != 3 || ws[0].Topics != 3 || ws[1].Publishers != 0 {
			t.Errorf("%s: read %+v", name, ws)
		}
	}
}

func TestParseErrorsPointAtTheLine(t *testing.T) {
	for _, c := range []struct{ name, source, want, mention string }{
		{"unknown key", "name: a\nkind: push\nclinets: 3\n", "f.yaml:3:1: ", "clinets"},
		{"unknown nested key", "name: a\nkind: push\narrival:\n  proces: poisson\n", "f.yaml:4:3: ", "proces"},
		{"wrong type", "name: a\nkind: push\nclients: many\n", "f.yaml:3:10: ", "many"},
		{"key twice", "name: a\nkind: push\nname: b\n", "f.yaml:3:1: ", "name"},
		{"bad duration", "name: a\nkind: push\nduration: 5 parsecs\n", "f.yaml:3:11: ", "parsecs"},
		{"out of range", "name: a\nkind: push\nclients: 70000\n", "f.yaml:3:10: ", "clients: 70000 is not between 1 and 50000"},
		{"kind", "name: a\nkind: pull\n", "f.yaml:2:7: ", `kind: "pull" is none of`},
		{"in the second", "workloads:\n- {name: a, kind: rtt}\n- name: b\n  kind: push\n  size: -1\n", "f.yaml:5:9: ", "size: -1"},
		{"nested field", "name: a\nkind: push\narrival: {process: burst, burst: -2}\n", "f.yaml:3:34: ", "arrival.burst: -2"},
		{"threshold", "name: a\nkind: push\nthresholds: [p99-ns<20ms, quick]\n", "f.yaml:3:27: ", `thresholds[1]: "quick"`},
		{"not YAML", "name: [a\n", "f.yaml:1:", ""},
	} {
		_, err := Parse(strings.NewReader(c.source), "f.yaml")
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || !strings.Contains(err.Error(), c.mention) {
			t.Errorf("%s: error %q, want one that begins with %q and mentions %q", c.name, err, c.want, c.mention)
		}
	}
}

func TestParseRefusesWhatIsNoWorkloadFile(t *testing.T) {
	for name, source := range map[string]string{
		"empty":         "",
		"comment":       "# nothing\n",
		"two documents": "name: a\nkind: push\n---\nname: b\nkind: push\n",
		"empty list":    "workloads: []\n",
		"a list":        "- name: a\n",
		"a scalar":      "hello\n",
		"without kind":  "name: a\n",
		"too large":     strings.Repeat("#\n", MaxFile/2+1),
		"a long line":   "name: " + strings.Repeat("x", MaxLine),
		"deep":          strings.Repeat("[", MaxDepth+1),
		"deep by lines": strings.Repeat("[\n", MaxDepth+1),
	} {
		if ws, err := Parse(strings.NewReader(source), name); err == nil {
			t.Errorf("%s: read %+v", name, ws)
		}
	}
}

func TestCheckNamesTheFieldThatCannotBeRun(t *testing.T) {
	for field, change := range map[string]func(*Workload){
		"name":            func(w *Workload) { w.Name = "Push It" },
		"kind":            func(w *Workload) { w.Kind = "shove" },
		"clients":         func(w *Workload) { w.Clients = -1 },
		"publishers":      func(w *Workload) { w.Publishers = -1 },
		"topics":          func(w *Workload) { w.Topics = 5 },
		"size":            func(w *Workload) { w.Size = MaxSize + 1 },
		"duration":        func(w *Workload) { w.Duration = -1 },
		"warmup":          func(w *Workload) { w.Warmup = -1 },
		"rate":            func(w *Workload) { w.Rate = 1e7; w.Duration = Duration(time.Hour) },
		"cut":             func(w *Workload) { w.Cut.Every = 1 },
		"arrival.process": func(w *Workload) { w.Arrival.Process = "pareto" },
		"arrival.burst":   func(w *Workload) { w.Arrival.Burst = 3 },
		"arrival.on":      func(w *Workload) { w.Arrival = Arrival{Process: OnOff, On: 1} },
		"arrival.trace":   func(w *Workload) { w.Arrival.Process = Trace },
		"arrival.speed":   func(w *Workload) { w.Arrival = Arrival{Process: Trace, Trace: "x", Speed: -1} },
		"thresholds[0]":   func(w *Workload) { w.Thresholds = []string{"fast"} },
	} {
		w := Workload{Name: "a", Kind: Push}.WithDefaults()
		change(&w)
		var fe *FieldError
		if err := w.Check(); !errors.As(err, &fe) || fe.Field != field {
			t.Errorf("%s: error %v names another field or none", field, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("name: mine\nkind: fanout\nclients: 20\narrival: {process: onoff, on: 1s}\n")
	f.Add("workloads:\n- {name: a, kind: rtt}\n")
	f.Fuzz(func(t *testing.T, source string) {
		ws, err := Parse(strings.NewReader(source), "f.yaml")
		if err != nil {
			return
		}
		for _, w := range ws {
			if err := w.Check(); err != nil {
				t.Errorf("accepted a workload that cannot be run: %v", err)
			}
		}
	})
}
