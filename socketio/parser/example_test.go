package parser_test

import (
	"fmt"

	"transportlab/socketio/parser"
)

func Example() {
	data, err := parser.Marshal("upload", map[string]any{"name": "a.bin", "content": []byte{1, 2, 3}})
	if err != nil {
		fmt.Println(err)
		return
	}
	frames, err := parser.JSON{}.Encode(nil, parser.Packet{Type: parser.Event, Data: data})
	if err != nil {
		fmt.Println(err)
		return
	}
	decoder := parser.JSON{}.NewDecoder(0)
	for _, f := range frames {
		if !f.Binary {
			fmt.Printf("%s\n", f.Data)
		}
		p, complete, err := decoder.Decode(f)
		if err != nil || !complete {
			continue
		}
		var file struct {
			Name    string
			Content []byte
		}
		name, args, _ := p.Data.Event()
		_ = args[0].Decode(&file)
		fmt.Println(name, file.Name, file.Content)
	}
	// Output:
	// 51-["upload",{"content":{"_placeholder":true,"num":0},"name":"a.bin"}]
	// upload a.bin [1 2 3]
}
