package matrix

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"transportlab/bench"
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// expand parses and multiplies out.
func expand(t *testing.T, text string) *Expansion {
	t.Helper()
	m, err := Parse(strings.NewReader(text), "f.yaml")
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.Expand(bench.DefaultPlan())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func names(list []workload.Workload) (names []string) {
	for _, w := range list {
		names = append(names, w.Name)
	}
	return names
}

// armsOf are those that run a workload.
func armsOf(p bench.Plan, workload string) (arms []result.Arm) {
	for _, pair := range p.Pairs[workload] {
		arms = append(arms, pair.Arm)
	}
	return arms
}

func armOf(t *testing.T, p bench.Plan, name string) result.Arm {
	t.Helper()
	for _, a := range p.Arms {
		if a.String() == name {
			return a
		}
	}
	t.Fatalf("there is no arm %s in %v", name, p.Arms)
	return result.Arm{}
}

func TestAMatrixIsMultipliedOut(t *testing.T) {
	e := expand(t, `
title: Mine
runs: 7
seed: 5
interval: 100ms
reference: websocket
parts:
- workloads: [push, rtt]
  transports: [polling, websocket]
- workloads: [push]
  sizes: [64B, 1KiB]
  contents: [text, binary]
  transports: [websocket, streaming]
  carriers: [h1, h2]
- workloads: [fanout]
  clients: [10, 100]
  rates: [20, 2.5]
  transports: [polling, websocket]
  intervals: [50ms, 1s]
`)
	p := e.Plan
	want := []string{"push", "rtt", "push-binary", "push-1kib", "push-1kib-binary", "fanout-c10", "fanout-c10-r2-5", "fanout", "fanout-r2-5"}
	if got := names(p.Workloads); !slices.Equal(got, want) {
		t.Errorf("workloads %v, want %v", got, want)
	}
	var arms []string
	for _, a := range p.Arms {
		arms = append(arms, a.String())
	}
	if want := []string{"polling", "websocket", "streaming", "streaming/h2", "polling/interval=50ms", "polling/interval=1s"}; !slices.Equal(arms, want) {
		t.Errorf("arms %v, want %v", arms, want)
	}
	if p.Title != "Mine" || p.Blocks != 7 || p.Seed != 5 || p.Options.Interval != 100*time.Millisecond || p.Reference != "websocket" {
		t.Errorf("plan %+v", p)
	}
	if got := armsOf(p, "push"); !slices.Equal(got, p.Arms[:4]) {
		t.Errorf("push runs on %v", got)
	}
	if got := armsOf(p, "rtt"); !slices.Equal(got, p.Arms[:2]) {
		t.Errorf("rtt runs on %v", got)
	}
	w := p.Workloads[4]
	if w.Size != 1024 || !w.Binary || w.Clients != 10 || w.Topics != 10 {
		t.Errorf("push-1kib-binary is %+v", w)
	}
	if got, want := w.Explain, "As push, with messages of 1024 bytes of binary data."; got != want {
		t.Errorf("it is explained as %q, want %q", got, want)
	}
	if got, want := p.Workloads[6].Explain, "As fanout, with 10 clients and 2.5 messages a second."; got != want {
		t.Errorf("it is explained as %q, want %q", got, want)
	}
	if w := p.Workloads[6]; w.Clients != 10 || w.Topics != 1 || w.Publishers != 1 || w.Rate != 2.5 {
		t.Errorf("fanout-c10-r2-5 is %+v", w)
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	var left []string
	for _, l := range e.Left {
		left = append(left, l.Because)
	}
	if got := strings.Join(left, "; "); len(left) != 2 || !strings.Contains(got, "websocket does not run on h2") || !strings.Contains(got, "websocket does not ask at intervals") {
		t.Errorf("left out: %+v", e.Left)
	}
	if e.Left[0].Part != 2 || e.Left[0].Count != 4 || e.Left[0].What != "push on websocket/h2" {
		t.Errorf("left out: %+v", e.Left[0])
	}
}

func TestChangedClientsChangeWhatFollowsFromThem(t *testing.T) {
	e := expand(t, `
parts:
- {workloads: [push, chat, rtt, idle], clients: [12], transports: [websocket]}
`)
	for _, w := range e.Plan.Workloads {
		if w.Clients != 12 {
			t.Errorf("%s has %d clients", w.Name, w.Clients)
		}
		if want := map[workload.Kind]int{workload.Push: 12, workload.Chat: 6, workload.RTT: 12, workload.Idle: 1}[w.Kind]; w.Topics != want {
			t.Errorf("%s has %d topics, want %d", w.Name, w.Topics, want)
		}
	}
}

func TestConditionsAndVariantsMakeArms(t *testing.T) {
	e := expand(t, `
parts:
- workloads: [push]
  transports: [longpoll, websocket, tcp, "null"]
  nets: [loopback, 4g, "rtt=80ms"]
  proxies: [none, nginx]
  headers: [go, browser]
  compression: [none, deflate]
`)
	for _, name := range []string{"longpoll", "longpoll/4g", "longpoll/rtt=80ms/headers=browser,proxy=nginx", "websocket/compression=deflate,headers=browser,proxy=nginx", "tcp/4g", "null"} {
		armOf(t, e.Plan, name)
	}
	for _, a := range e.Plan.Arms {
		if a.Carrier == "none" && (a.Net != "loopback" || a.Variant != "") || a.Transport == "longpoll" && strings.Contains(a.Variant, "deflate") {
			t.Errorf("arm %s", a)
		}
		if err := bench.CheckArm(a); err != nil {
			t.Errorf("an arm that cannot be had: %v", err)
		}
	}
	reasons := ""
	for _, l := range e.Left {
		reasons += l.Because + "\n"
		if l.Count < 1 || l.What == "" {
			t.Errorf("left out: %+v", l)
		}
	}
	if !strings.Contains(reasons, "WebSocket") || !strings.Contains(reasons, "floor") {
		t.Errorf("left out because of %s", reasons)
	}
}

func TestExclusionsAreExplained(t *testing.T) {
	e := expand(t, `
parts:
- workloads: [push, fanout, idle]
  sizes: [64B, 64KiB]
  transports: [polling, websocket]
  exclude:
  - {transports: [polling], sizes: [64KiB], because: it takes too long}
`)
	for _, pair := range [][2]string{{"push-64kib", "polling"}, {"fanout-64kib", "polling"}} {
		if slices.Contains(armsOf(e.Plan, pair[0]), armOf(t, e.Plan, pair[1])) {
			t.Errorf("%s runs on %s", pair[0], pair[1])
		}
	}
	if !slices.Contains(armsOf(e.Plan, "push"), armOf(t, e.Plan, "polling")) || !slices.Contains(armsOf(e.Plan, "push-64kib"), armOf(t, e.Plan, "websocket")) {
		t.Errorf("too much is left out: %v", e.Plan.Pairs)
	}
	if len(e.Left) != 2 || e.Left[0].Because != "it takes too long" || e.Left[0].Count != 2 || !strings.HasPrefix(e.Left[1].Because, "idle sends nothing") || e.Left[1].Count != 2 {
		t.Errorf("left out: %+v", e.Left)
	}
	if slices.Contains(names(e.Plan.Workloads), "idle-64kib") {
		t.Error("idle has a size")
	}
}

func TestAPartMayRunLessOften(t *testing.T) {
	e := expand(t, `
runs: 10
parts:
- {workloads: [push], transports: [ajax, websocket], runs: 6}
- {workloads: [push, fanout], transports: [websocket, polling]}
- {workloads: [fanout], transports: [polling, ajax], runs: 7}
- {workloads: [fanout], transports: [ajax], runs: 8}
`)
	blocks := map[string]int{}
	for name, pairs := range e.Plan.Pairs {
		for _, p := range pairs {
			blocks[name+" "+p.Arm.String()] = p.Blocks
		}
	}
	for name, want := range map[string]int{"push ajax": 6, "push websocket": 0, "push polling": 0, "fanout websocket": 0, "fanout polling": 0, "fanout ajax": 8} {
		if got, ok := blocks[name]; !ok || got != want {
			t.Errorf("%s runs in %d blocks, want %d", name, got, want)
		}
	}
	if n, want := e.Plan.Runs(), 4*10+6+8; n != want {
		t.Errorf("%d runs, want %d", n, want)
	}
}

func TestLargeMessagesRaiseTheLimit(t *testing.T) {
	e := expand(t, "parts:\n- {workloads: [fanout], sizes: [1MiB], rates: [5], transports: [websocket]}\n")
	if e.Plan.Options.MaxMessage != 1<<20 {
		t.Errorf("the largest message is %d", e.Plan.Options.MaxMessage)
	}
	e = expand(t, "parts:\n- {workloads: [fanout], transports: [websocket]}\n")
	if e.Plan.Options.MaxMessage != 0 {
		t.Errorf("the largest message is %d", e.Plan.Options.MaxMessage)
	}
}

func TestErrorsPointAtTheLine(t *testing.T) {
	const head = "title: x\nparts:\n- workloads: [push]\n  transports: [websocket, polling]\n"
	for _, c := range []struct{ name, source, want, mention string }{
		{"unknown key", head + "  carrier: [h1]\n", "f.yaml:5:3: ", "carrier"},
		{"wrong type", head + "  clients: [many]\n", "f.yaml:5:13: ", "many"},
		{"key twice", head + "  transports: [ajax]\n", "f.yaml:5:3: ", "transports"},
		{"carrier", head + "  carriers: [h1, h9]\n", "f.yaml:5:18: ", "h9 is none of [h1 h1tls h2c h2]"},
		{"value twice", head + "  carriers: [h1, h1]\n", "f.yaml:5:18: ", "h1 is there twice"},
		{"runs", head + "  runs: 7\n", "f.yaml:5:9: ", "between 1 and the matrix's 6"},
		{"net", head + "  nets:\n  - lan\n  - moon\n", "f.yaml:7:5: ", "moon"},
		{"proxy", head + "  proxies: [squid]\n", "f.yaml:5:13: ", "squid"},
		{"size", head + "  sizes: [16B, big]\n", "f.yaml:5:16: ", `"big" is no size`},
		{"size too large", head + "  sizes: [17MiB]\n", "f.yaml:5:11: ", "17MiB"},
		{"interval", head + "  intervals: [5 parsecs]\n", "f.yaml:5:15: ", "parsecs"},
		{"negative", head + "  rates: [-1]\n", "f.yaml:5:11: ", "-1 is not positive"},
		{"no such workload", "parts:\n- workloads: [shove]\n  transports: [ajax]\n", "f.yaml:2:15: ", `no workload "shove"`},
		{"no such transport", "parts:\n- workloads: [push]\n  transports: [pigeon]\n", "f.yaml:3:16: ", `"pigeon"`},
		{"defined wrongly", "define:\n- name: a\n  kind: push\n  size: -1\nparts:\n- {workloads: [a], transports: [ajax]}\n", "f.yaml:4:9: ", "size: -1"},
		{"defined already", "define:\n- {name: push, kind: push}\nparts:\n- {workloads: [push], transports: [ajax]}\n", "f.yaml:2:10: ", "there is a workload push already"},
		{"no parts", "title: x\n", "f.yaml:1:", "nothing to measure"},
		{"no workloads", "parts:\n- transports: [ajax]\n", "f.yaml:2:", "names no workloads"},
		{"no transports", "parts:\n- workloads: [push]\n", "f.yaml:2:", "names no transports"},
		{"exclusion without a reason", head + "  exclude:\n  - {transports: [polling]}\n", "f.yaml:6:", "because of what"},
		{"exclusion of nothing", head + "  exclude:\n  - transports: [ajax]\n    because: slow\n", "f.yaml:6:18: ", "ajax is none of [websocket polling]"},
		{"nobody left", head + "  carriers: [h2]\n  exclude:\n  - {transports: [polling], because: slow}\n", "f.yaml:3:", "nothing of it is left: slow"},
		{"another of that name", head + "- {workloads: [push], duration: 9s, transports: [ajax]}\n", "f.yaml:5:", "push differs"},
	} {
		_, err := Parse(strings.NewReader(c.source), "f.yaml")
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || !strings.Contains(err.Error(), c.mention) {
			t.Errorf("%s: error %q, want one that begins with %q and mentions %q", c.name, err, c.want, c.mention)
		}
	}
}

func TestAMatrixIsBounded(t *testing.T) {
	numbers := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, strconv.Itoa(i+1))
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	for name, c := range map[string]struct{ source, mention string }{
		"too many workloads":    {"parts:\n- workloads: [fanout]\n  transports: [ajax]\n  clients: " + numbers(40) + "\n  rates: [3, 4]\n", "80 workloads; a report shows at most 64"},
		"too many arms":         {"parts:\n- workloads: [push]\n  transports: [polling]\n  carriers: [h1, h1tls, h2c, h2]\n  nets: [lan, 4g]\n  intervals: [1ms, 2ms, 3ms, 4ms, 5ms, 6ms, 7ms, 8ms, 9ms]\n", "72 arms; a report shows at most 64"},
		"too many combinations": {"parts:\n- workloads: [fanout]\n  transports: [ajax, polling]\n  clients: " + numbers(50) + "\n  rates: " + numbers(50) + "\n  carriers: [h1, h2, h2c, h1tls]\n  sizes: [1B, 2B]\n", "combinations"},
		"too many values":       {"parts:\n- workloads: [fanout]\n  transports: [ajax]\n  clients: " + numbers(65) + "\n", "65 values are more than 64"},
		"empty":                 {"", "exactly one document"},
		"a list":                {"- a\n", ""},
	} {
		if _, err := Parse(strings.NewReader(c.source), "f.yaml"); err == nil || !strings.Contains(err.Error(), c.mention) {
			t.Errorf("%s: error %v, want one that mentions %q", name, err, c.mention)
		}
	}
}

func TestBuiltinsCanBeRun(t *testing.T) {
	for _, name := range Builtin() {
		m, err := Find(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e, err := m.Expand(bench.DefaultPlan())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Explain == "" || e.Plan.Title == "" {
			t.Errorf("%s is not explained", name)
		}
		for i, p := range m.Parts {
			if p.Explain == "" {
				t.Errorf("%s: part %d is not explained", name, i+1)
			}
		}
		t.Logf("%s: %d workloads, %d arms, %d runs, %s", name, len(e.Plan.Workloads), len(e.Plan.Arms), e.Plan.Runs(), e.Plan.Estimate())
	}
	if _, err := Find("huge"); err == nil || !strings.Contains(err.Error(), "quick, standard") {
		t.Errorf("error %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Builtin() {
		text, err := Source(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, source string) {
		m, err := Parse(strings.NewReader(source), "f.yaml")
		if err != nil {
			return
		}
		e, err := m.Expand(bench.DefaultPlan())
		if err != nil {
			t.Fatalf("parsed and then refused: %v", err)
		}
		if err := e.Plan.Check(); err != nil {
			t.Errorf("accepted a matrix that cannot be run: %v", err)
		}
	})
}
