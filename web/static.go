package web

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var embedded embed.FS

// assets are the page's files, with the npm libraries if they were there when the program was built.
func assets() fs.FS {
	f, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err) // the name is the one above
	}
	return f
}

// kinds are those of the page's files; others are not served.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
	".json": "application/json", ".webmanifest": "application/manifest+json", ".map": "application/json",
	".txt": "text/plain; charset=utf-8", ".woff2": "font/woff2",
}

// static answers with a file of the page.
func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	if name == "" {
		name = "index.html"
	}
	serveFile(w, s.o.Static, name, s.contentSecurity())
}

// serveFile answers with a file of a folder, of a kind that is known.
func serveFile(w http.ResponseWriter, folder fs.FS, name, policy string) {
	kind := kinds[path.Ext(name)]
	if kind == "" || !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		fail(w, http.StatusNotFound, "not_found", "there is no such file")
		return
	}
	p, err := fs.ReadFile(folder, name)
	if err != nil {
		status := http.StatusNotFound
		if !errors.Is(err, fs.ErrNotExist) {
			status = http.StatusForbidden
		}
		fail(w, status, "not_found", "there is no such file")
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Security-Policy", policy)
	_, _ = w.Write(p) // the reader is gone
}

// has tells whether the page has a file.
func (s *Server) has(name string) bool {
	_, err := fs.Stat(s.o.Static, name)
	return err == nil
}
