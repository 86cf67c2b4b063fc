// Package proxy puts a reverse proxy in front of a server, as most servers on the Internet have one: nginx,
// which buffers and compresses answers, and haproxy, which ends connections that are idle.
package proxy

// The proxies, as in an arm's variant.
const (
	Nginx         = "nginx"          // buffers and compresses, and heeds X-Accel-Buffering: no
	NginxIgnoring = "nginx-ignoring" // the same, and heeds nothing: what streams meet whose headers are missing
	HAProxy       = "haproxy"        // passes what it gets at once, and ends what is idle
)

// Names are all proxies.
func Names() []string { return []string{Nginx, NginxIgnoring, HAProxy} }

// Compresses tells whether a proxy gzips answers for clients that ask for it.
func Compresses(name string) bool { return name == Nginx || name == NginxIgnoring }
