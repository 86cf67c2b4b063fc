package stats

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"

	"transportlab/bench/result"
	"transportlab/bench/workload"
)

// WriteBenchmarks writes a document in the Go benchmark format
// (https://go.dev/design/14313-benchmark-format), a line per run, for benchstat and its like:
// `benchstat -col /transport`. Failed runs are left out.
func WriteBenchmarks(w io.Writer, d *result.Document) error {
	if err := WriteUnits(w); err != nil {
		return err
	}
	out := benchfmt.NewWriter(w)
	e := d.Environment
	for _, r := range d.Runs {
		i := slices.IndexFunc(d.Workloads, func(w workload.Workload) bool { return w.Name == r.Workload })
		if r.Error != "" || i < 0 {
			continue
		}
		line := &benchfmt.Result{Name: benchfmt.Name(Name(d.Workloads[i], r.Arm, d.Nets...)), Iters: int(max(r.Accounting.Messages(), 1))}
		for _, kv := range [][2]string{{"goos", e.OS}, {"goarch", e.Arch}, {"cpu", e.CPU}, {"go", e.Go}, {"revision", e.Revision},
			{"store", strings.TrimSpace(d.Store.Kind + " " + d.Store.Version)}} {
			if kv[1] != "" {
				line.SetConfig(kv[0], kv[1])
				line.Config[len(line.Config)-1].File = true
			}
		}
		for _, m := range result.Metrics() {
			if v, ok := m.Value(r); ok {
				line.Values = append(line.Values, benchfmt.Value{Value: v, Unit: m.Name})
			}
		}
		if len(line.Values) == 0 {
			continue
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// WriteUnits writes the lines that tell benchstat what the metrics' units mean.
func WriteUnits(w io.Writer) error {
	out := benchfmt.NewWriter(w)
	for _, m := range result.Metrics() {
		for _, u := range units(m) {
			if err := out.Write(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// units describe a metric: which direction is better, and whether it is the same in every run.
func units(m result.Metric) []*benchfmt.UnitMetadata {
	better := "lower"
	if m.Higher {
		better = "higher"
	}
	list := []*benchfmt.UnitMetadata{{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: m.Name, Key: "better"}, OrigUnit: m.Name, Value: better}}
	if m.Exact {
		list = append(list, &benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: m.Name, Key: "assume"}, OrigUnit: m.Name, Value: "exact"})
	}
	return list
}

// Name is the name of a benchmark without its prefix "Benchmark":
// "Push/transport=longpoll/carrier=h1/net=4g/rtt=60ms/interval=100ms/clients=10/size=64". Its dimensions are those
// by which results are compared; a network condition and a variant are there when the arm has them. nets are
// those of the document, which say what a condition's name stands for.
func Name(w workload.Workload, a result.Arm, nets ...result.Net) string {
	var b strings.Builder
	for part := range strings.SplitSeq(w.Name, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	fmt.Fprintf(&b, "/transport=%s/carrier=%s", a.Transport, a.Carrier)
	switch {
	case strings.Contains(a.Net, "="): // it is named by its properties
		b.WriteString("/" + strings.ReplaceAll(a.Net, ",", "/"))
	case a.Net != "loopback":
		b.WriteString("/net=" + a.Net)
		if i := slices.IndexFunc(nets, func(n result.Net) bool { return n.Name == a.Net }); i >= 0 && nets[i].RTT > 0 {
			b.WriteString("/rtt=" + nets[i].RTT.String())
		}
	}
	if a.Variant != "" {
		b.WriteString("/" + strings.ReplaceAll(a.Variant, ",", "/"))
	}
	fmt.Fprintf(&b, "/clients=%d/size=%d", w.Clients, w.Size)
	return b.String()
}
