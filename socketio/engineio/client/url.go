package client

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseTarget reads the address of a server: an http, https, ws or wss URL. A missing scheme is https, as in the official
// client outside a browser. The scheme of the result is http or https.
func ParseTarget(target string) (*url.URL, error) {
	if !strings.Contains(target, "://") {
		target = "https://" + strings.TrimPrefix(target, "//")
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("parse server address: %w", err)
	}
	switch u.Scheme {
	case "http", "https":
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	default:
		return nil, fmt.Errorf("server address %q: scheme is none of http, https, ws, wss", target)
	}
	if u.Host == "" {
		return nil, fmt.Errorf("server address %q has no host", target)
	}
	return u, nil
}

// endpoint builds the URL of a request.
func (d *Dialer) endpoint(transport, sid string) string {
	o := d.opts
	query := make(url.Values, 8)
	maps.Copy(query, d.target.Query())
	for name, values := range o.Query {
		query[name] = slices.Clone(values)
	}
	query.Set("EIO", "4")
	query.Set("transport", transport)
	if sid != "" {
		query.Set("sid", sid)
	}
	if o.TimestampRequests == TimestampAll || o.TimestampRequests == TimestampPolling && transport == Polling {
		query.Set(o.TimestampParam, timestamp())
	}
	if o.ForceBase64 && (sid == "" || transport == WebSocket) {
		query.Set("b64", "1")
	}
	path := strings.TrimSuffix(o.Path, "/")
	if !o.NoTrailingSlash {
		path += "/"
	}
	u := url.URL{Scheme: d.target.Scheme, User: d.target.User, Host: d.target.Host, Path: path, RawQuery: query.Encode()}
	return u.String()
}

// timestamp returns eight characters that are new each time: five of the clock in milliseconds and three of chance.
func timestamp() string {
	text := strconv.FormatInt(time.Now().UnixMilli(), 36)
	text = text[max(0, len(text)-5):]
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	for range 3 {
		text += digits[rand.IntN(len(digits)):][:1]
	}
	return text
}
