package socketio

import (
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// clientFiles are the names under which the official client's bundle is served, those of its npm package's dist folder.
var clientFiles = [...]string{
	"socket.io.js", "socket.io.js.map", "socket.io.min.js", "socket.io.min.js.map",
	"socket.io.msgpack.min.js", "socket.io.msgpack.min.js.map", "socket.io.esm.min.js", "socket.io.esm.min.js.map",
}

func isClientFile(name string) bool { return slices.Contains(clientFiles[:], name) }

func (s *Server) serveClientFile(w http.ResponseWriter, r *http.Request, name string) {
	if s.opts.Engine.CORS != nil && s.opts.Engine.CORS.Answer(w, r) {
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=0")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	f, err := s.opts.ClientFiles.Open(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	h.Set("Content-Type", "application/javascript; charset=utf-8")
	if strings.HasSuffix(name, ".map") {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if s.opts.ClientVersion != "" {
		h.Set("ETag", `"`+s.opts.ClientVersion+`"`)
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == "" && s.opts.ClientVersion != "" {
		s.serveGzip(w, r, f)
		return
	}
	content, ok := f.(io.ReadSeeker)
	if !ok {
		s.opts.Logger.Error("socketio: client files must be seekable", "file", name)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

// serveGzip streams a file compressed, so its length is not announced.
func (s *Server) serveGzip(w http.ResponseWriter, r *http.Request, f io.Reader) {
	w.Header().Add("Vary", "Accept-Encoding")
	if strings.TrimPrefix(r.Header.Get("If-None-Match"), "W/") == w.Header().Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	if r.Method == http.MethodHead {
		return
	}
	zip := gzip.NewWriter(w)
	if _, err := io.Copy(zip, f); err == nil {
		_ = zip.Close() // the client may be gone
	}
}
