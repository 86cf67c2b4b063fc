package result

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// MaxFile is the largest document in bytes that Read takes.
const MaxFile = 256 << 20

//go:embed schema.json
var schema []byte

// Schema returns the JSON schema (draft 2020-12) of the documents that this version writes.
func Schema() []byte { return bytes.Clone(schema) }

// Read reads a document and checks that it is whole: its format and version are this package's, it has
// no field that they do not, its runs name workloads and arms that it describes, and its histograms hold
// what they say.
func Read(r io.Reader) (*Document, error) {
	source, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, err
	}
	if len(source) > MaxFile {
		return nil, fmt.Errorf("larger than %d bytes", MaxFile)
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(source, &head); err != nil {
		return nil, located(source, err)
	}
	switch {
	case head.Format != Format:
		return nil, fmt.Errorf("not a result: format is %q, want %q", head.Format, Format)
	case head.Version != Version:
		return nil, fmt.Errorf("result has version %d, this program reads version %d", head.Version, Version)
	}
	d := new(Document)
	dec := json.NewDecoder(bytes.NewReader(source))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil {
		return nil, located(source, err)
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	return d, nil
}

// located adds the line to an error of encoding/json that knows where it is.
func located(source []byte, err error) error {
	offset := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	if offset < 0 || offset > int64(len(source)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(source[:offset], []byte("\n")), err)
}

// ReadFile reads the document in a file; errors begin with its name.
func ReadFile(name string) (*Document, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// Write writes the document, indented, to w.
func (d *Document) Write(w io.Writer) error {
	if err := d.Check(); err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(d)
}

// WriteFile writes the document to a file, whole or not at all: a reader of that name sees the old
// content or the new one.
func (d *Document) WriteFile(name string) error {
	return WriteWhole(name, d.Write)
}

// WriteWhole gives write a file that takes the given name only once write has returned nil and all is
// on disk; otherwise nothing is left behind.
func WriteWhole(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
