// Package adaptertest is the kit that every adapter passes, alone or in clusters. The test of an adapter is
//
//	adaptertest.Run(t, adaptertest.Kit{Adapter: func() socketio.AdapterFunc { return redisadapter.New(client, redisadapter.Options{}) }})
package adaptertest

import (
	"testing"
	"time"

	"transportlab/socketio"
)

// patience is how long the kit waits for what must happen. Nothing is concluded from how long it took.
const patience = 20 * time.Second

// A Kit says how to make nodes with the adapter under test.
type Kit struct {
	// Adapter returns the adapter for one more node of the cluster.
	Adapter func() socketio.AdapterFunc
	// Nodes is the size of the clusters; 3. An adapter that is alone has 1.
	Nodes int
	// Recovery says that the adapter keeps sessions, so that recovery is tested too.
	Recovery bool
	// Outage makes what connects the nodes fail, until end is called. Nil leaves that test out.
	Outage func() (end func())
	// Failover disturbs what connects the nodes of a namespace in a way that is healed without help, as when another Redis
	// server takes over. Nil leaves that test out.
	Failover func(namespace string)
}

// Run runs the kit. Each test has a cluster and a namespace of its own.
func Run(t *testing.T, k Kit) {
	if k.Nodes == 0 {
		k.Nodes = 3
	}
	for _, test := range []struct {
		promise string
		run     func(*fixture)
		applies bool
	}{
		{"a broadcast reaches each client of the namespace once", testEmitToAll, true},
		{"rooms and exceptions select the clients", testSelection, true},
		{"any name can be a room's", testRoomNames, true},
		{"binary data arrives as it was sent", testBinary, true},
		{"events of one sender arrive in order", testOrder, true},
		{"a local broadcast stays on its node", testLocal, true},
		{"namespaces do not hear each other", testNamespaces, true},
		{"broadcasts from everywhere at once all arrive", testConcurrency, true},
		{"a broadcast with acknowledgement gathers all answers", testAcks, true},
		{"two broadcasts with acknowledgement at once keep their answers apart", testAcksAtOnce, true},
		{"missing answers are an error beside those that came", testMissingAcks, true},
		{"sockets are described on every node", testFetchSockets, true},
		{"sockets join and leave rooms on every node", testJoinLeave, true},
		{"sockets are disconnected on every node", testDisconnect, true},
		{"a remote socket is used like a local one", testRemoteSocket, true},
		{"server-side events reach the other nodes", testServerSideEmit, k.Nodes > 1},
		{"server-side events are answered by each other node", testServerSideAnswers, k.Nodes > 1},
		{"nodes that go are not waited for", testLeavingNode, k.Nodes > 1},
		{"all clients see the events that can be recovered in one order", testOneOrder, k.Recovery},
		{"a client that comes back has missed nothing", testRecovery, k.Recovery},
		{"only a session with a known offset is recovered, and once", testRecoveryRefused, k.Recovery},
		{"without the others a node serves its own clients, and it heals", testOutage, k.Outage != nil},
		{"after a failover all nodes hear each other again", testFailover, k.Failover != nil},
	} {
		if test.applies {
			t.Run(test.promise, func(t *testing.T) { test.run(newFixture(t, k)) })
		}
	}
}

// RunFailover runs only the test that needs Kit.Failover, for where a failover may also come by itself and disturb the
// others, such as behind Sentinel on a busy machine.
func RunFailover(t *testing.T, k Kit) {
	if k.Nodes == 0 {
		k.Nodes = 3
	}
	testFailover(newFixture(t, k))
}
