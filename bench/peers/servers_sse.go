package main

import (
	"fmt"
	"net/http"

	r3labs "github.com/r3labs/sse/v2"
	tmaxmax "github.com/tmaxmax/go-sse"
)

// plainServer is Server-Sent Events with nothing but net/http: a loop that writes and flushes.
func plainServer() server {
	var clients crowd[http.ResponseWriter]
	serve := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		clients.add(w)
		<-r.Context().Done()
		clients.remove(w)
	}
	return server{map[string]http.Handler{"GET /sse": http.HandlerFunc(serve)}, func(message []byte) {
		clients.each(func(w http.ResponseWriter) {
			fmt.Fprintf(w, "data: %s\n\n", message)
			w.(http.Flusher).Flush()
		})
	}}
}

func r3labsServer() server {
	s := r3labs.New()
	s.AutoReplay = false
	s.CreateStream("a")
	return server{map[string]http.Handler{"GET /sse": s}, func(message []byte) { s.Publish("a", &r3labs.Event{Data: message}) }}
}

func tmaxmaxServer() server {
	s := &tmaxmax.Server{OnSession: func(w http.ResponseWriter, _ *http.Request) ([]string, bool) {
		// By itself it answers with the first message, and a client that waits for that knows nothing.
		return []string{tmaxmax.DefaultTopic}, http.NewResponseController(w).Flush() == nil
	}}
	return server{map[string]http.Handler{"GET /sse": s}, func(message []byte) {
		m := &tmaxmax.Message{}
		m.AppendData(string(message))
		_ = s.Publish(m) // fails only when the server is shut down
	}}
}
