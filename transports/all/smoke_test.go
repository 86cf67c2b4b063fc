package all_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"transportlab/transports"
	"transportlab/transports/all"
	"transportlab/transports/memlog"
)

func TestSmoke(t *testing.T) {
	o := transports.Options{Interval: 20 * time.Millisecond, MessageRate: 1e6}
	for _, a := range all.Transports(o) {
		t.Run(a.Info().Name, func(t *testing.T) {
			log := memlog.New(memlog.Options{})
			s := transports.NewServer(log, transports.Policy{}, a)
			srv := httptest.NewServer(s)
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			target := transports.Target{URL: srv.URL + "/" + a.Info().Name, Topic: "t"}
			pub, err := a.Dial(ctx, target)
			if err != nil {
				t.Fatal(err)
			}
			sub, err := a.Dial(ctx, target)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				for i := range 500 {
					m := transports.Message{ID: fmt.Sprint("m", i), Data: []byte(fmt.Sprint("hello\n\"", i))}
					if i%7 == 0 {
						m.Binary, m.Data = true, []byte{0, 1, 2, 255, byte(i)}
					}
					if _, err := pub.Send(ctx, m); err != nil {
						t.Error(i, err)
						return
					}
				}
			}()
			for i := range 500 {
				m, err := sub.Recv(ctx)
				if err != nil {
					t.Fatal(i, err)
				}
				if m.ID != fmt.Sprint("m", i) || m.Offset != uint64(i+1) {
					t.Fatal(i, m)
				}
			}
			_, err = pub.Send(ctx, transports.Message{ID: "m3", Data: []byte("x")})
			if !errors.Is(err, transports.ErrConflict) {
				t.Error(err)
			}
			pub.Close()
			sub.Close()
			if err := s.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			srv.Close()
		})
	}
}
