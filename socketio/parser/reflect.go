package parser

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// maxWalk bounds how deep a Go value may nest: a value that contains itself must end in an error, not in a full stack.
const maxWalk = 1000

var errTooDeep = errors.New("value is nested too deeply, or contains itself")

// reflected encodes a value of any type. What holds no []byte is left to encoding/json.
func (e *encoder) reflected(v any) error {
	rv := reflect.ValueOf(v)
	found, err := holdsBinary(rv, 0)
	if err != nil {
		return err
	}
	if !found {
		return e.plain(v)
	}
	return e.walk(rv)
}

// opaque reports whether a type encodes itself, so that its bytes are not ours to take out.
func opaque(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

func isValue(t reflect.Type) bool { return t == reflect.TypeFor[Value]() }

// holdsBinary reports whether there is a []byte, or a Value, somewhere in v.
func holdsBinary(v reflect.Value, depth int) (bool, error) {
	if depth > maxWalk {
		return false, errTooDeep
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
	default:
		return false, nil
	}
	if isValue(v.Type()) {
		return true, nil
	}
	if v.Kind() != reflect.Interface && opaque(v.Type()) {
		return false, nil
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return false, nil
		}
		return holdsBinary(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			if found, err := holdsBinary(v.Field(i), depth+1); found || err != nil {
				return found, err
			}
		}
	case reflect.Map:
		if scalar(v.Type().Elem()) {
			return false, nil
		}
		for it := v.MapRange(); it.Next(); {
			if found, err := holdsBinary(it.Value(), depth+1); found || err != nil {
				return found, err
			}
		}
	case reflect.Slice, reflect.Array:
		if isBytes(v.Type()) {
			return true, nil
		}
		if scalar(v.Type().Elem()) {
			return false, nil
		}
		for i := range v.Len() {
			if found, err := holdsBinary(v.Index(i), depth+1); found || err != nil {
				return found, err
			}
		}
	}
	return false, nil
}

func scalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return false
	}
	return true
}

// walk encodes what holdsBinary found, container by container.
func (e *encoder) walk(v reflect.Value) error {
	if !v.IsValid() {
		return e.value(nil)
	}
	found, err := holdsBinary(v, e.depth)
	if err != nil {
		return err
	}
	if isValue(v.Type()) && v.CanInterface() {
		return e.value(v.Interface())
	}
	if !found {
		return e.plain(v.Interface())
	}
	e.depth++
	defer func() { e.depth-- }()
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return e.walk(v.Elem())
	case reflect.Struct:
		return e.object(v)
	case reflect.Map:
		return e.mapping(v)
	default: // a slice or an array
		if isBytes(v.Type()) {
			e.binary(v.Bytes())
			return nil
		}
		e.out = append(e.out, '[')
		for i := range v.Len() {
			if i > 0 {
				e.out = append(e.out, ',')
			}
			if err := e.walk(v.Index(i)); err != nil {
				return err
			}
		}
		e.out = append(e.out, ']')
		return nil
	}
}

// mapping encodes a map with its keys sorted, as encoding/json does.
func (e *encoder) mapping(v reflect.Value) error {
	type entry struct {
		key   string
		value reflect.Value
	}
	var entries []entry
	for it := v.MapRange(); it.Next(); {
		name, err := keyText(it.Key())
		if err != nil {
			return err
		}
		entries = append(entries, entry{name, it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	e.out = append(e.out, '{')
	for i, en := range entries {
		if err := e.member(i > 0, en.key); err != nil {
			return err
		}
		if err := e.walk(en.value); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func keyText(k reflect.Value) (string, error) {
	if k.Kind() == reflect.String {
		return k.String(), nil
	}
	if m, ok := k.Interface().(encoding.TextMarshaler); ok {
		b, err := m.MarshalText()
		return string(b), err
	}
	switch {
	case k.CanInt():
		return strconv.FormatInt(k.Int(), 10), nil
	case k.CanUint():
		return strconv.FormatUint(k.Uint(), 10), nil
	}
	return "", fmt.Errorf("unsupported map key type %s", k.Type())
}

func (e *encoder) member(comma bool, name string) error {
	if comma {
		e.out = append(e.out, ',')
	}
	if err := e.text(name); err != nil {
		return err
	}
	e.out = append(e.out, ':')
	return nil
}

// object encodes a struct by its json tags.
func (e *encoder) object(v reflect.Value) error {
	e.out = append(e.out, '{')
	comma := false
	for _, f := range reflect.VisibleFields(v.Type()) {
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		promoted := f.Anonymous && name == "" && embeds(f.Type)
		if !f.IsExported() || tag == "-" || promoted {
			continue
		}
		fv, err := v.FieldByIndexErr(f.Index)
		if err != nil { // a field of a nil embedded pointer
			continue
		}
		if !tagged || name == "" {
			name = f.Name
		}
		has := func(option string) bool { return slices.Contains(strings.Split(options, ","), option) }
		if has("omitempty") && isEmpty(fv) || has("omitzero") && fv.IsZero() {
			continue
		}
		if err := e.member(comma, name); err != nil {
			return err
		}
		comma = true
		if err := e.walk(fv); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}

// embeds reports whether an embedded field gives its own fields to the struct around it.
func embeds(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
