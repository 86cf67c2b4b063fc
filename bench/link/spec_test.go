package link

import (
	"strings"
	"testing"
	"time"

	"transportlab/bench/result"
)

func TestParseReadsProfilesAndProperties(t *testing.T) {
	for text, want := range map[string]result.Net{
		"loopback":                               {Name: "loopback"},
		"4g":                                     {Name: "4g", RTT: 60 * time.Millisecond, Bandwidth: 10e6, Loss: 0.01},
		"rtt=50ms":                               {Name: "rtt=50ms", RTT: 50 * time.Millisecond},
		"loss=1.5%,rtt=0.08s":                    {Name: "rtt=80ms,loss=1.5%", RTT: 80 * time.Millisecond, Loss: 0.015},
		"rate=0.5mbit":                           {Name: "rate=500kbit", Bandwidth: 500e3},
		"jitter=2ms,rtt=50ms,rate=1gbit,loss=0%": {Name: "rtt=50ms,rate=1gbit,jitter=2ms", RTT: 50 * time.Millisecond, Bandwidth: 1e9, Jitter: 2 * time.Millisecond},
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                       `there is no network condition ""`,
		"5g":                     `there is no network condition "5g"; there are loopback, lan`,
		"4g,loss=2%":             `"4g" is not key=value`,
		"rtt=50":                 "rtt=50 is no time; want 50ms",
		"rtt=-1ms":               "rtt=-1ms is not between 0 and 10s",
		"rtt=11s":                "not between 0 and 10s",
		"rate=10":                "rate=10 is no rate; want 10mbit",
		"rate=infmbit":           "is no rate",
		"rate=2gbit":             "not between 64kbit and 1gbit",
		"rate=0mbit":             "not between 64kbit and 1gbit",
		"loss=1":                 "loss=1 is no share",
		"loss=51%":               "not between 0% and 50%",
		"loss=NaN%":              "is no share",
		"delay=1ms":              `there is no property "delay"`,
		"rtt=1ms,rtt=2ms":        "rtt is there twice",
		"rtt=10ms,jitter=6ms":    "a jitter of 6ms is more than the one-way delay of 5ms",
		"rtt=0s":                 "asks for nothing",
		strings.Repeat("a", 201): "longer than 200",
	} {
		if got, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, error %v, want %q", text, got, err, want)
		}
	}
}

func TestParseListTellsConditionsApart(t *testing.T) {
	for text, want := range map[string]string{
		"lan":                               "lan",
		"lan,4g":                            "lan 4g",
		"loss=1%,rtt=1ms":                   "rtt=1ms,loss=1%",
		"rtt=1ms,loss=1%,rtt=2ms,lan":       "rtt=1ms,loss=1% rtt=2ms lan",
		"lan,rtt=1ms,4g,rtt=2ms,rate=1gbit": "lan rtt=1ms 4g rtt=2ms,rate=1gbit",
	} {
		nets, err := ParseList(text)
		var names []string
		for _, n := range nets {
			names = append(names, n.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "lan,", ",", "lan,rtt", "rtt=1ms,=2", strings.Repeat("lan,", 100)} {
		if nets, err := ParseList(text); err == nil {
			t.Errorf("%q is read as %v", text, nets)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"4g", "rtt=50ms,rate=10mbit,loss=1%,jitter=2ms", "rate=1.5gbit", "loss=.%", "rtt=1h", "=", ",,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(n.Name)
		if err != nil || again != n {
			t.Errorf("%q is %+v, but its name is read as %+v, %v", text, n, again, err)
		}
	})
}
