package gate

import (
	"bytes"
	"strconv"
	"strings"
)

// headEnd is where a head's empty line ends, or -1. Before from there is none.
func headEnd(b []byte, from int) int {
	for i := from; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		switch {
		case bytes.HasPrefix(b[i:], []byte("\n")):
			return i + 1
		case bytes.HasPrefix(b[i:], []byte("\r\n")):
			return i + 2
		}
	}
}

// fields are those of a head that say how to go on.
type fields struct {
	length  int64 // -1 when it is not told
	chunked bool
	kind    string // media type
	upgrade bool   // to a WebSocket
	coded   bool
}

func parseFields(head []byte) fields {
	f := fields{length: -1}
	for i, line := range strings.Split(string(head), "\n") {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r"), ":")
		if i == 0 || !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
				f.length = n
			}
		case "transfer-encoding":
			f.chunked = strings.EqualFold(value, "chunked")
		case "content-type":
			f.kind, _, _ = strings.Cut(strings.ToLower(value), ";")
		case "content-encoding":
			f.coded = value != "" && value != "identity"
		case "upgrade":
			f.upgrade = strings.EqualFold(value, "websocket")
		}
	}
	return f
}

// armOf is the transport that a request is for: the first element of its path.
func armOf(target string) string {
	path, _, _ := strings.Cut(strings.TrimPrefix(target, "/"), "?")
	arm, _, _ := strings.Cut(path, "/")
	return arm
}

// upContent is that of a request's body.
func upContent(arm string, f fields) content {
	switch {
	case f.coded:
	case strings.HasPrefix(arm, "socketio"):
		return &packets{up: true}
	case f.kind == "application/json":
		return &text{up: true}
	case f.kind == "application/octet-stream":
		return newBinary(true)
	}
	return unknown{}
}

// downContent is that of a response's body; stream tells that it is made of entries of its own.
func downContent(of exchange, status int, f fields) (c content, stream bool) {
	switch {
	case status != 200 || f.coded:
	case strings.HasPrefix(of.arm, "socketio"):
		return &packets{}, false
	case of.method == "POST":
		return &answer{}, false
	case f.kind == "application/json":
		return &text{}, false
	case f.kind == "application/octet-stream":
		return newBinary(false), false
	case f.kind == "text/event-stream":
		return &events{}, true
	case f.kind == "application/x-ndjson":
		return &lines{}, true
	}
	return unknown{}, false
}
