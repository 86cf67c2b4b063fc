package client

import (
	"encoding/json"
	"errors"

	"transportlab/socketio/parser"
)

// credentials are what a socket shows when it joins its namespace.
type credentials struct {
	static parser.Value
	err    error // of encoding them
	ask    AuthFunc
}

func (c *credentials) set(v any, ask AuthFunc) {
	c.ask = ask
	c.static, c.err = encodeAuth(v)
}

// SetAuth changes the credentials from the next CONNECT on. They are encoded here and now; v must encode to a JSON object,
// or be nil. A wrong value is reported as a failed connection.
func (s *Socket) SetAuth(v any) {
	static, err := encodeAuth(v)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.auth = credentials{static: static, err: err}
}

// SetAuthFunc makes f the source of the credentials from the next CONNECT on.
func (s *Socket) SetAuthFunc(f AuthFunc) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.auth = credentials{ask: f}
}

var errNoObject = errors.New("credentials are no JSON object")

func encodeAuth(v any) (parser.Value, error) {
	if v == nil {
		return parser.Value{}, nil
	}
	auth, err := parser.MarshalOne(v)
	switch {
	case err != nil:
		return parser.Value{}, err
	case string(auth.JSON) == "null":
		return parser.Value{}, nil
	case len(auth.JSON) == 0 || auth.JSON[0] != '{' || len(auth.Attachments) > 0:
		return parser.Value{}, errNoObject
	}
	return auth, nil
}

// connectPacket puts the credentials and the position of connection state recovery together. What the user gives under the
// same names wins, as in the official client. Manager.mu is held.
func (s *Socket) connectPacket(auth parser.Value) (parser.Packet, error) {
	p := parser.Packet{Type: parser.Connect, Data: auth}
	if s.pid == "" {
		return p, nil
	}
	members := map[string]any{"pid": s.pid}
	if s.lastOffset != "" {
		members["offset"] = s.lastOffset
	}
	own := map[string]json.RawMessage{}
	if err := auth.Decode(&own); err != nil {
		return p, err
	}
	for name, v := range own {
		members[name] = v
	}
	var err error
	p.Data, err = parser.MarshalOne(members)
	return p, err
}
