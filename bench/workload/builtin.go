package workload

import (
	"fmt"
	"strings"
	"time"
)

// Builtin returns the workloads that can be named instead of given as files, defaults filled in. Each
// returns new values.
func Builtin() []Workload {
	s, ms := Duration(time.Second), Duration(time.Millisecond)
	list := []Workload{
		{Name: "push", Kind: Push, Clients: 10, Rate: 200, Arrival: Arrival{Process: Poisson}, Duration: 800 * ms, Warmup: 200 * ms,
			Explain: "Ten clients with a topic each; on every topic 20 messages a second come at random: notifications, one reader each. The latency of a transport when nothing is short."},
		{Name: "fanout", Kind: Fanout, Clients: 100, Rate: 20, Duration: 800 * ms, Warmup: 200 * ms,
			Explain: "One topic, a hundred readers, 20 messages a second: a live score. What it costs to tell everybody."},
		{Name: "rtt", Kind: RTT, Clients: 1, Duration: 500 * ms, Warmup: 200 * ms,
			Explain: "One client sends a message, waits until it comes back, and sends the next. A closed loop: it shows the floor, and says nothing of load."},
		{Name: "idle", Kind: Idle, Clients: 500, Duration: 500 * ms,
			Explain: "Five hundred connected clients and nothing to tell them: what waiting costs in memory, wake-ups and bytes."},
		{Name: "chat", Kind: Chat, Clients: 60, Topics: 6, Rate: 120, Arrival: Arrival{Process: Poisson}, Duration: 5 * s, Warmup: 1 * s,
			Explain: "Sixty people in six rooms, each saying two things a second, all read by the nine others: both directions at once."},
		{Name: "ingest", Kind: Ingest, Clients: 20, Rate: 1000, Arrival: Arrival{Process: Poisson}, Duration: 5 * s, Warmup: 1 * s,
			Explain: "Twenty sensors send 50 messages a second each and nobody reads along: what sending and its acknowledgement cost."},
		{Name: "burst", Kind: Burst, Clients: 20, Rate: 200, Duration: 5 * s, Warmup: 1 * s,
			Explain: "Fifty messages at the same instant, four times a second, to twenty readers: how well a transport batches."},
		{Name: "resume", Kind: Resume, Clients: 20, Rate: 100, Duration: 10 * s, Warmup: 1 * s,
			Explain: "Twenty readers, one of which is cut off every half second and comes back 200 ms later at its cursor: how fast it catches up, and that it misses nothing."},
		{Name: "onoff", Kind: Fanout, Clients: 20, Rate: 100, Arrival: Arrival{Process: OnOff}, Duration: 10 * s, Warmup: 1 * s,
			Explain: "A second of 100 messages a second, a second of silence, and again, to twenty readers: adaptive intervals have to follow."},
		{Name: "build-log", Kind: Fanout, Clients: 20, Arrival: Arrival{Process: Trace, Trace: "gobuild"}, Duration: 18 * s, Warmup: 1 * s,
			Explain: "The lines of a real build as they were printed, in bursts of hundreds between pauses, to twenty readers: a live log."},
		{Name: "large", Kind: Fanout, Clients: 10, Size: 16 << 10, Rate: 20, Duration: 5 * s, Warmup: 1 * s,
			Explain: "Messages of 16 KiB, 20 a second to ten readers: where headers no longer matter and copying does."},
	}
	for i := range list {
		list[i] = list[i].WithDefaults()
	}
	return list
}

// Find returns the built-in workload of that name. Its error lists the names there are.
func Find(name string) (Workload, error) {
	var names []string
	for _, w := range Builtin() {
		if w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	return Workload{}, fmt.Errorf("there is no workload %q: choose from %s, or name a file", name, strings.Join(names, ", "))
}
