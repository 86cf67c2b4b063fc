package redistest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Cluster is three masters that share the slots.
type Cluster struct {
	Nodes []*Server
}

// URL is the address that redislog.Open takes.
func (c *Cluster) URL() string {
	addrs := make([]string, len(c.Nodes))
	for i, s := range c.Nodes {
		addrs[i] = s.Addr
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

// StartCluster starts a cluster and returns when it is ready.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	const slots, masters = 16384, 3
	c := &Cluster{}
	var buses []int
	for range masters {
		bus := Port(t)
		buses = append(buses, bus)
		c.Nodes = append(c.Nodes, Start(t, "--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(bus),
			"--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no"))
	}
	for i, s := range c.Nodes {
		s.Do("CLUSTER", "ADDSLOTSRANGE", i*slots/masters, (i+1)*slots/masters-1)
		s.Do("CLUSTER", "SET-CONFIG-EPOCH", i+1)
		if i > 0 {
			c.Nodes[0].Do("CLUSTER", "MEET", "127.0.0.1", s.Port, buses[i])
		}
	}
	for _, s := range c.Nodes {
		s.Await("cluster_state:ok", "CLUSTER", "INFO")
		s.Await("cluster_slots_ok:16384", "CLUSTER", "INFO")
		s.Await("cluster_known_nodes:3", "CLUSTER", "INFO")
	}
	return c
}

// A Group is a master and a replica under the eyes of three sentinels.
type Group struct {
	Name            string
	Master, Replica *Server
	Sentinels       []*Server
}

// URL is the address that redislog.Open takes.
func (g *Group) URL() string {
	addrs := make([]string, len(g.Sentinels))
	for i, s := range g.Sentinels {
		addrs[i] = s.Addr
	}
	return "redis+sentinel://" + strings.Join(addrs, ",") + "/" + g.Name
}

// StartSentinels starts a group and returns when the sentinels know everyone. They hold a server for
// dead after half a second.
func StartSentinels(t testing.TB) *Group {
	t.Helper()
	g := &Group{Name: "lab", Master: Start(t, "--repl-diskless-sync-delay", "0")}
	g.Replica = Start(t, "--replicaof", fmt.Sprintf("127.0.0.1 %d", g.Master.Port))
	g.Replica.Await("master_link_status:up", "INFO", "replication")
	for range 3 {
		port, dir := Port(t), t.TempDir()
		file := filepath.Join(dir, "sentinel.conf") // which sentinels rewrite
		config := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor %s 127.0.0.1 %d 2\n"+
			"sentinel down-after-milliseconds %[3]s 500\nsentinel failover-timeout %[3]s 3000\n", port, dir, g.Name, g.Master.Port)
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		s := &Server{Addr: fmt.Sprintf("127.0.0.1:%d", port), Port: port, t: t, args: []string{file, "--sentinel"}}
		s.launch(s.args)
		t.Cleanup(func() { s.p.Kill() })
		g.Sentinels = append(g.Sentinels, s)
	}
	for _, s := range g.Sentinels {
		s.Await("num-other-sentinels 2", "SENTINEL", "MASTER", g.Name)
		s.Await("num-slaves 1", "SENTINEL", "MASTER", g.Name)
	}
	return g
}

// Promoted waits until the replica is master.
func (g *Group) Promoted() { g.Replica.Await("role:master", "INFO", "replication") }

// Moved moves the slot of a key to another master, and returns that.
func (c *Cluster) Moved(t testing.TB, key string) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	number, err := c.Nodes[0].Client().ClusterKeySlot(ctx, key).Result()
	if err != nil {
		t.Fatal(err)
	}
	slot := int(number)
	from := slot * len(c.Nodes) / 16384
	source, target := c.Nodes[from], c.Nodes[(from+1)%len(c.Nodes)]
	target.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", source.Do("CLUSTER", "MYID"))
	source.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", target.Do("CLUSTER", "MYID"))
	for {
		keys, err := source.Client().ClusterGetKeysInSlot(ctx, slot, 100).Result()
		if err != nil {
			t.Fatal(err)
		}
		if len(keys) == 0 {
			break
		}
		args := []any{"MIGRATE", "127.0.0.1", target.Port, "", 0, int(patience / time.Millisecond), "KEYS"}
		for _, k := range keys {
			args = append(args, k)
		}
		source.Do(args...)
	}
	id := target.Do("CLUSTER", "MYID")
	for _, s := range []*Server{target, source, c.Nodes[(from+2)%len(c.Nodes)]} {
		s.Do("CLUSTER", "SETSLOT", slot, "NODE", id)
	}
	return target
}
