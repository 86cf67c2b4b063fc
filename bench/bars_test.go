package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"transportlab/bench/fleet"
	"transportlab/bench/load"
	"transportlab/bench/node"
	"transportlab/bench/probe"
	"transportlab/bench/result"
	"transportlab/bench/stats"
	"transportlab/bench/workload"
	"transportlab/transports"
	"transportlab/transports/all"
	"transportlab/transports/memlog"
	"transportlab/transports/null"
)

var barMessage = fleet.Message(0, 64)

// The benchmarks of this file hold an arm against a floor: both in one run, taking turns, the server of
// each in a process of its own. Each iteration is one turn of both; what is reported is the median of the
// turns' figures and of their ratios:
//
//	go test -run '^$' -bench Bar -benchtime 5x ./bench

// A ledger collects figures by name.
type ledger map[string][]float64

func (l ledger) add(name string, v float64) { l[name] = append(l[name], v) }

// report reports the median of each figure.
func (l ledger) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	for name, values := range l {
		b.ReportMetric(stats.Summarize(values).Median, name)
	}
}

// turns runs the two arms in turn, the first one first and then second.
func turns(b *testing.B, ours, floor func()) {
	for i := 0; b.Loop(); i++ {
		if i%2 == 0 {
			ours()
			floor()
		} else {
			floor()
			ours()
		}
	}
}

// startArm starts a server with some transports over a log in memory.
func startArm(b *testing.B, names ...string) *node.Child {
	b.Helper()
	n, err := node.Start(b.Context(), node.Config{Store: "memory", Transports: names, MaxConns: maxConns, Generous: true,
		Options: transports.Options{MessageRate: 10_000_000, Heartbeat: time.Minute}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { n.Kill() })
	return n
}

func BenchmarkBarFanoutWebSocket(b *testing.B) { fanoutBars(b, "websocket", true) }

func BenchmarkBarFanoutStreaming(b *testing.B) { fanoutBars(b, "streaming", false) }

// fanoutBars: with more messages under way, more of them gather between two writes.
func fanoutBars(b *testing.B, arm string, socket bool) {
	for _, window := range []int64{16, 256} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) { fanoutBar(b, arm, socket, window) })
	}
}

// fanoutBar: 64 bytes to 1,000 clients, saturated, against a loop that writes to each connection. The
// slowest client is never more than window messages behind the publisher, on either side. The publisher is
// a WebSocket whatever the arm: it is the telling that is measured.
func fanoutBar(b *testing.B, arm string, socket bool, window int64) {
	const clients = 1000
	arms := slices.Compact([]string{"websocket", arm})
	l := ledger{}
	turns(b, func() {
		n := startArm(b, arms...)
		t, err := all.Find("websocket", transports.Options{})
		if err != nil {
			b.Fatal(err)
		}
		conn, err := t.Dial(b.Context(), transports.Target{URL: n.URL + "/websocket", Topic: "a"})
		if err != nil {
			b.Fatal(err)
		}
		rate, cpu := fanout(b, n.PID, strings.TrimPrefix(n.URL, "http://"), "/"+arm+"/a", socket, clients, window, func(int) error {
			_, err := conn.Send(b.Context(), transports.Message{Data: barMessage})
			return err
		})
		conn.Close()
		n.Kill()
		l.add("ours-deliveries/s", rate)
		l.add("ours-cpu-ns/delivery", cpu)
	}, func() {
		f := startFloor(b)
		path := map[bool]string{true: "/ws", false: "/sse"}[socket]
		rate, cpu := fanout(b, f.pid, f.addr, path, socket, clients, window, func(int) error {
			return post("http://"+f.addr+"/publish", barMessage)
		})
		l.add("floor-deliveries/s", rate)
		l.add("floor-cpu-ns/delivery", cpu)
	})
	l.ratio("x-deliveries", "ours-deliveries/s", "floor-deliveries/s")
	l.ratio("x-cpu", "ours-cpu-ns/delivery", "floor-cpu-ns/delivery")
	l.report(b)
}

// ratio adds the ratio of two figures of each turn.
func (l ledger) ratio(name, a, b string) {
	for i := range l[a] {
		l.add(name, l[a][i]/l[b][i])
	}
}

