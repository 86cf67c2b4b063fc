package proxy

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// nginx is a configuration with what its manual gives as defaults: answers are buffered, and asked for with
// HTTP/1.0, whose streams nginx cannot tell from slow answers. Texts are compressed, and upgrades passed on.
func (c config) nginx(conns int) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("daemon off;")
	if os.Geteuid() == 0 {
		line("user root root;") // its worker shares the folder
	}
	line("pid %s;", c.sign())
	line("error_log stderr error;")
	line("events { worker_connections %d; }", 2*conns) // it counts both sides
	line("http {")
	line("  access_log off;")
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		line("  %s_temp_path %s/%s;", kind, c.Folder, kind)
	}
	line("  keepalive_requests 1000000000;")
	line("  client_max_body_size 0;") // the server has its own limit
	line("  gzip on;")
	line("  gzip_proxied any;")
	line("  gzip_types text/plain application/json application/x-ndjson text/event-stream;")
	if c.Name == NginxIgnoring {
		line("  proxy_ignore_headers X-Accel-Buffering;")
	}
	line("  proxy_set_header Host $http_host;")
	line("  server {")
	line("    listen %s;", c.Listen)
	line("    error_page 418 = @upgrade;")
	line("    location / {")
	line(`      if ($http_upgrade != "") { return 418; }`)
	line("      proxy_pass http://%s;", c.Backend)
	line("    }")
	line("    location @upgrade {")
	line("      proxy_pass http://%s;", c.Backend)
	line("      proxy_http_version 1.1;")
	line("      proxy_set_header Host $http_host;") // settings of a location replace those above it
	line("      proxy_set_header Upgrade $http_upgrade;")
	line("      proxy_set_header Connection upgrade;")
	line("    }")
	line("  }")
	line("}")
	return b.String()
}

// haproxy passes on what it gets, and ends what is silent for as long as idle.
func (c config) haproxy(idle time.Duration, conns int) string {
	more := ""
	if c.Name == HAProxyTuned {
		more = "  option http-no-delay\n  timeout tunnel 1h\n"
	}
	return fmt.Sprintf(`global
  maxconn %d
  stats socket %s
defaults
  mode http
  timeout connect 5s
  timeout client %dms
  timeout server %[3]dms
%[4]sfrontend clients
  bind fd@%[5]d
  default_backend lab
backend lab
  server node %[6]s
`, conns, c.sign(), idle.Milliseconds(), more, listener, c.Backend)
}
