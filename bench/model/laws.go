package model

// A term is a part of a cost: its price times a quantity of the load.
type term struct {
	name string // what is paid for: "a message sent"
	of   func(load) float64
}

// A law says what a figure is made of. The prices of its terms are found by fitting, and so is its free constant,
// where it has one.
type law struct {
	name   string
	least  float64   // figures below it count as it where errors are relative: what no measurement resolves
	shapes []float64 // values that the free constant may take
	terms  func(transport string, shape float64) []term
	of     func(Observation) *float64
}

// The names of laws.
const (
	lawCPU    = "cpu"    // of the server: seconds a second
	lawMemory = "memory" // of the server, bytes
	lawUp     = "up"     // bytes a second that clients and publishers send
	lawDown   = "down"   // and receive
	lawP50    = "p50"    // of delivery without network and waiting, seconds
	lawP99    = "p99"
)

func laws() []law {
	return []law{
		{lawCPU, 0.002, []float64{0, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2}, cpuTerms, func(o Observation) *float64 { return o.CPU }},
		{lawMemory, 1e6, []float64{0}, memoryTerms, func(o Observation) *float64 { return o.Memory }},
		{lawUp, 100, []float64{0}, upTerms, func(o Observation) *float64 { return o.Up }},
		{lawDown, 100, []float64{0}, downTerms, func(o Observation) *float64 { return o.Down }},
		{lawP50, 1e-4, []float64{0}, latencyTerms, func(o Observation) *float64 { return o.P50 }},
		{lawP99, 1e-4, []float64{0}, latencyTerms, func(o Observation) *float64 { return o.P99 }},
	}
}

// timetable tells whether an arm asks when the clock says so: its latency is waiting, which theory knows.
func timetable(transport string) bool { return transport == "polling" || transport == "ajax" }

func cpuTerms(transport string, awake float64) []term {
	list := []term{
		{"a wake-up", func(l load) float64 { return asleep(l.sends+l.asked, awake) }},
		{"a message sent", func(l load) float64 { return l.sends }},
		{"a byte sent", func(l load) float64 { return l.sends * l.size }},
		{"a delivery", func(l load) float64 { return l.deliveries }},
		{"a byte delivered", func(l load) float64 { return l.deliveries * l.size }},
	}
	if timetable(transport) {
		return append(list,
			term{"a question", func(l load) float64 { return l.asked }},
			term{"an answer with news", func(l load) float64 { return l.answered }})
	}
	return append(list,
		term{"a reader that is woken", func(l load) float64 { return asleep(l.sends, awake) * woken(l.readers) }},
		term{"a connection", func(l load) float64 { return l.clients }})
}

func memoryTerms(string, float64) []term {
	return []term{
		{"the server", func(load) float64 { return 1 }},
		{"a client", func(l load) float64 { return l.clients }},
		{"a publisher", func(l load) float64 { return l.publishers }},
		{"a byte of a client's buffers", func(l load) float64 { return l.clients * l.size }},
		{"a byte of a publisher's buffers", func(l load) float64 { return l.publishers * l.size }},
		{"a message held", func(l load) float64 { return l.held }},
		{"a byte held", func(l load) float64 { return l.held * l.size }},
		{"a delivery a second", func(l load) float64 { return l.deliveries }},
		{"a byte a second", func(l load) float64 { return l.deliveries * l.size }},
		{"a question a second", func(l load) float64 { return l.asked }},
	}
}

func upTerms(string, float64) []term {
	return []term{
		{"a message sent", func(l load) float64 { return l.sends }},
		{"a byte sent", func(l load) float64 { return l.sends * l.size }},
		{"a question", func(l load) float64 { return l.asked }},
		{"a delivery", func(l load) float64 { return l.deliveries }},
		{"a connection", func(l load) float64 { return l.clients }},
	}
}

func downTerms(string, float64) []term {
	return []term{
		{"a message sent", func(l load) float64 { return l.sends }},
		{"a delivery", func(l load) float64 { return l.deliveries }},
		{"a byte delivered", func(l load) float64 { return l.deliveries * l.size }},
		{"a question", func(l load) float64 { return l.asked }},
		{"an answer with news", func(l load) float64 { return l.answered }},
		{"a connection", func(l load) float64 { return l.clients }},
	}
}

func latencyTerms(string, float64) []term {
	return []term{
		{"the way", func(load) float64 { return 1 }},
		{"a byte", func(l load) float64 { return l.size }},
		{"a reader", func(l load) float64 { return l.readers }},
		{"a byte for a reader", func(l load) float64 { return l.readers * l.size }},
		{"a delivery a second", func(l load) float64 { return l.deliveries }},
	}
}
