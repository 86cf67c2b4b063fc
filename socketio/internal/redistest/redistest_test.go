package redistest

import (
	"strings"
	"testing"
)

func TestServerLosesItsDataAndKeepsItsPort(t *testing.T) {
	s := Start(t)
	s.Do("SET", "a", "1")
	if got := s.Do("GET", "a"); got != "1" {
		t.Fatalf("GET returns %q", got)
	}
	s.Kill()
	if _, err := Do(s.Addr, "PING"); err == nil {
		t.Fatal("a killed server answers")
	}
	s.Restart()
	if got := s.Do("EXISTS", "a"); got != "0" {
		t.Fatalf("EXISTS returns %q", got)
	}
}

func TestClusterServesAllSlots(t *testing.T) {
	for _, m := range StartCluster(t) {
		if info := m.Do("CLUSTER", "INFO"); !strings.Contains(info, "cluster_slots_ok:16384") {
			t.Errorf("%s: %s", m.Addr, info)
		}
	}
}

func TestGroupFailsOver(t *testing.T) {
	g := StartGroup(t)
	g.Master.Kill()
	Poll(t, "the replica to become master", func() bool {
		return strings.Contains(g.Replica.Do("ROLE"), "master")
	})
}
