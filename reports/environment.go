package reports

func (r *Report) environmentChapter() Chapter {
	c := Chapter{ID: "environment", Title: "Environment and settings"}
	machine, settings := Part{ID: "environment-machine"}, Part{ID: "environment-settings"}
	machine.addTable(r.environment())
	settings.addTable(r.settings())
	c.Parts = []Part{machine, settings}
	return c
}

func guaranteesChapter() Chapter {
	return Chapter{ID: "guarantees", Title: "Guarantees", Parts: []Part{
		{ID: "guarantees-all", Title: "Alike on every transport", List: []string{
			"Every subscriber of a topic sees the same messages in the same order, by offsets that rise by exactly one.",
			"A message that is sent again under the same identity is stored once.",
			"A connection that broke resumes after what it had, on any node, because the client holds the cursor.",
			"What cannot be delivered any more is reported as a gap, never passed over in silence; a log that was lost and begun again is known by its epoch.",
		}},
		{ID: "guarantees-acknowledgement", Title: "What an acknowledgement does not promise", Text: []string{
			"A message is acknowledged once the store has it, and then reaches every subscriber that stays or comes back within the retention window, or the subscriber is told of a gap. It does not promise more than the store does:",
		}, List: []string{
			"Redis with appendfsync everysec, its usual setting, may lose about one second of acknowledged messages when the machine fails; without an append-only file it loses what came after the last snapshot.",
			"After a failover, writes that had not been replicated are gone, unless min-replicas-to-write or WAIT was used. The log then has a new epoch, and subscribers are told.",
			"The embedded store and the one in memory end with their process, and everything in them does.",
			"That a message is stored does not say that anybody has read it: delivery is the subscriber's to confirm.",
		}},
	}}
}

func methodChapter() Chapter {
	return Chapter{ID: "method", Title: "Method", Parts: []Part{
		{Title: "One workload, every transport", Text: []string{"Send times and contents are drawn beforehand from a seed, so every transport is given the same ones. All of them read the same log through a cursor; what differs is only how the bytes move."}},
		{Title: "Open loop", Text: []string{"A message is sent when it is due, whether or not earlier ones have arrived, and its latency counts from that moment until the client has it, by one clock on one machine. A server that stalls is therefore charged for everyone who had to wait. The rtt workload is a closed loop and says so: its figures are round trips, not to be compared with the others."}},
		{Title: "Runs", Text: []string{"The server runs in a process of its own, started anew for each run; clients and measurement run in another. In each block every transport runs once, in random order, so that a machine that grows slower is unfair to all alike. A run counts once: figures are medians over runs, never pooled samples."}},
		{Title: "Intervals and tests", Text: []string{"Intervals are 95 % confidence intervals of the median by order statistics, which assume nothing about the distribution, and need six runs. Two transports differ when the Mann–Whitney test says so at 5 % after Holm's correction for all pairs of a workload. They are called equivalent when the whole interval of their ratio lies within 5 %; “no difference found” only says that these runs show none. The ± of a ratio is half of its bootstrap interval."}},
		{Title: "Tails", Text: []string{"A percentile above the median is given only where ten samples of a run lie beyond it, and where the machine was quiet: a sentinel measures in each run how late timers fire and how much time the hypervisor took. A run that was disturbed too much keeps its median and loses its tail; the footnotes say so."}},
		{Title: "Bytes", Text: []string{"They are counted at the connections, by what they are for: the payload, the envelope that carries offset and identity, framing, HTTP headers, TLS. Requests that found nothing are counted too. What TCP/IP adds is the kernel's own count of segments and bytes."}},
		{Title: "Costs", Text: []string{"Processor time and memory are the server process's own, its consumption when idle subtracted. The store is another process."}},
		{Title: "Floors", Text: []string{"A direct call and a bare TCP connection are given the same workloads. They are no contestants: what a transport takes beyond them is its own share, what they take is the machine's."}},
		{Title: "Networks", Text: []string{"A condition other than loopback is emulated and calibrated before use; what was achieved stands beside what was asked. The relay passes real packets between two network namespaces, so that TCP itself meets delay, loss and a narrow link. Without the rights for that, a wrapper delays what connections carry, which knows no slow start and no loss; every row says so."}},
		{Title: "Limits", Text: []string{"Clients, server and store share one machine and compete for its processors. Where no network condition is named, the loopback interface lies between them: no packet is lost, delayed or reordered there, and transports that need more round trips look better than over a distance."}},
	}}
}
