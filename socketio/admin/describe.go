package admin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"transportlab/socketio"
	"transportlab/socketio/parser"
)

// A description is a socket as the page wants to see it.
type description struct {
	ID        string       `json:"id"`
	ClientID  string       `json:"clientId,omitempty"` // of the connection; sockets of one connection share it
	Transport string       `json:"transport,omitempty"`
	Namespace string       `json:"nsp"`
	Data      parser.Value `json:"data"`
	Handshake handshake    `json:"handshake"`
	Rooms     []string     `json:"rooms"`
}

// A handshake is the page's view of socketio.Handshake: no credentials in it.
type handshake struct {
	Address string            `json:"address"`
	Headers map[string]string `json:"headers"`
	Query   map[string]string `json:"query"`
	Issued  int64             `json:"issued"`
	Secure  bool              `json:"secure"`
	Time    string            `json:"time"`
	URL     string            `json:"url"`
	XDomain bool              `json:"xdomain"`
}

// A connection is what else the page wants to know. It travels between the nodes in each socket's data.
type connection struct {
	ClientID  string `json:"clientId"`
	Transport string `json:"transport"`
}

// connectionKey is its name in the data.
const connectionKey = "_admin"

func connectionOf(s *socketio.Socket) connection {
	id := s.Conn().ID()
	return connection{id[:min(12, len(id))], s.Conn().Transport()} // not all of the id, which is a secret
}

// describe describes a socket of this node.
func describe(s *socketio.Socket) (description, error) {
	data, err := dataOf(s)
	if err != nil {
		return description{}, err
	}
	info := socketio.SocketInfo{ID: s.ID(), Handshake: s.Handshake(), Rooms: s.Rooms(), Data: data}
	return describeInfo(info, s.Namespace().Name(), connectionOf(s)), nil
}

// dataOf returns what the page shall see of a socket's data.
func dataOf(s *socketio.Socket) (parser.Value, error) {
	var data parser.Value
	if err := s.DecodeData(&data); err != nil {
		return data, fmt.Errorf("data of socket %s: %w", s.ID(), err)
	}
	_, data = splitData(data)
	return data, nil
}

func describeInfo(info socketio.SocketInfo, namespace string, c connection) description {
	h := info.Handshake
	d := description{
		ID: info.ID, ClientID: c.ClientID, Transport: c.Transport, Namespace: namespace, Data: info.Data, Rooms: info.Rooms,
		Handshake: handshake{
			Address: cmp.Or(h.Headers["cf-connecting-ip"], h.Headers["x-forwarded-for"], h.Address),
			Headers: h.Headers, Query: h.Query, Issued: h.Issued, Secure: h.Secure, Time: h.Time, URL: h.URL, XDomain: h.XDomain,
		},
	}
	if d.Rooms == nil {
		d.Rooms = []string{}
	}
	return d
}

// fetchAll describes the sockets of all namespaces on all nodes.
func (a *Admin) fetchAll(ctx context.Context) []description {
	list := []description{}
	alone := false
	for _, ns := range a.server.Namespaces() {
		sockets := ns.All()
		if alone {
			sockets = sockets.Local()
		}
		infos, err := sockets.FetchSockets(ctx)
		if err != nil && !alone {
			a.opts.Logger.Warn("socketio admin: other nodes do not tell their sockets", "error", err)
			alone = true // and do not wait for them again
			infos, err = ns.All().Local().FetchSockets(ctx)
		}
		if err != nil {
			a.opts.Logger.Warn("socketio admin: listing sockets", "namespace", ns.Name(), "error", err)
		}
		for _, info := range infos {
			var c connection
			c, info.Data = splitData(info.Data)
			list = append(list, describeInfo(info.SocketInfo, ns.Name(), c))
		}
	}
	return list
}

// joinData adds a connection to a socket's data. Data that is no object stays as it is; other nodes then show the socket
// without its connection.
func joinData(data parser.Value, c connection) parser.Value {
	_, data = splitData(data)
	own, err := json.Marshal(map[string]connection{connectionKey: c})
	if err != nil { // two strings
		panic(err)
	}
	object := bytes.TrimSpace(data.JSON)
	switch {
	case string(object) == "{}":
		data.JSON = own
	case bytes.HasPrefix(object, []byte("{")) && !isPlaceholder(object):
		data.JSON = append(append(own[:len(own)-1:len(own)-1], ','), bytes.TrimSpace(object[1:])...)
	}
	return data
}

// isPlaceholder reports whether an object stands for binary data.
func isPlaceholder(object []byte) bool { return bytes.HasPrefix(object, []byte(`{"_placeholder"`)) }

// splitData takes the connection out of a socket's data. No data is an empty object, as in the official server.
func splitData(data parser.Value) (connection, parser.Value) {
	var c connection
	if len(data.JSON) == 0 {
		data.JSON = json.RawMessage("{}")
	}
	if !bytes.Contains(data.JSON, []byte(`"`+connectionKey+`"`)) {
		return c, data
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data.JSON, &object); err != nil || object[connectionKey] == nil {
		return c, data // the name is somewhere inside
	}
	_ = json.Unmarshal(object[connectionKey], &c) // another program's data may look different; then it is unknown
	delete(object, connectionKey)
	rest, err := json.Marshal(object)
	if err != nil { // it has just been parsed
		panic(err)
	}
	data.JSON = rest
	return c, data
}
