package workload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Bounds of a file. The parser's time grows with the square of a line and of the depth, so both are looked at
// first.
const (
	MaxFile  = 64 << 10 // bytes
	MaxLine  = 8 << 10  // bytes of a line
	MaxDepth = 16       // brackets open at once
)

// A Source is a YAML (or JSON) file of one document, which knows where in it everything stands, so that
// errors begin with "name:line:column:" and show the line.
type Source struct {
	name string
	tree *ast.File
}

// ReadSource reads a file. name is what errors call it.
func ReadSource(r io.Reader, name string) (*Source, error) {
	source, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(source) > MaxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, MaxFile)
	}
	if err := checkShape(source); err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	tree, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, located(name, err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return nil, fmt.Errorf("%s: needs exactly one document, has %d", name, len(tree.Docs))
	}
	return &Source{name, tree}, nil
}

// Has tells whether the file is a mapping with such a key.
func (s *Source) Has(key string) bool { return hasKey(s.tree.Docs[0].Body, key) }

// Decode fills in a value. An unknown key, a wrong type and a key given twice are errors.
func (s *Source) Decode(into any) error {
	if err := yaml.NodeToValue(s.tree.Docs[0].Body, into, yaml.Strict()); err != nil {
		return located(s.name, err)
	}
	return nil
}

// Wrong adds to an error that holds a *FieldError where the file says so: below the path at, which is "$" for
// the whole of it; the nearest enclosing place when the field is left out there.
func (s *Source) Wrong(at string, err error) error { return pointed(s.name, s.tree, at, err) }

// checkShape refuses what would take the parser long. Its error begins with the line.
func checkShape(source []byte) error {
	depth, n := 0, 0
	for line := range bytes.Lines(source) {
		n++
		if len(line) > MaxLine {
			return fmt.Errorf("%d: longer than %d bytes", n, MaxLine)
		}
		for _, c := range line {
			switch c {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(depth-1, 0)
			}
			if depth > MaxDepth {
				return fmt.Errorf("%d: more than %d brackets are open", n, MaxDepth)
			}
		}
	}
	return nil
}

func hasKey(n ast.Node, key string) bool {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return false
	}
	for _, v := range m.Values {
		if v.Key.GetToken().Value == key {
			return true
		}
	}
	return false
}

// located writes an error of the YAML library as "name:line:column: message" and the lines around it.
func located(name string, err error) error {
	text := yaml.FormatError(err, false, true)
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil {
		p := e.GetToken().Position
		_, after, _ := strings.Cut(text, "] ")
		return fmt.Errorf("%s:%d:%d: %s", name, p.Line, p.Column, after)
	}
	return fmt.Errorf("%s: %s", name, text)
}

// pointed adds to a FieldError where the file says so; the nearest enclosing place when the field is
// left out there.
func pointed(name string, tree *ast.File, at string, err error) error {
	var fe *FieldError
	if !errors.As(err, &fe) {
		return fmt.Errorf("%s: %w", name, err)
	}
	for field := fe.Field; ; {
		where := at
		if field != "" {
			where += "." + field
		}
		if path, perr := yaml.PathString(where); perr == nil {
			if node, nerr := path.FilterFile(tree); nerr == nil && node != nil {
				p := node.GetToken().Position
				source, _ := path.AnnotateSource([]byte(tree.String()), false)
				return fmt.Errorf("%s:%d:%d: %w\n%s", name, p.Line, p.Column, err, source)
			}
		}
		if field == "" {
			return fmt.Errorf("%s: %w", name, err)
		}
		field = field[:max(strings.LastIndexAny(field, ".["), 0)]
	}
}
