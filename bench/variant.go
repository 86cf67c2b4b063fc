package bench

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"transportlab/bench/proxy"
	"transportlab/bench/result"
	"transportlab/transports"
)

// A Variant is what sets an arm apart beside transport, carrier and network condition. Its text is Arm.Variant.
// The zero value of a field is the plan's own setting, or nothing.
type Variant struct {
	Interval    time.Duration // of polling and ajax
	Hold        time.Duration // of longpoll
	Heartbeat   time.Duration // of push transports
	Batch       int           // most messages in one answer
	Compression string        // "deflate": of WebSocket messages; "gzip": clients ask for it, and a proxy that can does it
	Headers     string        // "browser": every request carries what Chromium sends
	Proxy       string        // one of proxy.Names
}

// Values of a Variant.
const (
	Deflate = "deflate"
	Gzip    = "gzip"
	Browser = "browser"
)

// ParseVariant reads an Arm's Variant: properties as key=value with commas between them.
func ParseVariant(text string) (Variant, error) {
	var v Variant
	if text == "" {
		return v, nil
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		switch {
		case !ok:
			return v, fmt.Errorf("variant %q: %q is not key=value; want %s", text, part, forms())
		case seen[key]:
			return v, fmt.Errorf("variant %q: %s is there twice", text, key)
		}
		seen[key] = true
		if err := v.set(key, value); err != nil {
			return v, fmt.Errorf("variant %q: %w", text, err)
		}
	}
	return v, nil
}

// forms says what there is, for errors.
func forms() string {
	return "some of interval=100ms,hold=10s,heartbeat=5s,batch=16,compression=deflate|gzip,headers=browser,proxy=" + strings.Join(proxy.Names(), "|")
}

func (v *Variant) set(key, value string) (err error) {
	switch key {
	case "interval":
		v.Interval, err = variantTime(key, value)
	case "hold":
		v.Hold, err = variantTime(key, value)
	case "heartbeat":
		v.Heartbeat, err = variantTime(key, value)
	case "batch":
		if v.Batch, err = strconv.Atoi(value); err != nil || v.Batch < 1 || v.Batch > 1<<20 {
			err = fmt.Errorf("batch=%s is no number of messages", value)
		}
	case "compression":
		v.Compression, err = oneOf(key, value, Deflate, Gzip)
	case "headers":
		v.Headers, err = oneOf(key, value, Browser)
	case "proxy":
		v.Proxy, err = oneOf(key, value, proxy.Names()...)
	default:
		err = fmt.Errorf("there is no %q; want %s", key, forms())
	}
	return err
}

func variantTime(key, value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < time.Millisecond || d > time.Hour {
		return 0, fmt.Errorf("%s=%s is no time between 1ms and 1h", key, value)
	}
	return d, nil
}

func oneOf(key, value string, values ...string) (string, error) {
	if !slices.Contains(values, value) {
		return "", fmt.Errorf("%s=%s is none of %s", key, value, strings.Join(values, ", "))
	}
	return value, nil
}

// String is the variant as ParseVariant reads it, in a fixed order, so that what is the same is called the same.
func (v Variant) String() string {
	var parts []string
	add := func(key, value string) {
		if value != "" && value != "0" && value != "0s" {
			parts = append(parts, key+"="+value)
		}
	}
	add("interval", v.Interval.String())
	add("hold", v.Hold.String())
	add("heartbeat", v.Heartbeat.String())
	add("batch", strconv.Itoa(v.Batch))
	add("compression", v.Compression)
	add("headers", v.Headers)
	add("proxy", v.Proxy)
	return strings.Join(parts, ",")
}

// checkVariant returns an error that says what of an arm's variant cannot be had.
func checkVariant(a result.Arm) error {
	v, err := ParseVariant(a.Variant)
	if err != nil {
		return err
	}
	plain := a.Carrier == "none" || a.Transport == "tcp"
	switch canonical := v.String(); {
	case canonical != a.Variant:
		return fmt.Errorf("variant %q is to be written %q", a.Variant, canonical)
	case plain && a.Variant != "":
		return fmt.Errorf("the floor %s has no variants", a.Transport)
	case v.Compression == Deflate && a.Transport != "websocket" && !strings.HasPrefix(a.Transport, "socketio"):
		return fmt.Errorf("compression=deflate is of WebSocket messages; %s has none", a.Transport)
	case v.Compression == Gzip && !proxy.Compresses(v.Proxy):
		return errors.New("compression=gzip is done by a proxy: it needs proxy=nginx")
	case v.Proxy != "" && a.Carrier != "h1":
		return fmt.Errorf("proxy=%s stands before h1 alone, not before %s", v.Proxy, a.Carrier)
	}
	return nil
}

// options are the plan's with what the variant sets.
func (v Variant) options(o transports.Options) transports.Options {
	for _, x := range []struct {
		field *time.Duration
		value time.Duration
	}{{&o.Interval, v.Interval}, {&o.Hold, v.Hold}, {&o.Heartbeat, v.Heartbeat}} {
		if x.value > 0 {
			*x.field = x.value
		}
	}
	if v.Batch > 0 {
		o.Batch = v.Batch
	}
	if v.Compression == Deflate {
		o.Compression = true
	}
	return o
}
