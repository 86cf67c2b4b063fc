package workload

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestBuiltinsCanBeRunAndAreExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range Builtin() {
		if err := w.Check(); err != nil {
			t.Errorf("%s: %v", w.Name, err)
		}
		if w.Explain == "" || seen[w.Name] {
			t.Errorf("%s is not explained, or there twice", w.Name)
		}
		seen[w.Name] = true
		if got, err := Find(w.Name); err != nil || !reflect.DeepEqual(got, w) {
			t.Errorf("found %+v, %v", got, err)
		}
	}
	if _, err := Find("shove"); err == nil {
		t.Error("found a workload that is not there")
	}
}

// TestBuiltinsSurviveAFile shows that what is printed can be edited and given back.
func TestBuiltinsSurviveAFile(t *testing.T) {
	for _, w := range Builtin() {
		source, err := yaml.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(bytes.NewReader(source), w.Name)
		if err != nil {
			t.Errorf("%s: %v", w.Name, err)
			continue
		}
		if !reflect.DeepEqual(got, []Workload{w}) {
			t.Errorf("read %+v, want %+v", got, w)
		}
	}
}
