package model

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"transportlab/bench/proxy"
	"transportlab/bench/workload"
)

// An Ask is a load that somebody has, and what must hold. The zero value of a field is its default.
type Ask struct {
	Clients   int           `json:"clients"`             // connected, each reading one topic; 1
	Rate      float64       `json:"rate"`                // messages a second that each client reads; 1
	Readers   int           `json:"readers"`             // clients that one message goes to; 1
	Size      int           `json:"size"`                // bytes of a message; 64
	Data      string        `json:"data"`                // "text"; "binary", which must travel as it is; "base64", binary that may travel as text
	RTT       time.Duration `json:"rtt"`                 // round trip between clients and server; 0
	Freshness time.Duration `json:"freshness,omitempty"` // longest time that 99 of 100 messages may take; any
	Interval  time.Duration `json:"interval,omitempty"`  // polling, ajax: time between two questions; as long as Freshness allows, else the measured one
	Proxy     string        `json:"proxy"`               // what stands before the server: a name of package proxy, or "strict"; none
	Tabs      int           `json:"tabs"`                // pages that one user has open, over HTTP/1.1; 1
	Cores     float64       `json:"cores,omitempty"`     // that the server may use; any
	Memory    float64       `json:"memory,omitempty"`    // bytes that it may use; any
	Prefer    string        `json:"prefer"`              // what to rank by: "balance", or "latency", "bytes", "cpu", "memory"; balance
	Headers   int           `json:"headers"`             // bytes that clients add to each request beyond what the measured ones sent; 0
}

// Strict is a proxy that passes finished answers alone, as some in companies do: no stream and no upgrade.
const Strict = "strict"

// Data of messages.
const (
	Text   = "text"
	Binary = "binary"
	Base64 = "base64"
)

// What can be ranked by.
const (
	Balance      = "balance"
	ByLatency    = "latency"
	ByBytes      = "bytes"
	ByCPU        = "cpu"
	ByMemory     = "memory"
	browserConns = 6 // to one host over HTTP/1.1
)

// Preferences are what Ask.Prefer may be.
func Preferences() []string { return []string{Balance, ByLatency, ByBytes, ByCPU, ByMemory} }

// Proxies are what Ask.Proxy may be.
func Proxies() []string { return append(append([]string{"none"}, proxy.Names()...), Strict) }

// withDefaults returns a with its zero fields filled in.
func (a Ask) withDefaults() Ask {
	if a.Clients == 0 {
		a.Clients = 1
	}
	if a.Rate == 0 {
		a.Rate = 1
	}
	if a.Readers == 0 {
		a.Readers = 1
	}
	if a.Size == 0 {
		a.Size = 64
	}
	if a.Data == "" {
		a.Data = Text
	}
	if a.Proxy == "" {
		a.Proxy = "none"
	}
	if a.Tabs == 0 {
		a.Tabs = 1
	}
	if a.Prefer == "" {
		a.Prefer = Balance
	}
	return a
}

// most bounds what can be asked for; beyond, arithmetic would go on and mean nothing.
const most = 1e9

// check returns an error that says what cannot be asked.
func (a Ask) check() error {
	switch {
	case a.Clients < 1 || a.Clients > most:
		return fmt.Errorf("%d clients are not between 1 and 1,000,000,000", a.Clients)
	case !(a.Rate > 0 && a.Rate <= 1e6):
		return fmt.Errorf("a rate of %v is not between 0 and 1,000,000 messages a second for each client", a.Rate)
	case a.Readers < 1 || a.Readers > a.Clients:
		return fmt.Errorf("%d readers of a message are not between 1 and the number of clients, %d", a.Readers, a.Clients)
	case a.Size < 1 || a.Size > workload.MaxSize:
		return fmt.Errorf("a size of %d is not between 1 and %d bytes", a.Size, workload.MaxSize)
	case !slices.Contains([]string{Text, Binary, Base64}, a.Data):
		return fmt.Errorf("data %q is none of text, binary, base64", a.Data)
	case a.RTT < 0 || a.RTT > time.Minute:
		return fmt.Errorf("a round trip of %s is not between 0 and a minute", a.RTT)
	case a.Freshness < 0 || a.Interval < 0 || a.Interval > time.Hour:
		return fmt.Errorf("freshness or interval are negative, or an interval is longer than an hour")
	case !slices.Contains(Proxies(), a.Proxy):
		return fmt.Errorf("there is no proxy %q: choose from %s", a.Proxy, strings.Join(Proxies(), ", "))
	case a.Tabs < 1 || a.Tabs > 1000:
		return fmt.Errorf("%d tabs are not between 1 and 1000", a.Tabs)
	case a.Cores < 0 || a.Memory < 0 || a.Headers < 0 || math.IsNaN(a.Cores) || math.IsNaN(a.Memory):
		return fmt.Errorf("cores, memory and headers cannot be negative")
	case !slices.Contains(Preferences(), a.Prefer):
		return fmt.Errorf("there is no preference %q: choose from %s", a.Prefer, strings.Join(Preferences(), ", "))
	}
	return nil
}

// An extent is from where to where a quantity was measured.
type extent struct {
	name   string
	lo, hi float64
	of     func(load) float64
}

type ranges []extent

func newRanges(o *Observations) ranges {
	list := ranges{
		{name: "clients", of: func(l load) float64 { return l.clients }},
		{name: "messages a second to send", of: func(l load) float64 { return l.sends }},
		{name: "deliveries a second", of: func(l load) float64 { return l.deliveries }},
		{name: "readers of a message", of: func(l load) float64 { return l.readers }},
		{name: "bytes of a message", of: func(l load) float64 { return l.size }},
	}
	for i := range list {
		list[i].lo = math.Inf(1)
	}
	for _, each := range o.Observations {
		l, ok := each.load(o.Options, o.push(each.Arm))
		if !ok {
			continue
		}
		for i := range list {
			if v := list[i].of(l); v > 0 {
				list[i].lo, list[i].hi = math.Min(list[i].lo, v), math.Max(list[i].hi, v)
			}
		}
	}
	return list
}

// A Beyond is a quantity that was asked for outside of what was measured.
type Beyond struct {
	What   string  `json:"what"`   // "clients"
	Asked  float64 `json:"asked"`  //
	Lo     float64 `json:"lo"`     // measured
	Hi     float64 `json:"hi"`     // measured
	Factor float64 `json:"factor"` // how far beyond: 10 is ten times the largest measured, or a tenth of the smallest
}

// beyond lists where a load lies outside of what was measured.
func (r ranges) beyond(l load) []Beyond {
	var list []Beyond
	for _, e := range r {
		v := e.of(l)
		const slack = 1.1 // measured rates are drawn, and lie around those that were asked for
		switch {
		case e.hi == 0 || v <= 0:
		case v > slack*e.hi:
			list = append(list, Beyond{e.name, v, e.lo, e.hi, v / e.hi})
		case v < e.lo/slack:
			list = append(list, Beyond{e.name, v, e.lo, e.hi, e.lo / v})
		}
	}
	return list
}
