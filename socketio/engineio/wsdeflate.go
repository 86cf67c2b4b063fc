package engineio

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
)

// PerMessageDeflate configures the compression of WebSocket messages (RFC 7692), which costs processor time for bandwidth.
// No context is kept from one message to the next, so it costs no memory per connection, and a broadcast is compressed once
// for all its receivers.
type PerMessageDeflate struct {
	Threshold int // the smallest packet that is compressed, in bytes; 1024
}

// deflateTail is what a sender leaves off (RFC 7692, section 7.2.1).
var deflateTail = []byte{0, 0, 0xff, 0xff}

// inflateTail gives it back, and an empty final block so that the end of the message is the end of the stream.
var inflateTail = []byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff}

// offersDeflate looks for an offer that this server can accept: without parameters that bind it to a window smaller than
// 32 KiB (RFC 7692, section 7.1).
func offersDeflate(values []string) bool {
	for _, v := range values {
		for offer := range strings.SplitSeq(v, ",") {
			name, params, _ := strings.Cut(offer, ";")
			if strings.EqualFold(strings.TrimSpace(name), "permessage-deflate") && acceptable(params) {
				return true
			}
		}
	}
	return false
}

func acceptable(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch name {
		case "", "client_no_context_takeover", "server_no_context_takeover", "client_max_window_bits":
		case "server_max_window_bits":
			if strings.Trim(value, `"`) != "15" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// compress appends p compressed to dst.
func (p *pools) compress(dst, data []byte) []byte {
	out := bytes.NewBuffer(dst)
	w, _ := p.deflaters.Get().(*flate.Writer)
	if w == nil {
		w, _ = flate.NewWriter(out, flate.BestSpeed) // the level is valid
	} else {
		w.Reset(out)
	}
	defer p.deflaters.Put(w)
	_, _ = w.Write(data) // a bytes.Buffer takes everything
	_ = w.Flush()
	return bytes.TrimSuffix(out.Bytes(), deflateTail)
}

// inflate returns the data of a compressed message, which may be limit bytes.
func (p *pools) inflate(data []byte, limit int64) ([]byte, error) {
	source := io.MultiReader(bytes.NewReader(data), bytes.NewReader(inflateTail))
	r, _ := p.inflaters.Get().(io.ReadCloser)
	if r == nil {
		r = flate.NewReader(source)
	} else if err := r.(flate.Resetter).Reset(source, nil); err != nil {
		return nil, err
	}
	defer p.inflaters.Put(r)
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, &violation{closeInvalidData, fmt.Errorf("compressed message: %w", err)}
	case int64(len(out)) > limit:
		return nil, errTooBig
	}
	return bytes.Clone(out), nil
}

var errTooBig = &violation{closeTooBig, ErrPayloadTooLarge}

// A violation is an error of the client's that ends its connection with a close code (RFC 6455, section 7.4.1).
type violation struct {
	code  int
	cause error
}

func (v *violation) Error() string { return v.cause.Error() }
func (v *violation) Unwrap() error { return v.cause }

func broken(rule string) error { return &violation{closeProtocol, errors.New(rule)} }
