package socketio

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"transportlab/socketio/parser"
)

// A Handshake describes how a client came: its first request and the credentials of its CONNECT packet. Its JSON is that of
// the official server.
type Handshake struct {
	Headers map[string]string `json:"headers"` // names in lower case, repeated headers joined
	Time    string            `json:"time"`    // as JavaScript prints a Date
	Address string            `json:"address"` // IP address of the peer, without a port
	XDomain bool              `json:"xdomain"` // the request had an Origin
	Secure  bool              `json:"secure"`  // the request came over TLS
	Issued  int64             `json:"issued"`  // milliseconds since 1970
	URL     string            `json:"url"`     // path and query of the request
	Query   map[string]string `json:"query"`   // of a repeated name the last value
	Auth    json.RawMessage   `json:"auth"`    // an object, {} when the client sent none
}

// DecodeAuth stores the client's credentials in the variable that into points to.
func (h Handshake) DecodeAuth(into any) error { return json.Unmarshal(h.Auth, into) }

const dateLayout = "Mon Jan 02 2006 15:04:05 GMT-0700 (Coordinated Universal Time)"

func newHandshake(r *http.Request, issued time.Time, auth parser.Value) Handshake {
	h := Handshake{
		Headers: make(map[string]string, len(r.Header)+1), Query: make(map[string]string, 4),
		Time: issued.UTC().Format(dateLayout), Issued: issued.UnixMilli(),
		XDomain: r.Header.Get("Origin") != "", Secure: r.TLS != nil, URL: r.URL.RequestURI(), Auth: auth.JSON,
	}
	for name, values := range r.Header {
		separator := ", "
		if name == "Cookie" {
			separator = "; "
		}
		h.Headers[strings.ToLower(name)] = strings.Join(values, separator)
	}
	if r.Host != "" { // net/http takes it out of the headers
		h.Headers["host"] = r.Host
	}
	query, _ := url.ParseQuery(r.URL.RawQuery) // what is well-formed; the rest was no reason to refuse the request
	for name, values := range query {
		h.Query[name] = values[len(values)-1]
	}
	h.Address = r.RemoteAddr
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		h.Address = host
	}
	if len(h.Auth) == 0 {
		h.Auth = json.RawMessage("{}")
	}
	return h
}

// SocketInfo describes a socket on some node.
type SocketInfo struct {
	ID        string
	Handshake Handshake
	Rooms     []string
	Data      parser.Value // what Socket.SetData was given, encoded; {} if nothing
}

type wireSocket struct {
	ID        string          `json:"id"`
	Handshake Handshake       `json:"handshake"`
	Rooms     []string        `json:"rooms"`
	Data      json.RawMessage `json:"data"`
}

// MarshalJSON implements json.Marshaler. Binary data inside Data becomes base64 text; use Value to keep it.
func (s SocketInfo) MarshalJSON() ([]byte, error) {
	w := wireSocket{ID: s.ID, Handshake: s.Handshake, Rooms: listed(s.Rooms)}
	if err := s.Data.Decode(&w.Data); err != nil {
		return nil, err
	}
	if len(w.Data) == 0 {
		w.Data = json.RawMessage("{}")
	}
	return json.Marshal(w)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SocketInfo) UnmarshalJSON(b []byte) error {
	var w wireSocket
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*s = SocketInfo{ID: w.ID, Handshake: w.Handshake, Rooms: w.Rooms, Data: parser.Value{JSON: w.Data}}
	return nil
}

// Value returns the description as a value that keeps binary data in Data, for a cluster message.
func (s SocketInfo) Value() (parser.Value, error) {
	data := s.Data
	if len(data.JSON) == 0 {
		data.JSON = json.RawMessage("{}")
	}
	return parser.MarshalOne(map[string]any{"id": s.ID, "handshake": s.Handshake, "rooms": listed(s.Rooms), "data": data})
}
