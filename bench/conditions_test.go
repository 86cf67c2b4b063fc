package bench

import (
	"strings"
	"testing"
	"time"

	"transportlab/bench/link"
	"transportlab/bench/result"
	"transportlab/bench/workload"
	"transportlab/transports"
)

func TestUnderTakesEachArmUnderEachCondition(t *testing.T) {
	plain, err := Arms([]string{"polling", "tcp", "null"}, []string{"h1"})
	if err != nil {
		t.Fatal(err)
	}
	arms, err := Under(plain, []string{"loopback", "rtt=0.05s"}, []string{"", "headers=browser"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range arms {
		names = append(names, a.String())
		if err := CheckArm(a); err != nil {
			t.Error(err)
		}
	}
	want := "polling tcp null polling/headers=browser polling/rtt=50ms tcp/rtt=50ms polling/rtt=50ms/headers=browser"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCheckArmSaysWhatCannotBeHad(t *testing.T) {
	for want, a := range map[string]result.Arm{
		`there is no transport "pigeon"`:             {Transport: "pigeon", Carrier: "h1", Net: "loopback"},
		"websocket does not run on h2":               {Transport: "websocket", Carrier: "h2", Net: "loopback"},
		`there is no network condition "5g"`:         {Transport: "polling", Carrier: "h1", Net: "5g"},
		`is to be written "rtt=50ms"`:                {Transport: "polling", Carrier: "h1", Net: "rtt=0.05s"},
		"needs a network":                            {Transport: "null", Carrier: "none", Net: "lan"},
		`is to be written "interval=1s,proxy=nginx"`: {Transport: "polling", Carrier: "h1", Net: "lan", Variant: "proxy=nginx,interval=1000ms"},
		"the floor tcp has no variants":              {Transport: "tcp", Carrier: "h1", Net: "lan", Variant: "headers=browser"},
		"polling has none":                           {Transport: "polling", Carrier: "h1", Net: "lan", Variant: "compression=deflate"},
		"needs proxy=nginx":                          {Transport: "polling", Carrier: "h1", Net: "lan", Variant: "compression=gzip"},
		"stands before h1 alone, not before h2c":     {Transport: "polling", Carrier: "h2c", Net: "lan", Variant: "proxy=nginx"},
	} {
		if err := CheckArm(a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", a, err, want)
		}
	}
}

func TestAVariantIsReadAndWrittenAlike(t *testing.T) {
	for _, text := range []string{"", "interval=100ms", "interval=1.5s,hold=10s,heartbeat=5s,batch=16,compression=deflate,headers=browser,proxy=haproxy"} {
		v, err := ParseVariant(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if again, err := ParseVariant(v.String()); err != nil || again != v {
			t.Errorf("%q is written %q and read as %+v, %v", text, v, again, err)
		}
	}
	for text, want := range map[string]string{
		"interval":                  `"interval" is not key=value; want some of interval=100ms`,
		"interval=0s":               "no time between 1ms and 1h",
		"interval=1s,interval=1s":   "interval is there twice",
		"batch=0":                   "no number of messages",
		"compression=zip":           "compression=zip is none of deflate, gzip",
		"proxy=squid":               "none of nginx, nginx-ignoring, haproxy",
		"speed=11":                  `there is no "speed"`,
		"headers=browser,":          `"" is not key=value`,
		"headers=browser proxy=nah": "is none of browser",
	} {
		if v, err := ParseVariant(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, error %v, want %q", text, v, err, want)
		}
	}
	o := Variant{Interval: time.Second, Compression: Deflate}.options(transports.Options{Hold: time.Minute})
	if o.Interval != time.Second || o.Hold != time.Minute || !o.Compression {
		t.Errorf("options %+v", o)
	}
}

func FuzzParseVariant(f *testing.F) {
	for _, seed := range []string{"interval=100ms", "batch=16,proxy=nginx", "hold=1h,compression=gzip", ",", "a=b=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVariant(text)
		if err != nil {
			return
		}
		if again, err := ParseVariant(v.String()); err != nil || again != v {
			t.Errorf("%q is written %q and read as %+v, %v", text, v, again, err)
		}
	})
}

func TestARunUnderANetworkConditionMeetsItAndCountsIt(t *testing.T) {
	w, err := workload.Find("push")
	if err != nil {
		t.Fatal(err)
	}
	w.Clients, w.Publishers, w.Topics, w.Rate, w.Warmup, w.Duration = 2, 1, 1, 20, 0, workload.Duration(500*time.Millisecond)
	p := Plan{Workloads: []workload.Workload{w}, Blocks: 1, Store: "embedded", Emulator: link.Relay}
	for _, name := range []string{"longpoll", "websocket"} {
		p.Arms = append(p.Arms, result.Arm{Transport: name, Carrier: "h1tls", Net: "rtt=10ms"})
	}
	d, err := Run(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Nets) != 1 || d.Nets[0].Emulator != link.Relay || d.Nets[0].Achieved == nil || d.Nets[0].Achieved.RTT < 10*time.Millisecond || len(d.Calibration) == 0 {
		t.Errorf("networks %+v", d.Nets)
	}
	for _, r := range d.Runs {
		if r.Delivery.Min < 10*time.Millisecond { // up and down again
			t.Errorf("%s delivers within %s", r.Arm, r.Delivery.Min)
		}
		if len(r.Extra) != 2 || r.Extra[0].Value+r.Extra[1].Value != 0 {
			t.Errorf("%s: packets that the link did not deliver: %+v", r.Arm, r.Extra)
		}
		if r.Wire == nil || r.Wire.Interface == nil {
			t.Errorf("%s: wire %+v", r.Arm, r.Wire)
			continue
		}
		if app := r.Bytes.Steady.Up.Total(); r.Wire.Up.Bytes != app || r.Wire.Down.Bytes != r.Bytes.Steady.Down.Total() {
			t.Errorf("%s: the kernel carried %d and %d bytes, the transport wrote %d and %d", r.Arm,
				r.Wire.Up.Bytes, r.Wire.Down.Bytes, app, r.Bytes.Steady.Down.Total())
		}
	}
}

// Every arm passes every proxy with the headers that the lab's streams send; where a proxy heeds none of them,
// a stream's run fails with a reason instead of waiting for ever, and what polls does not notice.
func TestArmsPassProxies(t *testing.T) {
	w, err := workload.Find("push")
	if err != nil {
		t.Fatal(err)
	}
	w.Clients, w.Publishers, w.Topics, w.Rate, w.Warmup, w.Duration = 2, 1, 1, 50, 0, workload.Duration(100*time.Millisecond)
	p := Plan{Workloads: []workload.Workload{w}, Blocks: 1, Store: "embedded", Options: transports.Options{Interval: 50 * time.Millisecond}, Grace: time.Second}
	const deaf = "proxy=nginx-ignoring"
	for variant, names := range map[string][]string{
		"proxy=nginx":                  {"streaming", "websocket"},
		"proxy=haproxy":                {"streaming"},
		deaf:                           {"longpoll", "streaming"},
		"compression=gzip,proxy=nginx": {"streaming"},
		"headers=browser,proxy=nginx":  {"longpoll"},
	} {
		for _, name := range names {
			p.Arms = append(p.Arms, result.Arm{Transport: name, Carrier: "h1", Net: "loopback", Variant: variant})
		}
	}
	d, err := Run(t.Context(), p, nil)
	if err == nil {
		t.Error("no run failed")
	}
	for _, r := range d.Runs {
		failed := r.Arm.Transport == "streaming" && r.Arm.Variant == deaf
		if (r.Error != "") != failed || failed && !strings.Contains(r.Error, "received nothing within") {
			t.Errorf("%s: error %q", r.Arm, r.Error)
		}
	}
}

func TestARunWhoseLinkWasTooSlowIsUnfit(t *testing.T) {
	c := link.Counters{Up: link.Way{Packets: 10, Lost: 1}, Down: link.Way{Packets: 5, Refused: 2, Overflow: 3}}
	if u := overloaded(c); len(u) != 1 || u[0].For != result.ForAll || !strings.Contains(u[0].Reason, "2 packets") {
		t.Errorf("%+v", u)
	}
	if e := onLink(c); len(e) != 2 || e[0].Value != 1 || e[1].Value != 3 {
		t.Errorf("%+v", e)
	}
	if c.Down.Refused = 0; overloaded(c) != nil || onLink(link.Counters{}) != nil {
		t.Error("what was asked for makes a run unfit, or what there is no link for has figures")
	}
}
