package engineio

import (
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// chooseEncoding returns the encoding of an answer that a client accepts, gzip before deflate, or "".
func chooseEncoding(accept []string) string {
	quality := map[string]float64{}
	for _, list := range accept {
		for item := range strings.SplitSeq(list, ",") {
			name, params, _ := strings.Cut(item, ";")
			q := 1.0
			if value, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
				q, _ = strconv.ParseFloat(value, 64) // malformed is 0: not wanted
			}
			quality[strings.ToLower(strings.TrimSpace(name))] = q
		}
	}
	switch gz, deflate := quality["gzip"], quality["deflate"]; {
	case gz > 0 && gz >= deflate:
		return "gzip"
	case deflate > 0:
		return "deflate"
	case quality["*"] > 0:
		return "gzip"
	}
	return ""
}

// writeCompressed streams a payload, so its length is not announced.
func writeCompressed(w http.ResponseWriter, encoding string, payload []byte) error {
	w.Header().Set("Content-Encoding", encoding)
	w.Header().Add("Vary", "Accept-Encoding")
	var out io.WriteCloser
	if encoding == "gzip" {
		out = gzip.NewWriter(w)
	} else {
		out = zlib.NewWriter(w) // "deflate" is the zlib format (RFC 9110, section 8.4.1.2)
	}
	if _, err := out.Write(payload); err != nil {
		return err
	}
	return out.Close()
}
