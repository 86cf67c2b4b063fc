// Package record gathers times into histograms from many goroutines without slowing them down.
package record

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"transportlab/bench/result"
)

// A Recorder is a histogram that several goroutines may add to. Its memory (300 KB) is taken with the first
// value. The zero value is empty.
type Recorder struct {
	mu      sync.Mutex
	hdr     *hdrhistogram.Histogram
	clamped uint64
}

// Record adds values. Those outside the range of histograms are clamped into it and counted.
func (r *Recorder) Record(values ...time.Duration) {
	if len(values) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hdr == nil {
		r.hdr = result.NewHDR()
	}
	for _, v := range values {
		in := min(max(v, result.Lowest), result.Highest)
		if in != v {
			r.clamped++
		}
		if err := r.hdr.RecordValue(int64(in)); err != nil {
			panic("record: a clamped value is out of range: " + err.Error())
		}
	}
}

// Merge adds what from has recorded.
func (r *Recorder) Merge(from *Recorder) {
	from.mu.Lock()
	defer from.mu.Unlock()
	if from.hdr == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hdr == nil {
		r.hdr = result.NewHDR()
	}
	r.clamped += from.clamped + uint64(r.hdr.Merge(from.hdr))
}

// Histogram returns what was recorded.
func (r *Recorder) Histogram() (result.Histogram, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hdr == nil {
		return result.Histogram{}, nil
	}
	return result.FromHDR(r.hdr, r.clamped)
}

// Count returns how many values were recorded.
func (r *Recorder) Count() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hdr == nil {
		return 0
	}
	return uint64(r.hdr.TotalCount())
}

// Quantile returns the value that q percent of the recorded ones do not exceed; 0 when there is none.
func (r *Recorder) Quantile(q float64) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hdr == nil {
		return 0
	}
	return time.Duration(r.hdr.ValueAtQuantile(q))
}

// A Buffer collects the values of one goroutine and hands them to a Recorder many at a time. The
// goroutine must Flush before it ends.
type Buffer struct {
	to     *Recorder
	values []time.Duration
}

// Buffer returns a buffer of r.
func (r *Recorder) Buffer() Buffer { return Buffer{to: r} }

// Record adds a value.
func (b *Buffer) Record(v time.Duration) {
	const most = 128
	if b.values == nil {
		b.values = make([]time.Duration, 0, most)
	}
	if b.values = append(b.values, v); len(b.values) == most {
		b.Flush()
	}
}

// Redirect hands over what was collected, and makes to the recorder of what follows.
func (b *Buffer) Redirect(to *Recorder) {
	b.Flush()
	b.to = to
}

// Flush hands over what was collected.
func (b *Buffer) Flush() {
	b.to.Record(b.values...)
	b.values = b.values[:0]
}
