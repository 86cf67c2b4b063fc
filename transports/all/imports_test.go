package all_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// rules says who may import whom. A line is a package, or a pattern of path.Match, and what it may
// import besides the standard library; the first line that fits a package is its rule. A folder with
// "/..." stands for itself and everything below it. "none" is nothing, and a module path stands for
// all packages of that module. What tests import is their own affair.
const rules = `
transports                          none
transports/internal/*               transports transports/internal/...
transports/memlog                   transports transports/internal/...
transports/redislog                 transports transports/internal/... transports/memlog transports/redislog/... github.com/redis/go-redis/v9 github.com/alicebob/miniredis/v2 golang.org/x/sync
transports/redislog/...             transports transports/redislog/... github.com/redis/go-redis/v9 github.com/alicebob/miniredis/v2
transports/checker                  transports
transports/carrier                  transports transports/internal/wire
transports/logtest                  transports pgregory.net/rapid go.uber.org/goleak
transports/transporttest            transports transports/carrier transports/checker transports/memlog transports/internal/... pgregory.net/rapid go.uber.org/goleak
transports/all                      transports transports/polling transports/ajax transports/longpoll transports/streaming transports/websocket transports/socketio transports/null transports/tcp
transports/websocket                transports transports/internal/... github.com/coder/websocket
transports/socketio                 transports transports/internal/... socketio/...
transports/*                        transports transports/internal/...

socketio/redisadapter               socketio/... github.com/redis/go-redis/v9
socketio/streamsadapter             socketio/... github.com/redis/go-redis/v9
socketio/internal/redislink         socketio/... github.com/redis/go-redis/v9
socketio/emitter                    socketio/... github.com/redis/go-redis/v9
socketio/...                        socketio/... github.com/coder/websocket github.com/tinylib/msgp

bench/result                        bench/workload github.com/HdrHistogram/hdrhistogram-go
bench/workload                      github.com/goccy/go-yaml
bench/theory                        bench/result bench/workload
bench/stats                         bench/result bench/workload golang.org/x/perf
bench/findings                      bench/... transports transports/... socketio/...
bench/...                           bench/... transports transports/... github.com/HdrHistogram/hdrhistogram-go github.com/prometheus/procfs golang.org/x/perf golang.org/x/sync golang.org/x/sys github.com/coder/websocket
reports                             bench/result bench/stats bench/theory bench/workload bench/compare bench/threshold gonum.org/v1/plot
web                                 transports transports/... web/gate socketio socketio/engineio
web/...                             none
.                                   bench bench/... reports web github.com/alecthomas/kong charm.land/lipgloss/v2 github.com/charmbracelet/x/term github.com/goccy/go-yaml transports transports/...
`

// onlyWith names the packages that alone may import transports/all: a transport is named in that one
// file, and whoever wants them all asks there.
var onlyWith = []string{".", "bench", "bench/*", "web"}

type goPackage struct {
	ImportPath string
	Imports    []string
	Module     *struct{ Path string }
	Standard   bool
}

func TestImportsFollowTheTable(t *testing.T) {
	packages := listPackages(t, "./...")
	table := parseRules(t, rules)
	modules := modulePaths(t)
	users := map[string][]string{} // third-party module → areas that import it

	for _, p := range packages {
		name := local(p.ImportPath)
		allowed, ok := ruleFor(table, name)
		if !ok {
			t.Errorf("package %s has no line in the table of imports_test.go", name)
			continue
		}
		for _, imported := range p.Imports {
			short, ours := strings.CutPrefix(imported, "transportlab/")
			module := imported
			if !ours {
				if !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
					continue // standard library
				}
				if module = moduleOf(modules, imported); !slices.Contains(users[module], area(name)) {
					users[module] = append(users[module], area(name))
				}
				short = module
			}
			if !slices.ContainsFunc(allowed, func(pattern string) bool { return fits(pattern, short) }) {
				t.Errorf("package %s may not import %s", name, imported)
			}
			if short == "transports/all" && !slices.ContainsFunc(onlyWith, func(pattern string) bool { return fits(pattern, name) }) {
				t.Errorf("package %s may not import transports/all: only bench, web and the command do", name)
			}
		}
	}
	for module, areas := range users {
		if len(areas) > 2 {
			t.Errorf("module %s appears in %d places, %s; one or two are enough", module, len(areas), strings.Join(areas, ", "))
		}
	}
}

// A user who imports only the Socket.IO library must compile these modules and no more.
func TestSocketIOCompilesTwoModules(t *testing.T) {
	names := map[string]bool{"transportlab": true, "github.com/coder/websocket": true, "github.com/tinylib/msgp": true,
		"github.com/philhofer/fwd": true} // msgp's own buffered reader
	for _, p := range listPackages(t, "-deps", "./socketio") {
		if p.Module == nil {
			continue
		}
		module := p.Module.Path
		if !names[module] {
			t.Errorf("importing socketio compiles %s of module %s", p.ImportPath, module)
		}
		if module == "transportlab" && !strings.HasPrefix(local(p.ImportPath), "socketio") {
			t.Errorf("importing socketio compiles %s of the lab", p.ImportPath)
		}
	}
}

// The kits and the contract must stay usable without any of the lab's dependencies.
func TestContractCompilesStandardLibraryOnly(t *testing.T) {
	for _, p := range listPackages(t, "-deps", "./transports") {
		if !p.Standard && p.ImportPath != "transportlab/transports" {
			t.Errorf("importing transports compiles %s", p.ImportPath)
		}
	}
}

type rule struct {
	pattern string
	allowed []string
}

func parseRules(t *testing.T, text string) []rule {
	t.Helper()
	var table []rule
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
		case len(fields) == 1:
			t.Fatalf("rule %q allows nothing; write none", fields[0])
		default:
			table = append(table, rule{pattern: fields[0], allowed: fields[1:]})
		}
	}
	return table
}

func ruleFor(table []rule, name string) ([]string, bool) {
	for _, r := range table {
		if fits(r.pattern, name) {
			return r.allowed, true
		}
	}
	return nil, false
}

// fits tells whether a package or module name is meant by a pattern of the table.
func fits(pattern, name string) bool {
	if folder, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == folder || strings.HasPrefix(name, folder+"/")
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// local is an import path of this module as the table writes it: "." is the command.
func local(importPath string) string {
	if importPath == "transportlab" {
		return "."
	}
	return strings.TrimPrefix(importPath, "transportlab/")
}

// area is what counts as one place for a third-party module: the Socket.IO library and the Redis log
// are each one thing in several packages.
func area(name string) string {
	for _, whole := range []string{"socketio", "transports/redislog", "bench"} {
		if fits(whole+"/...", name) {
			return whole
		}
	}
	return name
}

func moduleOf(modules []string, importPath string) string {
	best := importPath
	longest := 0
	for _, m := range modules {
		if fits(m+"/...", importPath) && len(m) > longest {
			best, longest = m, len(m)
		}
	}
	return best
}

func modulePaths(t *testing.T) []string {
	t.Helper()
	return strings.Fields(string(goCommand(t, "list", "-m", "-f", "{{.Path}}", "all")))
}

func listPackages(t *testing.T, args ...string) []goPackage {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(goCommand(t, append([]string{"list", "-json=ImportPath,Imports,Module,Standard"}, args...)...))))
	var packages []goPackage
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatalf("go list %v names no package", args)
	}
	return packages
}

func goCommand(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = "../.."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out
}
