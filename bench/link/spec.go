package link

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"transportlab/bench/result"
)

// Loopback is the network condition without any: what clients and server meet on one machine.
const Loopback = "loopback"

// Profiles are the network conditions that have a name, the mildest first.
func Profiles() []result.Net {
	return []result.Net{
		{Name: Loopback},
		{Name: "lan", RTT: time.Millisecond},
		{Name: "broadband", RTT: 20 * time.Millisecond, Bandwidth: 50e6},
		{Name: "4g", RTT: 60 * time.Millisecond, Bandwidth: 10e6, Loss: 0.01},
		{Name: "satellite", RTT: 600 * time.Millisecond},
	}
}

// Forms says what Parse takes, for help and errors.
const Forms = "loopback, lan, broadband, 4g, satellite, or some of rtt=50ms,rate=10mbit,loss=1%,jitter=2ms"

// Bounds of what can be asked for.
const (
	maxRTT  = 10 * time.Second // TCP gives a connection up after twenty without an answer
	minRate = 64e3             // bit/s
	maxRate = 1e9              // bit/s; more than the relay carries
	maxLoss = 0.5              // of packets
	maxSpec = 200              // bytes of text
)

// Parse reads a network condition: the name of a profile, or properties as key=value with commas between
// them, of which rtt is both ways together, rate is bit/s of IP packets each way, loss is of packets each way,
// and jitter is the standard deviation of the one-way delay. A condition of one's own is named by its
// properties in a fixed order, so that what is asked twice in other words is the same.
func Parse(text string) (result.Net, error) {
	if len(text) > maxSpec {
		return result.Net{}, fmt.Errorf("a network condition of %d bytes is longer than %d", len(text), maxSpec)
	}
	if !strings.Contains(text, "=") {
		for _, p := range Profiles() {
			if p.Name == text {
				return p, nil
			}
		}
		return result.Net{}, fmt.Errorf("there is no network condition %q; there are %s", text, Forms)
	}
	var n result.Net
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return n, fmt.Errorf("network condition %q: %q is not key=value; want %s", text, part, Forms)
		}
		if seen[key] {
			return n, fmt.Errorf("network condition %q: %s is there twice", text, key)
		}
		seen[key] = true
		if err := set(&n, key, value); err != nil {
			return n, fmt.Errorf("network condition %q: %w", text, err)
		}
	}
	if n.Jitter > n.RTT/2 {
		return n, fmt.Errorf("network condition %q: a jitter of %s is more than the one-way delay of %s", text, n.Jitter, n.RTT/2)
	}
	n.Name = describe(n)
	if n.Name == "" {
		return n, fmt.Errorf("network condition %q asks for nothing; that is %s", text, Loopback)
	}
	return n, nil
}

// ParseList reads several conditions with commas between them. A name stands for itself; properties belong
// together until a name comes or one of them comes again.
func ParseList(text string) ([]result.Net, error) {
	if len(text) > maxSpec {
		return nil, fmt.Errorf("network conditions of %d bytes are longer than %d", len(text), maxSpec)
	}
	var specs []string
	var keys []string // of the condition that the last of specs is
	for part := range strings.SplitSeq(text, ",") {
		key, _, own := strings.Cut(part, "=")
		if own && len(keys) > 0 && !slices.Contains(keys, key) {
			specs[len(specs)-1] += "," + part
			keys = append(keys, key)
			continue
		}
		specs, keys = append(specs, part), nil
		if own {
			keys = []string{key}
		}
	}
	var nets []result.Net
	for _, spec := range specs {
		n, err := Parse(spec)
		if err != nil {
			return nil, err
		}
		nets = append(nets, n)
	}
	return nets, nil
}

func set(n *result.Net, key, value string) (err error) {
	switch key {
	case "rtt":
		n.RTT, err = duration(key, value, maxRTT)
	case "jitter":
		n.Jitter, err = duration(key, value, maxRTT/2)
	case "rate":
		n.Bandwidth, err = rate(value)
	case "loss":
		n.Loss, err = share(value)
	default:
		err = fmt.Errorf("there is no property %q; there are rtt, rate, loss and jitter", key)
	}
	return err
}

func duration(key, value string, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0, fmt.Errorf("%s=%s is no time; want 50ms", key, value)
	}
	if d < 0 || d > most {
		return 0, fmt.Errorf("%s=%s is not between 0 and %s", key, value, most)
	}
	return d.Truncate(time.Microsecond), nil
}

// units of a rate in bit/s, the largest first.
func units() []struct {
	name string
	bits float64
} {
	return []struct {
		name string
		bits float64
	}{{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}}
}

func rate(value string) (float64, error) {
	for _, u := range units() {
		digits, ok := strings.CutSuffix(value, u.name)
		if !ok {
			continue
		}
		x, err := number(digits)
		if err != nil {
			break
		}
		if x *= u.bits; x < minRate || x > maxRate {
			return 0, fmt.Errorf("rate=%s is not between 64kbit and 1gbit", value)
		}
		return math.Round(x), nil
	}
	return 0, fmt.Errorf("rate=%s is no rate; want 10mbit, with kbit, mbit or gbit", value)
}

func share(value string) (float64, error) {
	digits, ok := strings.CutSuffix(value, "%")
	x, err := number(digits)
	if !ok || err != nil {
		return 0, fmt.Errorf("loss=%s is no share of packets; want 1%%", value)
	}
	if x /= 100; x < 0 || x > maxLoss {
		return 0, fmt.Errorf("loss=%s is not between 0%% and 50%%", value)
	}
	return math.Round(x*1e6) / 1e6, nil
}

// number reads a decimal number without sign, exponent or names such as Inf.
func number(s string) (float64, error) {
	if strings.Trim(s, "0123456789.") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

// describe is the name of a condition of one's own.
func describe(n result.Net) string {
	var parts []string
	add := func(key, value string) { parts = append(parts, key+"="+value) }
	if n.RTT > 0 {
		add("rtt", n.RTT.String())
	}
	if n.Bandwidth > 0 {
		add("rate", formatRate(n.Bandwidth))
	}
	if n.Loss > 0 {
		add("loss", decimal(math.Round(n.Loss*1e6)/1e4)+"%")
	}
	if n.Jitter > 0 {
		add("jitter", n.Jitter.String())
	}
	return strings.Join(parts, ",")
}

func formatRate(bits float64) string {
	for _, u := range units() {
		if bits >= u.bits {
			return decimal(bits/u.bits) + u.name
		}
	}
	return decimal(bits/1e3) + "kbit"
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
