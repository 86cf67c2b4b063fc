package link

import (
	"math/rand/v2"
	"time"

	"transportlab/bench/result"
)

// leastQueue is what a link with a rate holds at least before it drops, in bytes.
const leastQueue = 256_000

// A way decides what becomes of the packets of one direction. It is a pure function of time and seed: nothing
// in it waits.
type way struct {
	delay, jitter time.Duration
	loss          float64
	perByte       float64 // nanoseconds; 0 is an unlimited rate
	most          float64 // nanoseconds of backlog: the queue's length at the rate
	random        *rand.Rand

	free float64 // when the last packet will have left the queue, ns
	last int64   // when the packet before arrives, ns
}

// A fate is what becomes of a packet.
type fate uint8

const (
	arrives fate = iota
	isLost
	overflows
)

func newWay(n result.Net, seed, stream uint64) *way {
	w := &way{delay: n.RTT / 2, jitter: n.Jitter, loss: n.Loss, random: rand.New(rand.NewPCG(seed, stream))}
	if n.Bandwidth > 0 {
		w.perByte = 8e9 / n.Bandwidth
		w.most = w.perByte * max(leastQueue, n.Bandwidth/8*n.RTT.Seconds())
	}
	return w
}

// offer says when a packet of size bytes that enters at now arrives, in nanoseconds of one clock. It waits
// its turn in the queue, takes its time at the rate, may be lost, and travels; no packet overtakes another.
func (w *way) offer(now int64, size int) (due int64, f fate) {
	leaves := float64(now)
	if w.perByte > 0 {
		took := float64(size) * w.perByte
		begins := max(w.free, float64(now))
		if begins-float64(now)+took > w.most {
			return 0, overflows
		}
		w.free = begins + took
		leaves = w.free
	}
	if w.loss > 0 && w.random.Float64() < w.loss {
		return 0, isLost
	}
	travels := w.delay
	if w.jitter > 0 {
		travels = max(travels+time.Duration(w.random.NormFloat64()*float64(w.jitter)), 0)
	}
	w.last = max(w.last, int64(leaves)+int64(travels))
	return w.last, arrives
}

// mtu is the largest packet of a link in bytes.
const mtu = 1500

// maxWaiting is the most packets that travel in one direction at once: 48 MB of them.
const maxWaiting = 1 << 15

// A packet is under way.
type packet struct {
	due  int64
	data []byte
}

// A train is the packets under way in one direction, first in, first out. It uses its memory again.
type train struct {
	ring       []packet
	head, size int
}

// push adds a packet; false when there is no room for it.
func (t *train) push(due int64, data []byte) bool {
	if t.size == len(t.ring) {
		if t.size >= maxWaiting {
			return false
		}
		grown := make([]packet, max(2*len(t.ring), 64))
		for i := range t.size {
			grown[i] = t.ring[(t.head+i)%len(t.ring)]
		}
		t.ring, t.head = grown, 0
	}
	p := &t.ring[(t.head+t.size)%len(t.ring)]
	p.due, p.data = due, append(p.data[:0], data...)
	t.size++
	return true
}

// first is the packet that arrives next, nil when none is under way.
func (t *train) first() *packet {
	if t.size == 0 {
		return nil
	}
	return &t.ring[t.head]
}

// pop takes the first packet off; its data stays until the next push.
func (t *train) pop() {
	t.head = (t.head + 1) % len(t.ring)
	t.size--
}
