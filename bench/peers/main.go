// Command peers holds the lab's arms against other servers: of each the same number of clients is told the
// same messages, in one run, in blocks whose order is random, each time by a fresh process.
//
//	go run . -out ../../reports/peers
//
// What is compared is the telling. The lab's arms also store each message in a log, in memory here, and can
// resume; the others forget.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"

	"transportlab/bench/child"
	"transportlab/bench/probe"
	"transportlab/bench/result"
)

func main() {
	if child.Is() {
		tasks := map[string]child.Task{}
		for _, p := range peers() {
			tasks[p.id()] = p.task
		}
		os.Exit(child.Main(tasks))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// A document is everything that was measured.
type document struct {
	Started     time.Time          `json:"started"`
	Environment result.Environment `json:"environment"`
	Versions    map[string]string  `json:"versions"` // by peer
	Load        load               `json:"load"`
	Blocks      int                `json:"blocks"`
	Seed        uint64             `json:"seed"`
	Figures     []figure           `json:"figures"`
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	dir := flags.String("out", "", "`folder` for peers.md and peers.json; none writes the table alone")
	blocks := flags.Int("blocks", 6, "how often each peer has its turn; intervals need 6")
	only := flags.String("only", "", "`pattern` of the peers' names")
	scripts := flags.String("node", "node", "`folder` of Node's servers, npm ci done")
	seed := flags.Uint64("seed", 1, "of the order")
	l := load{Length: 2 * time.Second, Saturate: 1500 * time.Millisecond}
	flags.IntVar(&l.Size, "size", 64, "bytes of a message")
	flags.IntVar(&l.Idle, "idle", 2000, "clients of the memory figure")
	flags.IntVar(&l.Steady, "steady", 100, "clients of the latency figure")
	flags.IntVar(&l.Rate, "rate", 100, "messages a second for it")
	flags.IntVar(&l.Clients, "clients", 500, "clients of the saturated part")
	flags.Int64Var(&l.Window, "window", 64, "messages that the slowest of them may be behind")
	if err := flags.Parse(args); err != nil {
		return err
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	var chosen []peer
	for _, p := range peers() {
		if pattern.MatchString(p.name) {
			chosen = append(chosen, p)
		}
	}
	if len(chosen) == 0 || *blocks < 1 {
		return fmt.Errorf("there is nothing to measure: %d peers, %d blocks", len(chosen), *blocks)
	}
	d := document{Started: time.Now().UTC(), Environment: probe.Environment(), Versions: map[string]string{}, Load: l, Blocks: *blocks, Seed: *seed}
	for _, p := range chosen {
		if d.Versions[p.name], err = p.version(*scripts); err != nil {
			return err
		}
	}
	for block := 1; block <= *blocks; block++ {
		for n, i := range rand.New(rand.NewPCG(*seed, uint64(block))).Perm(len(chosen)) {
			fmt.Fprintf(progress, "block %d of %d, %d of %d: %s\n", block, *blocks, n+1, len(chosen), chosen[i].name)
			f, err := turn(ctx, chosen[i], l, *scripts)
			if err != nil {
				return err
			}
			f.Block = block
			d.Figures = append(d.Figures, f)
		}
	}
	text := table(d)
	if *dir != "" {
		if err := write(*dir, d, text); err != nil {
			return err
		}
	}
	_, err = io.WriteString(out, text)
	return err
}

// version is that of a peer's library.
func (p peer) version(scripts string) (string, error) {
	if p.script == "" {
		return version(p.of), nil
	}
	text, err := os.ReadFile(filepath.Join(scripts, "node_modules", p.of, "package.json"))
	if err != nil {
		return "", fmt.Errorf("%w: run npm ci in %s", err, scripts)
	}
	var about struct{ Version string }
	err = json.Unmarshal(text, &about)
	return about.Version, err
}

func write(dir string, d document, text string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "peers.json"), append(raw, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "peers.md"), []byte(text), 0o644)
}
