package engineio

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS says which other origins a browser may let read the answers.
type CORS struct {
	// Origins are allowed exactly as written ("https://example.com"). "*" allows every origin, and then no credentials.
	Origins []string
	// AllowOrigin, if not nil, decides instead of Origins.
	AllowOrigin    func(origin string) bool
	Credentials    bool          // allow cookies; not with "*"
	Methods        []string      // of a preflight; GET,HEAD,PUT,PATCH,POST,DELETE
	AllowedHeaders []string      // of a preflight; those it asks for
	ExposedHeaders []string      // none
	MaxAge         time.Duration // of a preflight; not sent when 0
}

// headers sets the headers of an answer.
func (c *CORS) headers(h http.Header, r *http.Request) {
	any := c.AllowOrigin == nil && slices.Contains(c.Origins, "*")
	origin := r.Header.Get("Origin")
	switch {
	case any:
		h.Set("Access-Control-Allow-Origin", "*")
	case origin != "" && c.allows(origin):
		h.Add("Vary", "Origin")
		h.Set("Access-Control-Allow-Origin", origin)
		if c.Credentials {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
	default:
		h.Add("Vary", "Origin")
		return
	}
	if len(c.ExposedHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposedHeaders, ","))
	}
}

func (c *CORS) allows(origin string) bool {
	if c.AllowOrigin != nil {
		return c.AllowOrigin(origin)
	}
	return slices.Contains(c.Origins, origin)
}

// Answer sets the headers of an answer to r, and answers a preflight: then it returns true.
func (c *CORS) Answer(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	c.headers(h, r)
	if r.Method != http.MethodOptions {
		return false
	}
	methods := "GET,HEAD,PUT,PATCH,POST,DELETE"
	if c.Methods != nil {
		methods = strings.Join(c.Methods, ",")
	}
	h.Set("Access-Control-Allow-Methods", methods)
	if c.AllowedHeaders != nil {
		h.Set("Access-Control-Allow-Headers", strings.Join(c.AllowedHeaders, ","))
	} else if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Add("Vary", "Access-Control-Request-Headers")
		h.Set("Access-Control-Allow-Headers", asked)
	}
	if c.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(c.MaxAge/time.Second)))
	}
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusNoContent)
	return true
}
