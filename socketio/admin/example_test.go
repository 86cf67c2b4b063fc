package admin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing/fstest"
	"time"

	"transportlab/socketio"
	"transportlab/socketio/admin"
	"transportlab/socketio/client"
)

func Example() {
	server := socketio.NewServer(socketio.Options{})
	defer server.Close()
	page, err := admin.Instrument(server, admin.Options{
		Check:    admin.Secret("ada", "correct horse battery staple"),
		ReadOnly: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer page.Close()

	files := fstest.MapFS{"index.html": {Data: []byte("the page")}} // os.DirFS("node_modules/@socket.io/admin-ui/ui/dist")
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server)
	mux.Handle("/", http.FileServerFS(files))
	web := httptest.NewServer(mux)
	defer web.Close()

	// What the page does:
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	manager, err := client.New(web.URL, client.Options{Transports: []string{client.WebSocket}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer manager.Close(ctx)
	socket := manager.Socket("/admin", client.SocketOptions{
		Auth: map[string]string{"username": "ada", "password": "correct horse battery staple"},
	})
	done := make(chan struct{})
	client.OnMessage(socket, "config", func(_ context.Context, config struct{ SupportedFeatures []string }) error {
		fmt.Println(config.SupportedFeatures)
		close(done)
		return nil
	})
	socket.Connect()
	select {
	case <-done:
	case <-ctx.Done():
		fmt.Println(ctx.Err())
	}
	// Output: [AGGREGATED_EVENTS ALL_EVENTS]
}
