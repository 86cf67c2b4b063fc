package matrix

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"transportlab/bench"
	"transportlab/bench/link"
	"transportlab/bench/proxy"
	"transportlab/bench/workload"
)

// Values of the dimensions that have a fixed list.
var (
	carriers     = []string{"h1", "h1tls", "h2c", "h2"}
	contents     = []string{"text", "binary"}
	compressions = []string{none, bench.Deflate, bench.Gzip}
	headers      = []string{"go", bench.Browser}
	timed        = []string{"polling", "ajax"} // transports that ask at intervals
)

// none is the value of a dimension that adds nothing.
const none = "none"

// maxValues is the largest number of values of one dimension.
const maxValues = 64

// check returns a *workload.FieldError for the first thing in the file that cannot be meant.
func (m *Matrix) check() error {
	switch {
	case len(m.Parts) == 0:
		return wrong("parts", "there is none, so there is nothing to measure")
	case len(m.Parts) > MaxParts:
		return wrong("parts", "%d of them are more than %d", len(m.Parts), MaxParts)
	case len(m.Title) > 200:
		return wrong("title", "longer than 200 bytes")
	case m.Runs < 0 || m.Runs > 10_000:
		return wrong("runs", "%d is not between 1 and 10,000", m.Runs)
	case m.Interval < 0:
		return wrong("interval", "%s is negative", m.Interval)
	}
	names := map[string]bool{}
	for i, w := range m.Define {
		if err := w.Check(); err != nil {
			return below(fmt.Sprintf("define[%d]", i), err)
		}
		if _, err := workload.Find(w.Name); err == nil || names[w.Name] {
			return wrong(fmt.Sprintf("define[%d].name", i), "there is a workload %s already", w.Name)
		}
		names[w.Name] = true
	}
	for i, p := range m.Parts {
		at := fmt.Sprintf("parts[%d]", i)
		if err := m.checkPart(at, p); err != nil {
			return err
		}
		for j, x := range p.Exclude {
			if err := m.checkExclusion(fmt.Sprintf("%s.exclude[%d]", at, j), p, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// below puts a field of a *workload.FieldError below another.
func below(at string, err error) error {
	if fe, ok := err.(*workload.FieldError); ok {
		return &workload.FieldError{Field: at + "." + fe.Field, Message: fe.Message}
	}
	return err
}

func (m *Matrix) checkPart(at string, p Part) error {
	if len(p.Workloads) == 0 {
		return wrong(at, "names no workloads")
	}
	if len(p.Transports) == 0 {
		return wrong(at, "names no transports")
	}
	if most := cmp.Or(m.Runs, bench.DefaultPlan().Blocks); p.Runs < 0 || p.Runs > most {
		return wrong(at+".runs", "%d is not between 1 and the matrix's %d", p.Runs, most)
	}
	if p.Duration < 0 || p.Warmup < 0 {
		return wrong(at+".duration", "times must not be negative")
	}
	return firstOf(
		each(at+".workloads", p.Workloads, m.checkWorkload),
		each(at+".sizes", p.Sizes, func(s string) error { _, err := parseSize(s); return err }),
		each(at+".contents", p.Contents, among(contents)),
		each(at+".clients", p.Clients, positive),
		each(at+".rates", p.Rates, positive),
		each(at+".transports", p.Transports, checkTransport),
		each(at+".carriers", p.Carriers, among(carriers)),
		each(at+".nets", p.Nets, checkNet),
		each(at+".proxies", p.Proxies, among(append([]string{none}, proxy.Names()...))),
		each(at+".compression", p.Compression, among(compressions)),
		each(at+".headers", p.Headers, among(headers)),
		each(at+".intervals", p.Intervals, positive),
	)
}

// checkExclusion makes sure that every value which an exclusion names is one of its part, so that a misspelt
// one is not silently without effect.
func (m *Matrix) checkExclusion(at string, p Part, x Exclusion) error {
	if strings.TrimSpace(x.Because) == "" {
		return wrong(at, "does not say because of what")
	}
	return firstOf(
		each(at+".workloads", x.Workloads, among(p.Workloads)),
		each(at+".sizes", x.Sizes, among(p.Sizes)),
		each(at+".contents", x.Contents, among(p.Contents)),
		each(at+".clients", x.Clients, among(p.Clients)),
		each(at+".rates", x.Rates, among(p.Rates)),
		each(at+".transports", x.Transports, among(p.Transports)),
		each(at+".carriers", x.Carriers, among(orDefault(p.Carriers, "h1"))),
		each(at+".nets", x.Nets, among(orDefault(p.Nets, link.Loopback))),
		each(at+".proxies", x.Proxies, among(orDefault(p.Proxies, none))),
		each(at+".compression", x.Compression, among(orDefault(p.Compression, none))),
		each(at+".headers", x.Headers, among(orDefault(p.Headers, "go"))),
		each(at+".intervals", x.Intervals, among(p.Intervals)),
	)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// each checks the values of a dimension, of which none may be there twice.
func each[T comparable](at string, values []T, check func(T) error) error {
	if len(values) > maxValues {
		return wrong(at, "%d values are more than %d", len(values), maxValues)
	}
	for i, v := range values {
		place := fmt.Sprintf("%s[%d]", at, i)
		if slices.Contains(values[:i], v) {
			return wrong(place, "%v is there twice", v)
		}
		if err := check(v); err != nil {
			return wrong(place, "%v", err)
		}
	}
	return nil
}

func among[T comparable](known []T) func(T) error {
	return func(v T) error {
		if !slices.Contains(known, v) {
			return fmt.Errorf("%v is none of %v", v, known)
		}
		return nil
	}
}

func positive[T int | float64 | workload.Duration](v T) error {
	if !(v > 0) {
		return fmt.Errorf("%v is not positive", v)
	}
	return nil
}

func checkTransport(name string) error {
	_, err := bench.Arms([]string{name}, append(slices.Clone(carriers), "none"))
	return err
}

func checkNet(text string) error {
	_, err := link.Parse(text)
	return err
}

func (m *Matrix) checkWorkload(name string) error {
	_, err := m.find(name)
	return err
}

// find returns a workload that the file defines, or a built-in one.
func (m *Matrix) find(name string) (workload.Workload, error) {
	for _, w := range m.Define {
		if w.Name == name {
			return w, nil
		}
	}
	w, err := workload.Find(name)
	if err != nil && len(m.Define) > 0 {
		err = fmt.Errorf("%w, or define it", err)
	}
	return w, err
}

var sizePattern = regexp.MustCompile(`^(\d{1,9}) ?(B|KiB|MiB)?$`)

// parseSize reads a number of bytes: 16, 16B, 64KiB, 1MiB.
func parseSize(text string) (int, error) {
	found := sizePattern.FindStringSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("%q is no size such as 16B, 64KiB or 1MiB", text)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return 0, err
	}
	switch found[2] {
	case "KiB":
		n <<= 10
	case "MiB":
		n <<= 20
	}
	if n < 1 || n > workload.MaxSize {
		return 0, fmt.Errorf("%s is not between 1 and %d bytes", text, workload.MaxSize)
	}
	return n, nil
}

func orDefault[T any](values []T, value T) []T {
	if len(values) == 0 {
		return []T{value}
	}
	return values
}

func contains[T comparable](values []T, v T) bool {
	return len(values) == 0 || slices.Contains(values, v)
}
