package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const slots = 16384

// StartCluster starts a Redis Cluster of three masters without replicas and waits until all agree on it.
func StartCluster(t testing.TB) []*Server {
	t.Helper()
	binary := program(t)
	masters := make([]*Server, 3)
	for i := range masters {
		masters[i] = start(t, binary, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(freePort(t)), "--cluster-node-timeout", "2000")
	}
	for i, m := range masters {
		first, last := slots*i/len(masters), slots*(i+1)/len(masters)-1
		m.Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
	}
	for _, m := range masters[1:] {
		host, port, bus := m.busAddress()
		masters[0].Do("CLUSTER", "MEET", host, port, bus)
	}
	for _, m := range masters {
		Poll(t, "the cluster to be whole", func() bool {
			info := m.Do("CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", len(masters)))
		})
	}
	return masters
}

// MoveSlot gives the slot of a key or sharded channel to another master of the cluster, as resharding does. Keys in it stay
// behind.
func MoveSlot(t testing.TB, masters []*Server, key string) {
	t.Helper()
	slot := masters[0].Do("CLUSTER", "KEYSLOT", key)
	n, err := strconv.Atoi(slot)
	if err != nil {
		t.Fatal(err)
	}
	owner := n * len(masters) / slots
	next := masters[(owner+1)%len(masters)]
	id := next.Do("CLUSTER", "MYID")
	next.Do("CLUSTER", "SETSLOT", slot, "NODE", id) // the new owner first, the old one knows whom to send to then
	for _, m := range masters {
		m.Do("CLUSTER", "SETSLOT", slot, "NODE", id)
	}
}

func (s *Server) busAddress() (host, port, bus string) {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	for i, arg := range s.args {
		if arg == "--cluster-port" {
			bus = s.args[i+1]
		}
	}
	return host, port, bus
}

// A Group is a master with a replica, watched by three sentinels which know it as "main".
type Group struct {
	Master, Replica *Server
	Sentinels       []string // addresses
}

// StartGroup starts a Group and waits until the sentinels know everybody.
func StartGroup(t testing.TB) *Group {
	t.Helper()
	binary := program(t)
	g := &Group{Master: start(t, binary)}
	host, port, err := net.SplitHostPort(g.Master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	g.Replica = start(t, binary, "--replicaof", host+" "+port)
	config := strings.Join([]string{
		"sentinel monitor main " + host + " " + port + " 2",
		"sentinel down-after-milliseconds main 2000", // a busy machine must not look like a dead master
		"sentinel failover-timeout main 3000",
		"sentinel parallel-syncs main 1", "",
	}, "\n")
	var sentinels []*Server
	for range 3 {
		file := filepath.Join(t.TempDir(), "sentinel.conf")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		s := start(t, binary, file, "--sentinel")
		sentinels = append(sentinels, s)
		g.Sentinels = append(g.Sentinels, s.Addr)
	}
	for _, s := range sentinels {
		Poll(t, "the sentinels to know each other and the replica", func() bool {
			info := s.Do("INFO", "sentinel")
			return strings.Contains(info, "slaves=1,sentinels=3")
		})
	}
	return g
}

// Poll waits until done is true, for at most half a minute.
func Poll(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
