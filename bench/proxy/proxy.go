// Package proxy puts a reverse proxy in front of a server, as most servers on the Internet have one: nginx,
// which buffers and compresses answers, and haproxy, which lets the kernel wait for up to 200 ms for more of an
// answer and ends what is idle. A proxy runs with a configuration of its own in a temporary folder, and ends
// with this process.
//
// A program that starts one must begin as node.IsChild says.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"transportlab/bench/child"
)

// The proxies, as in an arm's variant.
const (
	Nginx         = "nginx"          // buffers and compresses answers, unless they say X-Accel-Buffering: no
	NginxIgnoring = "nginx-ignoring" // the same, and heeds nothing: what streams meet whose headers are missing
	HAProxy       = "haproxy"        // ends what is silent for 50 s, as Debian's configuration does
	HAProxyHasty  = "haproxy-2s"     // ends what is silent for 2 s
	HAProxyTuned  = "haproxy-tuned"  // set up for streams: it waits for no second part of an answer before it sends the first
)

// Names are all proxies.
func Names() []string { return []string{Nginx, NginxIgnoring, HAProxy, HAProxyHasty, HAProxyTuned} }

// Compresses tells whether a proxy gzips answers for clients that ask for it.
func Compresses(name string) bool { return program(name) == "nginx" }

// program is what runs under a name.
func program(name string) string {
	p, _, _ := strings.Cut(name, "-")
	return p
}

// Find returns an error unless the program of a proxy is installed.
func Find(name string) error {
	_, err := find(program(name))
	return err
}

// find looks where the search path of users who are not root often does not.
func find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path, nil
		}
	}
	packages := map[string]string{"nginx": "nginx-light", "haproxy": "haproxy"}
	return "", fmt.Errorf("the proxy %s is not installed (Debian: %s)", program, packages[program])
}

// A Proxy is one that runs. Close ends it.
type Proxy struct {
	URL string // of what it stands before

	process *child.Process
	folder  string
}

// Start starts a proxy that accepts connections from l and passes them to the server at backend, a host and
// port that speak HTTP/1.1. Start takes l over, which must be a TCP listener.
func Start(ctx context.Context, name string, l net.Listener, backend string) (*Proxy, error) {
	defer l.Close()
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("there is no proxy %q; there are %s", name, strings.Join(Names(), ", "))
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("proxy %s: %T is no TCP listener", name, l)
	}
	path, err := find(program(name))
	if err != nil {
		return nil, err
	}
	file, err := tcp.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	p := &Proxy{URL: "http://" + l.Addr().String()}
	if p.folder, err = os.MkdirTemp("", "transportlab-proxy"); err != nil {
		return nil, err
	}
	c := config{Name: name, Program: path, Listen: l.Addr().String(), Backend: backend, Folder: p.folder}
	var nothing struct{}
	p.process, err = child.Start(ctx, TaskName, c, child.Options{Name: name, Files: []*os.File{file}, Budget: 5 * time.Second}, &nothing)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(p.folder))
	}
	return p, nil
}

// Close ends the proxy, whatever it carries.
func (p *Proxy) Close() error { return errors.Join(p.process.Close(), os.RemoveAll(p.folder)) }
