package nodewire

import (
	"encoding/json"

	"transportlab/socketio"
)

// handshake reads a handshake. Nodes put into it what they like (the official one takes repeated headers and query values as
// lists, and programs add members of their own), so each part that is not as expected is taken as far as it goes.
func (r Raw) handshake() (h socketio.Handshake, err error) {
	if r.Missing() {
		return h, nil
	}
	fields, err := r.Fields()
	if err != nil {
		return h, err
	}
	h.Headers, h.Query = fields["headers"].texts(), fields["query"].texts()
	h.Time, h.Address, h.URL = fields["time"].Text(), fields["address"].Text(), fields["url"].Text()
	h.XDomain, h.Secure = fields["xdomain"].truth(), fields["secure"].truth()
	var issued float64
	if fields["issued"].Decode(&issued) == nil {
		h.Issued = int64(issued)
	}
	h.Auth = json.RawMessage("{}")
	if auth := fields["auth"]; !auth.Missing() {
		if v, err := auth.Value(); err == nil && len(v.Attachments) == 0 {
			h.Auth = v.JSON
		}
	}
	return h, nil
}

// texts returns the members of an object that are strings; of a list the last one.
func (r Raw) texts() map[string]string {
	fields, err := r.Fields()
	if err != nil {
		return nil
	}
	texts := make(map[string]string, len(fields))
	for name, value := range fields {
		if list, err := value.Items(); err == nil && len(list) > 0 {
			value = list[len(list)-1]
		}
		var s string
		if value.Decode(&s) == nil {
			texts[name] = s
		}
	}
	return texts
}

func (r Raw) truth() bool {
	var b bool
	return r.Decode(&b) == nil && b
}
