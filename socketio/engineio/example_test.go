package engineio_test

import (
	"fmt"

	"transportlab/socketio/engineio"
)

func ExampleDecodePayload() {
	for p, err := range engineio.DecodePayload([]byte("4hello\x1ebAQIDBA==\x1e2")) {
		fmt.Println(p.Type, p.Binary, string(p.Data) == "hello", err)
	}
	// Output:
	// 4 false true <nil>
	// 4 true false <nil>
	// 2 false false <nil>
}
