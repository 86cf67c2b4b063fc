package carrier_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"transportlab/transports/carrier"
)

func Example() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s over %s", p, r.Proto)
	})
	server, err := carrier.Listen(carrier.H2, "127.0.0.1:0", hello, carrier.ServerOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	client, err := carrier.Dial(carrier.H2, carrier.ClientOptions{Trust: server.Certificate()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	before := client.Meter().Snapshot()
	resp, err := client.HTTP.Post(server.URL(), "text/plain", strings.NewReader("hello"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	cost := client.Meter().Snapshot().Sub(before)
	fmt.Println(string(answer))
	fmt.Println(cost.Opened, "connection,", cost.Up.Body, "bytes of body up,", cost.Down.Body, "down")

	if err := server.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// hello over HTTP/2.0
	// 1 connection, 5 bytes of body up, 19 down
}

func ExampleCut() {
	var cut carrier.Cut
	server, err := carrier.Listen(carrier.H1, "127.0.0.1:0", http.NotFoundHandler(), carrier.ServerOptions{Cut: &cut})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client, err := carrier.Dial(carrier.H1, carrier.ClientOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	post := func() { // net/http would repeat a GET by itself
		resp, err := client.HTTP.Post(server.URL(), "text/plain", strings.NewReader("hello"))
		if err != nil {
			fmt.Println("broken")
			return
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	post()
	cut.After(40) // bytes: in the middle of the next request
	post()
	post()
	// Output:
	// 404 Not Found
	// broken
	// 404 Not Found
}
