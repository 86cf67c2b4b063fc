package null_test

import (
	"context"
	"fmt"

	"transportlab/transports"
	"transportlab/transports/memlog"
	"transportlab/transports/null"
)

func Example() {
	log := memlog.New(memlog.Options{})
	defer log.Close()
	conn, err := null.New(log, transports.Options{}).Dial(context.Background(), transports.Target{Topic: "news"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	if _, err := conn.Send(context.Background(), transports.Message{Data: []byte("hello")}); err != nil {
		fmt.Println(err)
	}
	m, err := conn.Recv(context.Background())
	fmt.Println(m.Offset, string(m.Data), err)
	// Output: 1 hello <nil>
}
