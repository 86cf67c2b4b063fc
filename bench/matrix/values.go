package matrix

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"transportlab/bench"
	"transportlab/bench/link"
	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// workloads returns a part's workloads; the file has been checked.
func (m *Matrix) workloads(p Part) (list []choice) {
	for _, name := range p.Workloads {
		base, _ := m.find(name)
		if p.Duration > 0 {
			base.Duration = p.Duration
		}
		if p.Warmup > 0 {
			base.Warmup = p.Warmup
		}
		for _, size := range orDefault(p.Sizes, "") {
			for _, content := range orDefault(p.Contents, "") {
				for _, clients := range orDefault(p.Clients, 0) {
					for _, rate := range orDefault(p.Rates, 0) {
						c := choice{base: base, size: size, content: content, clients: clients, rate: rate}
						c.workload = derive(c)
						list = append(list, c)
					}
				}
			}
		}
	}
	return list
}

// derive changes a workload, and its name where it differs: "push-64kib-binary-c100-r20".
func derive(c choice) workload.Workload {
	w := c.base
	if n, err := parseSize(c.size); err == nil && n != w.Size {
		w.Size = n
		w.Name += "-" + strings.ToLower(c.size)
		if strings.Trim(c.size, "0123456789") == "" {
			w.Name += "b"
		}
	}
	if c.content != "" && (c.content == "binary") != w.Binary {
		w.Binary = !w.Binary
		w.Name += "-" + c.content
	}
	if c.clients > 0 && c.clients != w.Clients {
		if w.Topics == w.Clients { // one for each
			w.Topics, w.Publishers = 0, 0
		} else if w.Kind.SelfSending() {
			w.Publishers = 0
		}
		w.Clients = c.clients
		w.Name += "-c" + strconv.Itoa(c.clients)
	}
	if c.rate > 0 && c.rate != w.Rate {
		w.Rate = c.rate
		w.Name += "-r" + strings.ReplaceAll(strconv.FormatFloat(c.rate, 'f', -1, 64), ".", "-")
	}
	if w.Name != c.base.Name {
		w.Explain = explain(c.base, w)
	}
	return w.WithDefaults()
}

// explain says how a derived workload differs from what it was derived from, whose own explanation may tell the
// numbers that were changed.
func explain(base, w workload.Workload) string {
	var parts []string
	if w.Size != base.Size || w.Binary != base.Binary {
		kind := "text"
		if w.Binary {
			kind = "binary data"
		}
		parts = append(parts, fmt.Sprintf("messages of %d bytes of %s", w.Size, kind))
	}
	if w.Clients != base.Clients {
		parts = append(parts, fmt.Sprintf("%d clients", w.Clients))
	}
	if w.Rate != base.Rate {
		parts = append(parts, fmt.Sprintf("%v messages a second", w.Rate))
	}
	return fmt.Sprintf("As %s, with %s.", base.Name, strings.Join(parts, " and "))
}

// arms returns a part's arms.
func arms(p Part) (list []choice) {
	for _, transport := range p.Transports {
		for _, carrier := range orDefault(p.Carriers, "h1") {
			for _, net := range orDefault(p.Nets, link.Loopback) {
				for _, proxy := range orDefault(p.Proxies, none) {
					for _, compression := range orDefault(p.Compression, none) {
						for _, headers := range orDefault(p.Headers, "go") {
							for _, interval := range orDefault(p.Intervals, 0) {
								c := choice{transport: transport, carrier: carrier, net: net, proxy: proxy, compression: compression, headers: headers, interval: interval}
								c.arm = arm(c)
								list = append(list, c)
							}
						}
					}
				}
			}
		}
	}
	return list
}

// arm names what the choices make.
func arm(c choice) result.Arm {
	n, _ := link.Parse(c.net)
	a := result.Arm{Transport: c.transport, Carrier: c.carrier, Net: n.Name}
	if as, err := bench.Arms([]string{c.transport}, carriers); err == nil && as[0].Carrier == "none" {
		a.Carrier = "none"
	}
	v := bench.Variant{Interval: time.Duration(c.interval)}
	if c.compression != none {
		v.Compression = c.compression
	}
	if c.headers != "go" {
		v.Headers = c.headers
	}
	if c.proxy != none {
		v.Proxy = c.proxy
	}
	a.Variant = v.String()
	return a
}
