package result

import (
	"encoding/base64"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of every histogram: values outside are clamped into it and counted.
const (
	Lowest  = time.Nanosecond
	Highest = 10 * time.Minute
	Digits  = 3 // significant decimal digits kept
)

// A Histogram is a distribution of times. The figures at its head can be read without a library; HDR
// holds all of it. The zero Histogram is empty.
type Histogram struct {
	Count   uint64        `json:"count"`         // values recorded
	Clamped uint64        `json:"clamped"`       // of them, outside the range
	Min     time.Duration `json:"min"`           // smallest
	Mean    time.Duration `json:"mean"`          // arithmetic mean
	P50     time.Duration `json:"p50"`           // median
	P90     time.Duration `json:"p90"`           // 90 % are at most this
	P95     time.Duration `json:"p95"`           // 95 % are
	P99     time.Duration `json:"p99"`           // 99 % are
	P999    time.Duration `json:"p999"`          // 99.9 % are
	Max     time.Duration `json:"max"`           // largest
	HDR     string        `json:"hdr,omitempty"` // HdrHistogram V2, compressed, base64; absent when empty
}

// NewHDR returns an empty histogram over the range of this package. It takes about 300 KB.
func NewHDR() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(Lowest), int64(Highest), Digits)
}

// FromHDR returns h as a Histogram of which clamped values were outside the range.
func FromHDR(h *hdrhistogram.Histogram, clamped uint64) (Histogram, error) {
	if h.TotalCount() == 0 {
		return Histogram{}, nil
	}
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return Histogram{}, fmt.Errorf("encoding a histogram: %w", err)
	}
	at := func(q float64) time.Duration { return time.Duration(h.ValueAtQuantile(q)) }
	return Histogram{
		Count: uint64(h.TotalCount()), Clamped: clamped,
		Min: time.Duration(h.Min()), Mean: time.Duration(h.Mean()), Max: time.Duration(h.Max()),
		P50: at(50), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9),
		HDR: string(encoded),
	}, nil
}

// Decode returns the whole distribution; nil when it is empty.
func (h Histogram) Decode() (*hdrhistogram.Histogram, error) {
	if h.HDR == "" {
		if h.Count != 0 {
			return nil, fmt.Errorf("histogram counts %d values and holds none", h.Count)
		}
		return nil, nil
	}
	if _, err := base64.StdEncoding.DecodeString(h.HDR); err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	d, err := hdrhistogram.Decode([]byte(h.HDR))
	if err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	if uint64(d.TotalCount()) != h.Count {
		return nil, fmt.Errorf("histogram counts %d values and holds %d", h.Count, d.TotalCount())
	}
	return d, nil
}
