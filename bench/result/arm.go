package result

import "strings"

// An Arm is one of the things compared: a transport over a carrier under a network condition.
type Arm struct {
	Transport string `json:"transport"`         // "longpoll"
	Carrier   string `json:"carrier"`           // "h1", "h1tls", "h2c", "h2"; "none" for what needs no network
	Net       string `json:"net"`               // "loopback", or the name of a Net
	Variant   string `json:"variant,omitempty"` // what else sets it apart, as key=value: "interval=100ms"
}

// String names the arm, leaving out what is usual: "longpoll", "longpoll/h2c", "polling/interval=100ms".
func (a Arm) String() string {
	parts := []string{a.Transport}
	if a.Carrier != "h1" && a.Carrier != "none" {
		parts = append(parts, a.Carrier)
	}
	if a.Net != "loopback" {
		parts = append(parts, a.Net)
	}
	if a.Variant != "" {
		parts = append(parts, a.Variant)
	}
	return strings.Join(parts, "/")
}

// ArmInfo describes an arm for readers.
type ArmInfo struct {
	Arm   Arm    `json:"arm"`             // as in the runs
	Title string `json:"title"`           // as in reports: "Long polling"
	Push  bool   `json:"push"`            // the server sends unasked; otherwise the client asks
	Floor bool   `json:"floor,omitempty"` // not a transport but what the others are compared with
}
