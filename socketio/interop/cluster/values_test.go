package cluster

import (
	"encoding/base64"
	"encoding/json"

	"transportlab/socketio/parser"
)

// pack replaces binary data by what stands for it in the commands of the official node.
func pack(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string]any{"$binary": base64.StdEncoding.EncodeToString(v)}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = pack(v[i])
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for k := range v {
			object[k] = pack(v[k])
		}
		return object
	}
	return v
}

// unpack is its reverse.
func unpack(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = unpack(v[i])
		}
	case map[string]any:
		if text, ok := v["$binary"].(string); ok {
			if b, err := base64.StdEncoding.DecodeString(text); err == nil {
				return b
			}
		}
		for k := range v {
			v[k] = unpack(v[k])
		}
	}
	return v
}

// plain returns values as encoding/json decodes them, binary data as []byte.
func plain(values []parser.Value) []any {
	list := make([]any, len(values))
	for i, v := range values {
		if err := v.Decode(&list[i]); err != nil {
			list[i] = err
		}
	}
	return list
}

// show returns a value as text, for comparison and messages.
func show(v any) string {
	b, err := json.Marshal(pack(v))
	if err != nil {
		return err.Error()
	}
	return string(b)
}
