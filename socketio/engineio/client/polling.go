package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"

	"transportlab/socketio/engineio"
)

// A transport moves packets. read is called by one goroutine at a time, and so is write.
type transport interface {
	name() string
	// read waits for the next packets and hands them to deliver, whose error it returns.
	read(ctx context.Context, deliver func(engineio.Packet) error) error
	// write sends the first packets, at least one, and returns how many.
	write(ctx context.Context, packets []engineio.Packet) (int, error)
	// close tells the server that the session ends. abandon frees the transport without a word; ctx of the calls in
	// progress is done by then.
	close(ctx context.Context) error
	abandon()
}

// polling is HTTP long polling: a GET that the server holds until there is something to read, and a POST for each write.
type polling struct {
	dialer     *Dialer
	sid        string // "" before the handshake
	maxPayload int64  // of the server; 0: no limit
}

func (p *polling) name() string { return Polling }

func (p *polling) read(ctx context.Context, deliver func(engineio.Packet) error) error {
	body, err := p.request(ctx, http.MethodGet, nil, p.dialer.opts.MaxMessage)
	if err != nil {
		return err
	}
	for packet, err := range engineio.DecodePayload(body) {
		if err != nil {
			return err
		}
		if err := deliver(packet); err != nil {
			return err
		}
	}
	return nil
}

func (p *polling) write(ctx context.Context, packets []engineio.Packet) (int, error) {
	packets = packets[:p.fitting(packets)]
	_, err := p.request(ctx, http.MethodPost, engineio.AppendPayload(nil, packets...), errorBody)
	return len(packets), err
}

// fitting returns how many packets make a payload that the server takes; one at least, because a packet cannot be split.
func (p *polling) fitting(packets []engineio.Packet) int {
	if p.maxPayload <= 0 {
		return len(packets)
	}
	size := int64(1)
	for i, packet := range packets {
		n := len(packet.Data)
		if packet.Binary {
			n = base64.StdEncoding.EncodedLen(n)
		}
		size += int64(n)
		if i > 0 && size > p.maxPayload {
			return i
		}
		size += 2 // separator and type of the next one
	}
	return len(packets)
}

func (p *polling) close(ctx context.Context) error {
	_, err := p.write(ctx, []engineio.Packet{{Type: engineio.Close}})
	return err
}

func (p *polling) abandon() {}

// once is an empty body that cannot be sent twice. Without it net/http repeats a GET whose connection broke before the
// answer, and the messages in an answer that was lost would be missing without a sign.
type once struct{}

func (once) Read([]byte) (int, error) { return 0, io.EOF }

// errorBody is how much of an answer that is only "ok", or an error, is read.
const errorBody = 1 << 10

// request makes one request and returns the body of its answer, of at most limit bytes.
func (p *polling) request(ctx context.Context, method string, body []byte, limit int64) ([]byte, error) {
	op := "xhr poll error"
	var content io.Reader = once{}
	if method == http.MethodPost {
		op, content = "xhr post error", bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.dialer.endpoint(Polling, p.sid), content)
	if err != nil {
		return nil, &TransportError{Op: op, Err: err}
	}
	req.Header = p.dialer.opts.header(Polling)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	req.Header.Set("Accept", "*/*")
	resp, err := p.dialer.http.Do(req)
	if err != nil {
		return nil, &TransportError{Op: op, Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		told, _ := io.ReadAll(io.LimitReader(resp.Body, errorBody)) // the status says enough
		return nil, refused(op, resp.StatusCode, told)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, &TransportError{Op: op, Status: resp.StatusCode, Err: err}
	}
	if int64(len(answer)) > limit {
		return nil, &TransportError{Op: op, Status: resp.StatusCode, Err: engineio.ErrPayloadTooLarge}
	}
	return answer, nil
}
