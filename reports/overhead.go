package reports

import (
	"math"

	"transportlab/bench/result"
	"transportlab/bench/stats"
)

// layers are the parts of a message's bytes, in the order in which they are stacked. The last is not of
// the connections but of the link below them.
var layers = []struct {
	name string
	of   func(result.Layers) uint64
}{
	{"payload", func(l result.Layers) uint64 { return l.Payload }},
	{"envelope", func(l result.Layers) uint64 { return l.Envelope }},
	{"framing", func(l result.Layers) uint64 { return l.Framing }},
	{"HTTP headers", func(l result.Layers) uint64 { return l.Headers }},
	{"TLS", func(l result.Layers) uint64 { return l.TLS }},
	{"other", func(l result.Layers) uint64 { return l.Other }},
	{linkLayer, nil},
}

const linkLayer = "TCP/IP"

func (r *Report) overheadChapter() Chapter {
	c := Chapter{ID: "overhead", Title: "Overhead", Lead: []string{
		"What a message costs on the wire, and what for: traffic that somebody pays, batteries, and room on slow links. Payload is the message itself. The envelope carries offset and identity, alike on every transport, and is what the guarantees cost. Framing, HTTP headers and TLS are the transport's and its carrier's. TCP/IP is what the kernel adds below them: headers of 66 bytes for each segment, pure acknowledgements and retransmissions among them.",
		"Bytes are of both directions, divided by the deliveries; requests that found nothing are in them, handshakes are not: they have a plot of their own. The tables count what the connections carried; TCP/IP comes on top of that and is in the plots, where the kernel could be asked."}}
	for _, s := range r.Sections {
		p := Part{ID: "overhead-" + s.ID, Title: s.Name}
		names := []string{"wire-B/msg", "up-B/msg", "down-B/msg", "idle-B/min"}
		p.addTable(s.table("Bytes: "+s.Name, names, false))
		if len(p.Tables) > 0 {
			p.Terms = terms(names, p.Tables[0])
		}
		p.addChart(bytesChart(s))
		p.addChart(barChart(s, "idle-B/min", "-idle-traffic"))
		p.addChart(handshakeChart(s))
		p.addTable(linkTable(s))
		p.addTable(extraTable(s))
		c.Parts = append(c.Parts, p)
	}
	return c
}

// bytesChart shows what a message costs on the wire, and what for.
func bytesChart(s Section) Chart {
	return layerChart(s, "-bytes", "Bytes per message", "bytes per message, both directions",
		"What clients and publishers moved in both directions, divided by the messages; setting up connections is left out. TCP/IP is there where the kernel could be asked.",
		func(run result.Run) (result.Traffic, float64, bool) {
			if run.Bytes == nil || run.Accounting.Messages() == 0 {
				return result.Traffic{}, 0, false
			}
			return run.Bytes.Steady, float64(run.Accounting.Messages()), true
		}, true)
}

// handshakeChart shows what setting up a connection costs.
func handshakeChart(s Section) Chart {
	return layerChart(s, "-handshake", "Bytes to set up a connection", "bytes per connection, both directions",
		"Everything from the first byte until the load begins: TLS, the upgrade or first request, greetings. Paid once per connection, and again by everyone who comes back.",
		func(run result.Run) (result.Traffic, float64, bool) {
			if run.Bytes == nil || run.Connections.All() == 0 {
				return result.Traffic{}, 0, false
			}
			return run.Bytes.Handshake, float64(run.Connections.All()), true
		}, false)
}

// layerChart stacks traffic by layers. of gives a run's traffic and what it is divided by; link adds what
// the kernel put below it.
func layerChart(s Section, id, title, axis, desc string, of func(result.Run) (result.Traffic, float64, bool), link bool) Chart {
	b := barPlot{xLabel: axis}
	table := Table{Head: []string{"Transport", "direction"}}
	for _, l := range layers {
		table.Head = append(table.Head, l.name)
	}
	table.Head = append(table.Head, "all")
	most := 0.0
	seen := make([]bool, len(layers))
	for _, r := range s.Rows {
		up := layerMedians(r.runs, of, link, func(t result.Traffic) result.Layers { return t.Up }, func(w result.Wire) result.WireCount { return w.Up })
		down := layerMedians(r.runs, of, link, func(t result.Traffic) result.Layers { return t.Down }, func(w result.Wire) result.WireCount { return w.Down })
		if up == nil {
			continue
		}
		parts := make([]float64, len(layers))
		total := 0.0
		for i := range parts {
			for _, v := range []float64{up[i], down[i]} {
				if !math.IsNaN(v) {
					parts[i] += v
					seen[i] = seen[i] || v > 0
				}
			}
			total += parts[i]
		}
		most = max(most, total)
		b.bars = append(b.bars, bar{name: r.Arm.Short, parts: parts, label: size(total)})
		table.addArm(r.Arm, layerRow("up", up)...)
		table.addArm(r.Arm, layerRow("down", down)...)
	}
	if len(b.bars) == 0 || most == 0 {
		return Chart{}
	}
	for i, l := range layers {
		b.layers = append(b.layers, l.name)
		if !seen[i] {
			b.layers[i] = ""
		}
	}
	table.dropEmpty()
	b.ticks = linearTicks(most, size)
	return newChart(s.ID+id, title+": "+s.Name, desc, b.draw(), table)
}

func layerRow(direction string, values []float64) []Entry {
	row := texts(direction)
	total := 0.0
	for _, v := range values {
		row = append(row, Entry{Text: significant(v)})
		if !math.IsNaN(v) {
			total += v
		}
	}
	return append(row, Entry{Text: significant(total)})
}

// layerMedians is, for each layer, the median over runs of its share; NaN where no run knows it, nil
// where no run has any.
func layerMedians(runs []result.Run, of func(result.Run) (result.Traffic, float64, bool), link bool,
	direction func(result.Traffic) result.Layers, wire func(result.Wire) result.WireCount) []float64 {
	out := make([]float64, len(layers))
	any := false
	for i, l := range layers {
		var vs []float64
		for _, r := range runs {
			traffic, n, ok := of(r)
			if !ok {
				continue
			}
			any = true
			switch {
			case l.of != nil:
				vs = append(vs, float64(l.of(direction(traffic)))/n)
			case link && r.Wire != nil:
				below := float64(wire(*r.Wire).Total()) - float64(direction(traffic).Total())
				vs = append(vs, max(below, 0)/n)
			}
		}
		out[i] = math.NaN()
		if len(vs) > 0 {
			out[i] = stats.Summarize(vs).Median
		}
	}
	if !any {
		return nil
	}
	return out
}
