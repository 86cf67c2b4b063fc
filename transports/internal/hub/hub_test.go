package hub

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"transportlab/transports"
	"transportlab/transports/memlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A hasty log tells of news while Notify has not returned yet, as a log does that others append to.
type hasty struct{ *memlog.Log }

func (l hasty) Notify(topic string, fn func([]transports.Message)) (func(), error) {
	stop, err := l.Log.Notify(topic, fn)
	if err != nil {
		return nil, err
	}
	var told sync.WaitGroup
	told.Go(func() { fn(nil) }) // ends before stop returns
	return func() { stop(); told.Wait() }, nil
}

// Nothing is read twice or passed over by those who subscribe at the very moment of an append.
func TestNewsThatComesWhileATopicBeginsToBeFollowed(t *testing.T) {
	log := memlog.New(memlog.Options{})
	defer log.Close()
	h := New(hasty{log}, 100, false)
	defer h.Close()
	for i := range 200 {
		topic := fmt.Sprint("t", i)
		var appending sync.WaitGroup
		appending.Go(func() { // ends with its appends
			for id := range 5 {
				if _, err := log.Append(context.Background(), topic, transports.Message{ID: fmt.Sprint(id), Data: []byte("x")}); err != nil {
					t.Error(err)
				}
			}
		})
		news := make(chan struct{}, 1)
		s := h.Subscribe(topic, transports.Cursor{}, func() {
			select {
			case news <- struct{}{}:
			default: // it will look anyway
			}
		})
		for got := uint64(0); got < 5; {
			r, ok, err := s.Next(t.Context())
			switch {
			case err != nil:
				t.Fatal(err)
			case !ok:
				<-news
			case r.First != got+1:
				t.Fatalf("offset %d follows on %d", r.First, got)
			default:
				got = r.Last.Offset
			}
		}
		s.Close()
		appending.Wait()
	}
}
