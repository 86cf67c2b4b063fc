package socketio

import (
	"encoding/json"
	"slices"
	"time"
)

// BroadcastOptions select the sockets of a namespace: those in any of Rooms, or all when there are none, without those in
// any of Except. Its JSON has the form that the nodes of a cluster exchange: lists are never absent, unset flags always.
type BroadcastOptions struct {
	Rooms  []string
	Except []string
	Flags  Flags
}

// Flags say how a broadcast is sent. The zero value is an ordinary one.
type Flags struct {
	Volatile       bool          // drop it for a socket that cannot take it at once
	NoCompress     bool          // "compress": false
	Local          bool          // this node only
	SingleResponse bool          // the broadcast is meant for one socket
	Timeout        time.Duration // for acknowledgements; milliseconds on the wire
}

type wireOptions struct {
	Rooms  []string  `json:"rooms"`
	Except []string  `json:"except"`
	Flags  wireFlags `json:"flags"`
}

type wireFlags struct {
	Volatile       bool    `json:"volatile,omitempty"`
	Compress       *bool   `json:"compress,omitempty"`
	Local          bool    `json:"local,omitempty"`
	SingleResponse bool    `json:"expectSingleResponse,omitempty"`
	Timeout        float64 `json:"timeout,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (o BroadcastOptions) MarshalJSON() ([]byte, error) {
	w := wireOptions{Rooms: listed(o.Rooms), Except: listed(o.Except), Flags: wireFlags{
		Volatile: o.Flags.Volatile, Local: o.Flags.Local, SingleResponse: o.Flags.SingleResponse,
		Timeout: float64(o.Flags.Timeout) / float64(time.Millisecond),
	}}
	if o.Flags.NoCompress {
		w.Flags.Compress = new(bool)
	}
	return json.Marshal(w)
}

// listed returns a list that is not nil: a node of the official server crashes on null.
func listed(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *BroadcastOptions) UnmarshalJSON(b []byte) error {
	var w wireOptions
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	ms := min(max(w.Flags.Timeout, 0), float64(time.Hour/time.Millisecond)*24)
	*o = BroadcastOptions{Rooms: w.Rooms, Except: w.Except, Flags: Flags{
		Volatile: w.Flags.Volatile, NoCompress: w.Flags.Compress != nil && !*w.Flags.Compress, Local: w.Flags.Local,
		SingleResponse: w.Flags.SingleResponse, Timeout: time.Duration(ms * float64(time.Millisecond)),
	}}
	return nil
}

// with returns the options with more rooms or exceptions, sharing no list with o.
func (o BroadcastOptions) with(rooms, except []string) BroadcastOptions {
	o.Rooms = append(slices.Clone(o.Rooms), rooms...)
	o.Except = append(slices.Clone(o.Except), except...)
	return o
}
