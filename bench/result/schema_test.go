package result

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"transportlab/bench/workload"
)

var update = flag.Bool("update", false, "write schema.json anew from the types")

// TestSchemaIsThatOfTheTypes keeps the published schema and the Go types one thing.
func TestSchemaIsThatOfTheTypes(t *testing.T) {
	g := generator{defs: map[string]any{}, comments: comments(t, ".", "../workload")}
	root := g.object(reflect.TypeFor[Document]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "transportlab result, version 1"
	root["properties"].(map[string]any)["format"] = map[string]any{"const": Format}
	root["properties"].(map[string]any)["version"] = map[string]any{"const": Version}
	root["$defs"] = g.defs
	want, err := json.MarshalIndent(root, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(Schema(), want) {
		t.Error("schema.json is not that of the types: go test ./bench/result -run Schema -update, and think of the version")
	}
}

func TestADocumentSatisfiesTheSchema(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := sample(t).Write(&b); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	v := validator{defs: root["$defs"].(map[string]any)}
	v.check("$", root, doc)
	for _, e := range v.errors {
		t.Error(e)
	}
	doc["surplus"] = 1
	doc["seed"] = "seven"
	delete(doc, "store")
	v.errors = nil
	v.check("$", root, doc)
	slices.Sort(v.errors)
	if want := []string{"$.seed: is no integer", "$.store: is missing", "$.surplus: is not described"}; !slices.Equal(v.errors, want) {
		t.Errorf("a wrong document gives %q, want %q", v.errors, want)
	}
}

// A generator makes a schema from Go types as encoding/json writes them.
type generator struct {
	defs     map[string]any
	comments map[string]string // "Type.Field" to its comment
}

func (g *generator) of(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[workload.Duration]():
		return map[string]any{"type": "string", "pattern": "^(\\d+(\\.\\d+)?(h|m|s|ms|µs|ns))+$"}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.of(t.Elem())}
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Struct:
		if g.defs[t.Name()] == nil {
			g.defs[t.Name()] = g.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	}
	panic("no schema for " + t.String())
}

func (g *generator) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		s := g.of(f.Type)
		if c := g.comments[t.Name()+"."+f.Name]; c != "" {
			s["description"] = c
		}
		properties[name] = s
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func comments(t *testing.T, dirs ...string) map[string]string {
	found := map[string]string{}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				if s, ok := spec.Type.(*ast.StructType); ok {
					for _, field := range s.Fields.List {
						for _, id := range field.Names {
							found[spec.Name.Name+"."+id.Name] = strings.TrimSpace(field.Comment.Text())
						}
					}
				}
				return false
			})
		}
	}
	return found
}

// A validator checks the keywords that the generator uses.
type validator struct {
	defs   map[string]any
	errors []string
}

func (v *validator) check(path string, schema map[string]any, value any) {
	fail := func(format string, args ...any) { v.errors = append(v.errors, path+": "+fmt.Sprintf(format, args...)) }
	if ref, ok := schema["$ref"].(string); ok {
		schema = v.defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if c, ok := schema["const"]; ok {
		if c != value {
			fail("is not %v", c)
		}
		return
	}
	switch schema["type"] {
	case "string":
		if _, ok := value.(string); !ok {
			fail("is no string")
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			fail("is no boolean")
		}
	case "number", "integer":
		if n, ok := value.(float64); !ok || schema["type"] == "integer" && n != float64(int64(n)) {
			fail("is no %s", schema["type"])
		}
	case "array":
		list, ok := value.([]any)
		if !ok {
			fail("is no array")
		}
		for i, e := range list {
			v.check(fmt.Sprintf("%s[%d]", path, i), schema["items"].(map[string]any), e)
		}
	case "object":
		v.object(path, schema, value, fail)
	default:
		fail("schema has no type")
	}
}

func (v *validator) object(path string, schema map[string]any, value any, fail func(string, ...any)) {
	object, ok := value.(map[string]any)
	if !ok {
		fail("is no object")
		return
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, e := range object {
		if s, ok := properties[name].(map[string]any); ok {
			v.check(path+"."+name, s, e)
		} else if s, ok := schema["additionalProperties"].(map[string]any); ok {
			v.check(path+"."+name, s, e)
		} else {
			v.errors = append(v.errors, path+"."+name+": is not described")
		}
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := object[name.(string)]; !ok {
			v.errors = append(v.errors, fmt.Sprintf("%s.%s: is missing", path, name))
		}
	}
}
