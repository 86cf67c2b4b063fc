package record

import (
	"sync"
	"testing"
	"time"

	"transportlab/bench/result"
)

func TestRecorderCountsFromManyGoroutines(t *testing.T) {
	var r, other Recorder
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			b := r.Buffer()
			for i := range 1000 {
				b.Record(time.Duration(i+1) * time.Microsecond)
			}
			b.Flush()
		})
	}
	wg.Wait()
	other.Record(5 * time.Second)
	r.Merge(&other)
	h, err := r.Histogram()
	if err != nil {
		t.Fatal(err)
	}
	if h.Count != 8001 || h.Clamped != 0 || h.P50.Round(10*time.Microsecond) != 500*time.Microsecond || h.Max.Round(10*time.Millisecond) != 5*time.Second {
		t.Errorf("histogram %+v", h)
	}
	if q := r.Quantile(50); q != h.P50 {
		t.Errorf("quantile %s, want %s", q, h.P50)
	}
}

func TestRecorderClampsAndCountsWhatIsOutOfRange(t *testing.T) {
	var r Recorder
	r.Record(-time.Second, 0, time.Second, time.Hour)
	h, err := r.Histogram()
	if err != nil {
		t.Fatal(err)
	}
	if h.Count != 4 || h.Clamped != 3 || h.Min != result.Lowest || h.Max < result.Highest {
		t.Errorf("histogram %+v", h)
	}
}

func TestAnEmptyRecorderIsAnEmptyHistogram(t *testing.T) {
	var r, other Recorder
	r.Record()
	r.Merge(&other)
	if h, err := r.Histogram(); err != nil || h != (result.Histogram{}) {
		t.Errorf("histogram %+v, %v", h, err)
	}
}
