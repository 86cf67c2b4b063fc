package workload

import (
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// A file holds one workload, or several under the key "workloads".
type file struct {
	Workloads []Workload `yaml:"workloads"`
}

// Parse reads a YAML (or JSON) file of one workload, or of several under the key "workloads", and
// returns them with defaults filled in. An unknown key, a wrong type, a key given twice and a value that
// cannot be run are errors; each begins with "name:line:column:" and shows the line.
func Parse(r io.Reader, name string) ([]Workload, error) {
	source, err := ReadSource(r, name)
	if err != nil {
		return nil, err
	}
	many := source.Has("workloads")
	f := file{Workloads: make([]Workload, 1)}
	var target any = &f
	if !many {
		target = &f.Workloads[0]
	} else {
		f.Workloads = nil
	}
	if err := source.Decode(target); err != nil {
		return nil, err
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
			return nil, source.Wrong(at, err)
		}
		f.Workloads[i] = w
	}
	return f.Workloads, nil
}

// UnmarshalYAML is UnmarshalText with an error that knows its line.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	if err := d.UnmarshalText([]byte(n.GetToken().Value)); err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
	}
	return nil
}
