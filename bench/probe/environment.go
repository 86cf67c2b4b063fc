package probe

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"transportlab/bench/result"
)

// Environment describes this machine and this program. What the system does not tell is left empty.
func Environment() result.Environment {
	e := result.Environment{
		OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(),
		Cores: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		Kernel: kernel("osrelease"), Congestion: kernel("../net/ipv4/tcp_congestion_control"),
		CPU:    field("/proc/cpuinfo", "model name"),
		Memory: kilobytes(field("/proc/meminfo", "MemTotal")),
	}
	for _, name := range []string{"net.core.somaxconn", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_slow_start_after_idle"} {
		if v := kernel("../" + strings.ReplaceAll(name, ".", "/")); v != "" {
			if e.Sysctls == nil {
				e.Sysctls = map[string]string{}
			}
			e.Sysctls[name] = v
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				e.Revision = s.Value
			case "vcs.modified":
				e.Modified = s.Value == "true"
			}
		}
	}
	if e.Revision == "" {
		e.Revision, e.Modified = checkout()
	}
	return e
}

// checkout is the revision of the sources in the working directory, when they are this program's own: `go
// run` and `go test` leave it out of what they build.
func checkout() (revision string, modified bool) {
	module, err := os.ReadFile("go.mod")
	if err != nil || !strings.HasPrefix(string(module), "module transportlab\n") {
		return "", false
	}
	head, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return "", false
	}
	// Texts, and the reports that a measurement itself rewrites, are not what the program was built from.
	changes, err := exec.Command("git", "status", "--porcelain", "--", ".", ":(exclude)reports/latest", ":(exclude)reports/peers", ":(exclude)*.md").Output()
	return strings.TrimSpace(string(head)), err != nil || len(changes) > 0
}

// kernel reads a setting below /proc/sys/kernel.
func kernel(name string) string {
	b, err := os.ReadFile("/proc/sys/kernel/" + name)
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

// field returns the first value of a key in a file of "key : value" lines.
func field(file, key string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func kilobytes(s string) uint64 {
	n, err := strconv.ParseUint(strings.TrimSuffix(s, " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
