package matrix

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed builtin/*.yaml
var files embed.FS

// Builtin names the matrices that can be named instead of given as files.
func Builtin() []string { return []string{"quick", "standard"} }

// Find returns the built-in matrix of that name. Its error lists the names there are.
func Find(name string) (*Matrix, error) {
	text, err := Source(name)
	if err != nil {
		return nil, err
	}
	return Parse(bytes.NewReader(text), name)
}

// Source is the file of a built-in matrix, to start one's own from.
func Source(name string) ([]byte, error) {
	text, err := files.ReadFile(path.Join("builtin", name+".yaml"))
	if err != nil {
		return nil, fmt.Errorf("there is no matrix %q: choose from %s, or name a file", name, strings.Join(Builtin(), ", "))
	}
	return text, nil
}
