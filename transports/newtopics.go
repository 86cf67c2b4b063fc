package transports

import (
	"net"
	"sync"
	"time"
)

// newTopics counts how many topics each client address begins. What it remembers is bounded: when there
// are too many topics to remember, it begins anew, and they count again.
type newTopics struct {
	mu     sync.Mutex
	known  map[string]struct{}
	begun  map[string]int // by address, in this minute
	minute time.Time
}

// manyTopics is how many are remembered.
const manyTopics = 20_000

// allow notes that a client, "address:port", uses a topic, unless that is one new topic too many.
func (n *newTopics) allow(topic, client string, perMinute int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.known[topic]; ok {
		return true
	}
	if now := time.Now(); n.known == nil || now.Sub(n.minute) > time.Minute {
		n.begun, n.minute = map[string]int{}, now
	}
	if n.known == nil || len(n.known) >= manyTopics {
		n.known = map[string]struct{}{}
	}
	address, _, err := net.SplitHostPort(client)
	if err != nil {
		address = client
	}
	if n.begun[address] >= perMinute {
		return false
	}
	n.begun[address]++
	n.known[topic] = struct{}{}
	return true
}
