package engineio

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func upgradeOf(live string) string { return strings.Replace(live, "polling", "websocket", 1) }

func TestUpgradeMovesTheSession(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	parked := w.park(live)
	c := w.dial(upgradeOf(live))
	w.send(c, "2probe")
	w.expect(c, "3probe")
	if a := <-parked; a.status != 200 || a.body != "6" {
		t.Errorf("the poll during the upgrade: %+v", a)
	}
	if err := w.open[0].Send(NewMessage([]byte("queued"), false)); err != nil {
		t.Fatal(err)
	}
	if w.open[0].Upgraded() {
		t.Error("upgraded before the client has said so")
	}
	w.send(c, "5")
	w.expect(c, "4queued")
	w.send(c, "4hello")
	w.expect(c, "4hello")
	if !w.open[0].Upgraded() || w.open[0].Transport() != "websocket" {
		t.Errorf("transport %q, upgraded %v", w.open[0].Transport(), w.open[0].Upgraded())
	}
	for _, method := range []string{"GET", "POST"} {
		if a := w.do(method, live, "4x"); a.status != 400 || a.body != `{"code":3,"message":"Bad request"}` {
			t.Errorf("%s after the upgrade: %+v", method, a)
		}
	}
	second := w.dial(upgradeOf(live))
	w.expectEnd(second)
	w.send(c, "4still here")
	w.expect(c, "4still here")
}

func TestSecondUpgradeAtTheSameTimeIsClosed(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	c := w.dial(upgradeOf(live))
	w.expectEnd(w.dial(upgradeOf(live)))
	w.send(c, "2probe")
	w.expect(c, "3probe")
	w.expectEnd(w.dial(upgradeOf(live)))
	w.send(c, "5")
	w.send(c, "4x")
	w.expect(c, "4x")
}

func TestFailedUpgradeLeavesTheSessionOnPolling(t *testing.T) {
	for name, packets := range map[string][]string{
		"message first":    {"4hello"},
		"upgrade unprobed": {"5"},
		"other ping":       {"2"},
		"probe twice":      {"2probe", "2probe"},
		"malformed":        {"x"},
		"after the probe":  {"2probe", "4x"},
	} {
		w := onNetwork(t, Options{})
		live := w.poll()
		c := w.dial(upgradeOf(live))
		for _, p := range packets {
			w.send(c, p)
		}
		w.expectEnd(c)
		if a := w.do("POST", live, "4alive"); a.status != 200 {
			t.Errorf("%s: POST: %+v", name, a)
		}
		if a := w.do("GET", live, ""); a.body != "4alive" {
			t.Errorf("%s: GET: %+v", name, a)
		}
		again := w.dial(upgradeOf(live)) // the failed one is forgotten
		w.send(again, "2probe")
		w.expect(again, "3probe")
	}
}

func TestLostUpgradeLeavesTheSessionOnPolling(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	c := w.dial(upgradeOf(live))
	w.send(c, "2probe")
	w.expect(c, "3probe")
	_ = c.CloseNow() // the point of the test
	w.until("the upgrade to be forgotten", func() bool {
		w.open[0].mu.Lock()
		defer w.open[0].mu.Unlock()
		return w.open[0].upgrade == nil
	})
	w.do("POST", live, "4alive")
	if a := w.do("GET", live, ""); a.body != "4alive" {
		t.Errorf("%+v", a)
	}
}

func TestUpgradeEndsWithItsSession(t *testing.T) {
	w := onNetwork(t, Options{})
	live := w.poll()
	c := w.dial(upgradeOf(live))
	w.do("POST", live, "1")
	w.expectEnd(c)
	w.reasons(1)
}

func TestSilentUpgradeIsDroppedInTime(t *testing.T) {
	for _, probe := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := inMemory(t, Options{})
			live := w.poll()
			c := w.dial(upgradeOf(live))
			if probe {
				w.send(c, "2probe")
				w.expect(c, "3probe")
			}
			start := time.Now()
			w.expectEnd(c)
			if d := time.Since(start); d < 9*time.Second || d > 11*time.Second {
				t.Errorf("probe %v: dropped after %v", probe, d)
			}
			w.do("POST", live, "4alive")
			if a := w.do("GET", live, ""); a.body != "4alive" {
				t.Errorf("probe %v: %+v", probe, a)
			}
		})
	}
}

func TestDisabledUpgradesAreNotOffered(t *testing.T) {
	w := onNetwork(t, Options{DisableUpgrades: true})
	if a := w.do("GET", polls, ""); !strings.Contains(a.body, `"upgrades":[]`) {
		t.Errorf("%+v", a)
	}
	if a := w.do("GET", upgradeOf(w.poll()), "", "Connection", "Upgrade", "Upgrade", "websocket"); a.status != 400 {
		t.Errorf("%+v", a)
	}
}