func post(url string, body []byte) error {
	resp, err := http.Post(url, "text/plain", bytes.NewReader(body))
	if err != nil {
		return err
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return nil
}

// fanout saturates a server and returns the deliveries a second, and its CPU time for each.
func fanout(b *testing.B, pid int, addr, path string, socket bool, clients int, window int64, publish func(int) error) (rate, cpu float64) {
	f := dialFleet(b, fleet.Opening{Addr: addr, Path: path, WebSocket: socket}, clients)
	defer f.Close()
	if err := f.Reach(b.Context(), publish); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	var publishing errgroup.Group
	publishing.Go(func() error { return f.Saturate(ctx, window, publish) }) // ends with stop
	time.Sleep(300 * time.Millisecond)                                      // warm-up
	before, sum := process(b, pid), f.Sum()
	time.Sleep(1500 * time.Millisecond)
	after, now := process(b, pid), f.Sum()
	stop()
	if err := publishing.Wait(); err != nil {
		b.Fatal(err)
	}
	n := float64(now - sum)
	return n / after.At.Sub(before.At).Seconds(), float64(after.CPU-before.CPU) / n
}

func dialFleet(b *testing.B, o fleet.Opening, n int) *fleet.Fleet {
	b.Helper()
	f, err := fleet.Dial(b.Context(), o, n)
	if err != nil {
		b.Fatal(err)
	}
	return f
}

func process(b *testing.B, pid int) probe.Sample {
	b.Helper()
	s, err := probe.Process(pid)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// echoCPU runs a closed loop of some clients on an arm and returns its server's CPU time per message.
func echoCPU(b *testing.B, arm string, clients int) float64 {
	arms, err := Arms([]string{arm}, []string{"h1"})
	if err != nil {
		b.Fatal(err)
	}
	d, err := Run(b.Context(), Plan{Blocks: 1, Arms: arms, Store: "memory", Workloads: []workload.Workload{
		workload.Workload{Name: "echo", Kind: workload.RTT, Clients: clients, Duration: 1500 * ms, Warmup: 300 * ms}.WithDefaults()}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	r := d.Runs[0]
	return float64(r.Server.CPU) / float64(r.Accounting.Acked)
}

// BenchmarkBarLongPoll: server CPU per message of the long poll against that of a bare one on net/http.
func BenchmarkBarLongPoll(b *testing.B) {
	l := ledger{}
	turns(b,
		func() { l.add("ours-cpu-ns/msg", echoCPU(b, "longpoll", 1)) },
		func() { l.add("floor-cpu-ns/msg", bareLongPollCPU(b)) })
	l.ratio("x-cpu", "ours-cpu-ns/msg", "floor-cpu-ns/msg")
	l.report(b)
}

// bareLongPollCPU is echoCPU of the floor with one client: it polls, posts, and posts again when its message came.
func bareLongPollCPU(b *testing.B) float64 {
	f := startFloor(b)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	defer client.CloseIdleConnections()
	base := "http://" + f.addr
	back := make(chan struct{})
	stop := make(chan struct{})
	var polling sync.WaitGroup
	polling.Go(func() { // ends with stop, after the message that follows it
		for after := 0; ; {
			resp, err := client.Get(base + "/poll?after=" + strconv.Itoa(after))
			if err != nil {
				b.Error(err)
				return
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			after, _ = strconv.Atoi(resp.Header.Get("X-Last"))
			for range bytes.Count(body, []byte{'~'}) {
				select {
				case back <- struct{}{}:
				case <-stop:
					return
				}
			}
		}
	})
	round := func() {
		resp, err := client.Post(base+"/send", "text/plain", bytes.NewReader(barMessage))
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		<-back
	}
	rounds := func(length time.Duration) (n int) {
		for end := time.Now().Add(length); time.Now().Before(end); n++ {
			round()
		}
		return n
	}
	rounds(300 * time.Millisecond)
	before := process(b, f.pid)
	n := rounds(1500 * time.Millisecond)
	after := process(b, f.pid)
	close(stop)
	if resp, err := client.Post(base+"/send", "text/plain", bytes.NewReader(barMessage)); err == nil {
		resp.Body.Close()
	}
	polling.Wait()
	return float64(after.CPU-before.CPU) / float64(n)
}

// BenchmarkBarIdle: resident memory of a connected client that nothing is sent to, against coder/websocket
// as it is.
func BenchmarkBarIdle(b *testing.B) {
	const clients = 5000
	l := ledger{}
	for b.Loop() {
		for _, arm := range []string{"websocket", "streaming"} {
			n := startArm(b, arm)
			rss := func() float64 {
				s, err := n.Sample(b.Context(), true)
				if err != nil {
					b.Fatal(err)
				}
				return float64(s.RSS)
			}
			before := rss()
			f := dialFleet(b, fleet.Opening{Addr: strings.TrimPrefix(n.URL, "http://"), Path: "/" + arm + "/a", WebSocket: arm == "websocket"}, clients)
			l.add(arm+"-B/conn", (rss()-before)/clients)
			f.Close()
			n.Kill()
		}
		n := startFloor(b)
		before := n.sample(b).RSS
		f := dialFleet(b, fleet.Opening{Addr: n.addr, Path: "/ws", WebSocket: true}, clients)
		l.add("coder-B/conn", float64(n.sample(b).RSS-before)/clients)
		f.Close()
	}
	l.report(b)
}

// BenchmarkBarLateness: how far the driver lags behind its own schedule at 20,000 messages a second.
func BenchmarkBarLateness(b *testing.B) {
	l := ledger{}
	defer undisturbed()()
	for b.Loop() {
		runtime.GC()
		log := memlog.New(memlog.Options{})
		direct := null.New(log, transports.Options{})
		w := workload.Workload{Name: "push", Kind: workload.Push, Rate: 20_000, Duration: 5000 * ms, Warmup: 500 * ms}.WithDefaults()
		sentinel := probe.Watch()
		var run result.Run
		err := load.Run(b.Context(), load.Config{Workload: w, Prefix: "t", Dial: func(ctx context.Context, topic string, after transports.Cursor) (load.Client, error) {
			c, err := direct.Dial(ctx, transports.Target{Topic: topic, After: after})
			return load.Client{Conn: c}, err
		}}, &run)
		noise, noiseErr := sentinel.End()
		if err != nil || noiseErr != nil {
			b.Fatal(err, noiseErr)
		}
		log.Close()
		l.add("lateness-p50-ns", float64(run.Lateness.P50))
		l.add("lateness-p99-ns", float64(run.Lateness.P99))
		l.add("timer-p99-ns", float64(noise.Timer.P99))
		l.add("stolen-%", 100*float64(noise.Stolen)/float64(2*run.Elapsed))
		l.add("late", float64(run.Accounting.Late))
	}
	l.report(b)
}
