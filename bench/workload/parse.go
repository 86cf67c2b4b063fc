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

// Bounds of a workload file. The parser's time grows with the square of a line and of the depth, so both
// are looked at first.
const (
	MaxFile  = 64 << 10 // bytes
	MaxLine  = 8 << 10  // bytes of a line
	MaxDepth = 16       // brackets open at once
)

// A file holds one workload, or several under the key "workloads".
type file struct {
	Workloads []Workload `yaml:"workloads"`
}

// Parse reads a YAML (or JSON) file of one workload, or of several under the key "workloads", and
// returns them with defaults filled in. An unknown key, a wrong type, a key given twice and a value that
// cannot be run are errors; each begins with "name:line:column:" and shows the line.
func Parse(r io.Reader, name string) ([]Workload, error) {
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
	many := hasKey(tree.Docs[0].Body, "workloads")
	f := file{Workloads: make([]Workload, 1)}
	var target any = &f
	if !many {
		target = &f.Workloads[0]
	} else {
		f.Workloads = nil
	}
	if err := yaml.NodeToValue(tree.Docs[0].Body, target, yaml.Strict()); err != nil {
		return nil, located(name, err)
	}
	if len(f.Workloads) == 0 {
		return nil, fmt.Errorf("%s: holds no workload", name)
	}
	for i, w := range f.Workloads {
		w = w.WithDefaults()
		if err := w.Check(); err != nil {
			at := "$"
			if many {
				at = fmt.Sprintf("$.workloads[%d]", i)
			}
			return nil, pointed(name, tree, at, err)
		}
		f.Workloads[i] = w
	}
	return f.Workloads, nil
}

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

// UnmarshalYAML is UnmarshalText with an error that knows its line.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	if err := d.UnmarshalText([]byte(n.GetToken().Value)); err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
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
