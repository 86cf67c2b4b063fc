package client

import (
	"context"
	"testing"
	"testing/synctest"
)

// Whatever a server sends, the client ends the connection or goes on, and Close leaves no goroutine.
func FuzzPayloads(f *testing.F) {
	for _, payload := range []string{
		`42["a",1,null]`, `450-["a"]`, `451-["a",{"_placeholder":true,"num":0}]` + "\x1ebAQI=", `430[]`, `44{"message":7}`, `44"x"`,
		`40{"sid":7}`, `40{"sid":"b","pid":"c"}`, `41`, `42/x,9["y"]`, "1", "2", "3", "6", "0{}", "5", "\x1e", "bAQI", `42["a","offset"]`,
	} {
		f.Add(payload, `40{"sid":"a"}`, payload)
	}
	f.Fuzz(func(t *testing.T, first, second, third string) {
		synctest.Test(t, func(t *testing.T) {
			server := newFakeServer()
			m, err := New("http://host", server.options(Options{Reconnection: Reconnection{Disabled: true}}))
			if err != nil {
				t.Fatal(err)
			}
			s := m.Socket("/", SocketOptions{})
			s.OnAny(func(_ context.Context, e *Event) error { return e.Ack("ok") })
			for _, payload := range []string{first, second, third} {
				server.polls <- payload
			}
			s.Connect()
			synctest.Wait()
			_ = s.Emit(t.Context(), "anything") // the server decides whether there is a connection
			synctest.Wait()
			if err := m.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	})
}
