package threshold

import (
	"math"
	"strings"
	"testing"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

func TestLimitsAreReadInTheUnitsOfTheirMetric(t *testing.T) {
	for text, want := range map[string]struct {
		metric, op string
		limit      float64
		relative   bool
	}{
		"p99-ns<20ms":                       {"p99-ns", "<", 20e6, false},
		"p99<20ms":                          {"p99-ns", "<", 20e6, false},
		" p99  <  20 ms ":                   {"p99-ns", "<", 20e6, false},
		"p99-ns<=500µs":                     {"p99-ns", "<=", 5e5, false},
		"p50-ns<1000":                       {"p50-ns", "<", 1000, false},
		"wire-B/msg<200":                    {"wire-B/msg", "<", 200, false},
		"wireB/msg<200":                     {"wire-B/msg", "<", 200, false},
		"B/conn<8kB":                        {"B/conn", "<", 8000, false},
		"B/conn<8KiB":                       {"B/conn", "<", 8192, false},
		"msgs/s>=1000/s":                    {"msgs/s", ">=", 1000, false},
		"switches/msg<0.5":                  {"switches/msg", "<", 0.5, false},
		"idle-cpu-ns/conn/s<10us":           {"idle-cpu-ns/conn/s", "<", 1e4, false},
		"idlecpu/conn/s<10us":               {"idle-cpu-ns/conn/s", "<", 1e4, false},
		"cpu/msg<+10%":                      {"cpu-ns/msg", "<", 0.1, true},
		"msgs/s > -5 %":                     {"msgs/s", ">", -0.05, true},
		"not worse than baseline by 5%":     {"", "", 0.05, true},
		"p99 not worse than baseline by 5%": {"p99-ns", "", 0.05, true},
	} {
		got, err := Parse(text)
		if err != nil || got.Metric.Name != want.metric || got.Op != want.op || math.Abs(got.Limit-want.limit) > 1e-12 || got.Relative != want.relative || got.Text != text {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"p98<20ms":                            "choose from p50-ns",
		"p98 not worse than baseline by 5%":   "choose from p50-ns",
		"p99-ns<20kB":                         `"20kB" is not a duration`,
		"wire-B/msg<2ms":                      `"ms" is no unit of bytes`,
		"p99-ns=3":                            "as in",
		"":                                    "as in",
		"msgs/s>1.2.3":                        `"1.2.3" is no number`,
		"p99<+1.2.3%":                         `"+1.2.3" is no number`,
		"p99>-5%":                             "better when it is lower",
		"msgs/s<+5%":                          "better when it is higher",
		"not worse than baseline by 9999999%": "between",
		"not worse than baseline":             "as in",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want an error with %q", text, err, want)
		}
		w := []workload.Workload{{Name: "w", Thresholds: []string{text}}}
		if err := Check(w, true); err == nil || !strings.Contains(err.Error(), "workload w") {
			t.Errorf("%s: %v, want an error that names the workload", text, err)
		}
	}
	w := []workload.Workload{{Name: "w", Thresholds: []string{"p99<20ms", "not worse than baseline by 5%"}}}
	if err := Check(w, false); err == nil || !strings.Contains(err.Error(), "--baseline") {
		t.Errorf("without a baseline: %v", err)
	}
	if err := Check(w, true); err != nil {
		t.Error(err)
	}
}

func TestWhatThresholdsAllow(t *testing.T) {
	lower, higher := mustFind(t, "p99"), mustFind(t, "msgs/s")
	for _, c := range []struct {
		text  string
		of    result.Metric
		ratio float64
		want  bool
	}{
		{"not worse than baseline by 5%", lower, 1.05, true}, {"not worse than baseline by 5%", lower, 1.051, false},
		{"not worse than baseline by 5%", higher, 0.95, true}, {"not worse than baseline by 5%", higher, 0.94, false}, {"not worse than baseline by 5%", higher, 2, true},
		{"p99<+10%", lower, 1.09, true}, {"p99<+10%", lower, 1.11, false}, {"msgs/s>-5%", higher, 0.96, true}, {"msgs/s>-5%", higher, 0.9, false},
		{"p99<+10%", lower, math.NaN(), false},
	} {
		th, err := Parse(c.text)
		if err != nil || !th.Speaks(c.of) || th.Allows(c.of, c.ratio) != c.want {
			t.Errorf("%s, %s at %v: %v, want %v (%v)", c.text, c.of.Name, c.ratio, !c.want, c.want, err)
		}
	}
	th, _ := Parse("p99<20ms")
	if !th.Holds(19e6) || th.Holds(20e6) || th.Speaks(higher) {
		t.Error("p99<20ms does not mean it")
	}
}

// Every metric must be found by its name and by its short one, and no two by the same.
func TestNamesAreUnambiguous(t *testing.T) {
	seen := map[string]string{}
	for _, name := range Names() {
		s := short(name)
		if other, taken := seen[s]; taken {
			t.Errorf("%s and %s are both %s", name, other, s)
		}
		seen[s] = name
		if m := mustFind(t, s); m.Name != name {
			t.Errorf("%s finds %s, want %s", s, m.Name, name)
		}
	}
}

func mustFind(t *testing.T, name string) result.Metric {
	t.Helper()
	m, ok := Find(name)
	if !ok {
		t.Fatalf("no metric %s", name)
	}
	return m
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"p99<20ms", "p99<+10%", "not worse than baseline by 5%", "wireB/msg<200", "a<1e9", "p99<..ms"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		th, err := Parse(text)
		if err == nil && (math.IsNaN(th.Limit) || math.IsInf(th.Limit, 0)) {
			t.Errorf("%q has the limit %v", text, th.Limit)
		}
	})
}
