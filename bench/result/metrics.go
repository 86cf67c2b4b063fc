package result

// A Metric is a figure that a run has, with all that a report needs to say about it.
type Metric struct {
	Name    string                    // as in benchmark output, unit included: "p99-ns"
	Title   string                    // as in reports: "Latency, 99th percentile"
	Unit    string                    // of Of: "ns", "B", "1/s", "1"
	Higher  bool                      // more is better
	Exact   bool                      // the same in every run, so that any difference is one
	Tail    bool                      // unfit when the machine was disturbed, or when there are too few samples beyond
	Explain string                    // what it means for the reader, in a sentence
	Of      func(Run) (float64, bool) // false: this run does not have it

	percentile float64              // of a distribution; 0 is none
	from       func(Run) *Histogram // the distribution
}

// Value returns the metric of a run, false when it has none or must not be used for it; Refused says why.
func (m Metric) Value(r Run) (float64, bool) {
	purpose := ForAll
	if m.Tail {
		purpose = ForTail
	}
	if !r.Fit(purpose) || m.Refused(r) != "" {
		return 0, false
	}
	return m.Of(r)
}

// Metrics are all of them, in the order in which reports list them.
func Metrics() []Metric {
	var (
		delivery = func(r Run) *Histogram { return &r.Delivery }
		ack      = func(r Run) *Histogram { return &r.Ack }
	)
	list := []Metric{
		{Name: "p50-ns", Title: "Latency, median", Unit: "ns", percentile: 50, from: delivery,
			Explain: "From the moment a message should have been sent until the client has it; half of the deliveries are at least as fast."},
		{Name: "p90-ns", Title: "Latency, 90th percentile", Unit: "ns", percentile: 90, from: delivery,
			Explain: "One delivery in ten takes longer."},
		{Name: "p99-ns", Title: "Latency, 99th percentile", Unit: "ns", Tail: true, percentile: 99, from: delivery,
			Explain: "One delivery in a hundred takes longer: a page that shows a hundred messages shows such a one."},
		{Name: "p999-ns", Title: "Latency, 99.9th percentile", Unit: "ns", Tail: true, percentile: 99.9, from: delivery,
			Explain: "One delivery in a thousand takes longer."},
		{Name: "uncorrected-p99-ns", Title: "Latency from the actual send, 99th percentile", Unit: "ns", Tail: true,
			percentile: 99, from: func(r Run) *Histogram { return &r.Uncorrected },
			Explain: "What a tool shows that forgives itself for sending late; compare it with p99-ns."},
		{Name: "ack-p50-ns", Title: "Acknowledgement, median", Unit: "ns", percentile: 50, from: ack,
			Explain: "From sending a message until the sender knows that it is stored."},
		{Name: "ack-p99-ns", Title: "Acknowledgement, 99th percentile", Unit: "ns", Tail: true, percentile: 99, from: ack,
			Explain: "One acknowledgement in a hundred takes longer."},
		{Name: "age-ns", Title: "Age of information, mean", Unit: "ns", Of: func(r Run) (float64, bool) {
			if r.Age == nil {
				return 0, false
			}
			return float64(r.Age.Mean), true
		}, Explain: "How old the newest thing is that a client knows, averaged over time: what matters for a display that is looked at now and then."},
		{Name: "catchup-p50-ns", Title: "Catching up after a cut, median", Unit: "ns", percentile: 50, from: func(r Run) *Histogram { return r.CatchUp },
			Explain: "From dialling again until everything missed has arrived."},
		{Name: "first-p50-ns", Title: "Time to the first message, median", Unit: "ns", percentile: 50, from: func(r Run) *Histogram { return r.FirstMessage },
			Explain: "From a fresh client's dialling until it has a message that was there already: what opening a page waits for."},
		{Name: "reconnect-p50-ns", Title: "Connecting again after a cut, median", Unit: "ns", percentile: 50, from: func(r Run) *Histogram { return r.Reconnect },
			Explain: "From dialling again until the connection stands."},
		{Name: "replayed/reconnect", Title: "Messages replayed after a cut", Unit: "1", Of: func(r Run) (float64, bool) {
			return per(float64(r.Replayed), float64(r.Accounting.Reconnects))
		}, Explain: "What a client had missed when it came back, and was then given."},
		{Name: "msgs/s", Title: "Deliveries", Unit: "1/s", Higher: true, Of: func(r Run) (float64, bool) {
			n := r.Accounting.Messages()
			if n == 0 {
				return 0, false
			}
			return per(float64(n), r.Elapsed.Seconds())
		}, Explain: "Messages delivered to clients (acknowledged, where nobody receives) a second. In an open loop it is what was asked for, unless the server could not keep up."},
		{Name: "wire-B/msg", Title: "Bytes per message", Unit: "B", Exact: true, Of: wire(func(up, down uint64) uint64 { return up + down }),
			Explain: "All bytes that clients and publishers moved in both directions, divided by the deliveries; requests that found nothing are in it."},
		{Name: "up-B/msg", Title: "Bytes per message, up", Unit: "B", Exact: true, Of: wire(func(up, _ uint64) uint64 { return up }),
			Explain: "From clients and publishers to the server."},
		{Name: "down-B/msg", Title: "Bytes per message, down", Unit: "B", Exact: true, Of: wire(func(_, down uint64) uint64 { return down }),
			Explain: "From the server to clients and publishers."},
		{Name: "idle-B/min", Title: "Bytes of an idle connection", Unit: "B", Of: func(r Run) (float64, bool) {
			if r.Bytes == nil || r.Bytes.PerMinute == nil {
				return 0, false
			}
			return r.Bytes.PerMinute.Up + r.Bytes.PerMinute.Down, true
		}, Explain: "What a connected client moves a minute while nothing happens, both directions."},
		{Name: "cpu-ns/msg", Title: "Server CPU per message", Unit: "ns", Of: func(r Run) (float64, bool) {
			if r.Server == nil {
				return 0, false
			}
			return per(float64(max(r.Server.CPU-r.Server.Idle, 0)), float64(r.Accounting.Messages()))
		}, Explain: "CPU time of the server's process per delivery, less what it uses when idle."},
		{Name: "driver-cpu-ns/msg", Title: "Driver CPU per message", Unit: "ns", Of: func(r Run) (float64, bool) {
			return per(float64(max(r.Driver.CPU-r.Driver.Idle, 0)), float64(r.Accounting.Messages()))
		}, Explain: "CPU time of all clients, publishers and the measurement itself per delivery."},
		{Name: "switches/msg", Title: "Server context switches per message", Unit: "1", Of: func(r Run) (float64, bool) {
			if r.Server == nil {
				return 0, false
			}
			return per(float64(r.Server.Voluntary+r.Server.Involuntary), float64(r.Accounting.Messages()))
		}, Explain: "How often the server was put to sleep or aside per delivery: fewer means more work per wake-up."},
		{Name: "idle-cpu-ns/conn/s", Title: "Server CPU of an idle connection", Unit: "ns", Of: func(r Run) (float64, bool) {
			if r.Server == nil || r.Accounting.Messages() > 0 {
				return 0, false
			}
			return per(float64(max(r.Server.CPU-r.Server.Idle, 0))/float64(r.Connections.All()), r.Elapsed.Seconds())
		}, Explain: "CPU time that a connected client costs the server every second while nothing happens."},
		{Name: "B/conn", Title: "Server memory per connection", Unit: "B", Of: func(r Run) (float64, bool) {
			if r.Server == nil || r.Accounting.Messages() > 0 || r.Server.Connected.RSS < r.Server.Before.RSS {
				return 0, false
			}
			return per(float64(r.Server.Connected.RSS-r.Server.Before.RSS), float64(r.Connections.All()))
		}, Explain: "Growth of the server's resident memory per connected client that receives nothing; measured with many of them, since the first ones also warm the process up."},
		{Name: "goroutines/conn", Title: "Server goroutines per connection", Unit: "1", Of: func(r Run) (float64, bool) {
			if r.Server == nil || r.Accounting.Messages() > 0 {
				return 0, false
			}
			return per(float64(r.Server.Connected.Goroutines-r.Server.Before.Goroutines), float64(r.Connections.All()))
		}, Explain: "Goroutines that a connected client keeps on the server."},
		{Name: "lateness-p99-ns", Title: "Driver's lateness, 99th percentile", Unit: "ns", Tail: true, percentile: 99, from: func(r Run) *Histogram { return &r.Lateness },
			Explain: "How far the driver lagged behind its own schedule; the error of every latency is of this order."},
	}
	for i, m := range list {
		if m.percentile > 0 {
			list[i].Of = func(r Run) (float64, bool) { return quantile(m.from(r), m.percentile) }
		}
	}
	return list
}

// FindMetric returns the metric of that name.
func FindMetric(name string) (Metric, bool) {
	for _, m := range Metrics() {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Messages is the number that figures "per message" are divided by: deliveries, or acknowledged sends
// where nobody receives.
func (a Accounting) Messages() uint64 {
	if a.Expected == 0 {
		return a.Acked
	}
	return a.Delivered
}

// All is the number of connections to the server.
func (c Connections) All() int { return c.Clients + c.Publishers }

func wire(of func(up, down uint64) uint64) func(Run) (float64, bool) {
	return func(r Run) (float64, bool) {
		if r.Bytes == nil {
			return 0, false
		}
		return per(float64(of(r.Bytes.Steady.Up.Total(), r.Bytes.Steady.Down.Total())), float64(r.Accounting.Messages()))
	}
}

func per(a, b float64) (float64, bool) {
	if b == 0 {
		return 0, false
	}
	return a / b, true
}
