package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"transportlab/bench/workload"
)

// sample is a document with something in every field.
func sample(t *testing.T) *Document {
	t.Helper()
	hdr := NewHDR()
	for _, v := range []time.Duration{time.Millisecond, 2 * time.Millisecond, 30 * time.Millisecond} {
		if err := hdr.RecordValue(int64(v)); err != nil {
			t.Fatal(err)
		}
	}
	h, err := FromHDR(hdr, 1)
	if err != nil {
		t.Fatal(err)
	}
	d := new(Document)
	fill(reflect.ValueOf(d).Elem(), h)
	d.Format, d.Version = Format, Version
	d.Workloads = []workload.Workload{workload.Workload{Name: "push", Kind: workload.Push, Thresholds: []string{"p99-ns<20ms"}}.WithDefaults()}
	d.Runs[0].Workload = "push"
	return d
}

// fill sets every field to something other than its zero value.
func fill(v reflect.Value, h Histogram) {
	switch {
	case v.Type() == reflect.TypeFor[Histogram]():
		v.Set(reflect.ValueOf(h))
		return
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(8)
	case reflect.Float64:
		v.SetFloat(2.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), h)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), h)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"key": "value"}))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), h)
		}
	}
}

func TestADocumentSurvivesItsFile(t *testing.T) {
	want := sample(t)
	name := filepath.Join(t.TempDir(), "result.json")
	if err := want.WriteFile(name); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwant\n%+v", got, want)
	}
	hdr, err := got.Runs[0].Delivery.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if n, most := hdr.TotalCount(), time.Duration(hdr.Max()).Round(time.Millisecond); n != 3 || most != 30*time.Millisecond {
		t.Errorf("histogram holds %d values up to %s", n, most)
	}
}

func TestReadRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for name, c := range map[string]struct {
		change func(map[string]any)
		want   string
	}{
		"another format":    {func(m map[string]any) { m["format"] = "k6" }, `not a result: format is "k6"`},
		"a later version":   {func(m map[string]any) { m["version"] = 2 }, "result has version 2, this program reads version 1"},
		"a surplus field":   {func(m map[string]any) { m["colour"] = 1 }, `unknown field "colour"`},
		"a surplus inner":   {func(m map[string]any) { m["store"].(map[string]any)["colour"] = 1 }, `unknown field "colour"`},
		"a wrong type":      {func(m map[string]any) { m["seed"] = "x" }, "line "},
		"unknown workload":  {func(m map[string]any) { run(m)["workload"] = "pull" }, `runs[0]: workload "pull" is not described`},
		"unknown arm":       {func(m map[string]any) { run(m)["arm"].(map[string]any)["transport"] = "pigeon" }, "runs[0]: arm pigeon/"},
		"wrong count":       {func(m map[string]any) { run(m)["delivery"].(map[string]any)["count"] = 9 }, "runs[0].delivery: histogram counts 9 values and holds 3"},
		"broken histogram":  {func(m map[string]any) { run(m)["ack"].(map[string]any)["hdr"] = "!!" }, "runs[0].ack: histogram: "},
		"missing histogram": {func(m map[string]any) { delete(run(m)["ack"].(map[string]any), "hdr") }, "runs[0].ack: histogram counts 3 values and holds none"},
		"block 0":           {func(m map[string]any) { run(m)["block"] = 0 }, "runs[0]: block and order count from 1"},
		"a bad workload":    {func(m map[string]any) { m["workloads"].([]any)[0].(map[string]any)["size"] = -1 }, "workloads[0]: size: -1"},
	} {
		var b bytes.Buffer
		if err := sample(t).Write(&b); err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		c.change(m)
		source, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bytes.NewReader(source)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that contains %q", name, err, c.want)
		}
	}
	for _, source := range []string{"", "nonsense", "[]", "{}", "{\"format\":"} {
		if _, err := Read(strings.NewReader(source)); err == nil {
			t.Errorf("%q is read without an error", source)
		}
	}
}

func run(m map[string]any) map[string]any { return m["runs"].([]any)[0].(map[string]any) }

func TestWriteWholeLeavesTheOldFileWhenWritingFails(t *testing.T) {
	name := filepath.Join(t.TempDir(), "result.json")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	err := WriteWhole(name, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half of the new"); err != nil {
			return err
		}
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("error %v, want that of the writer", err)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "old" {
		t.Errorf("file holds %q, %v", got, err)
	}
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}

func TestArmNamesLeaveOutWhatIsUsual(t *testing.T) {
	for want, arm := range map[string]Arm{
		"longpoll":            {Transport: "longpoll", Carrier: "h1", Net: "loopback"},
		"longpoll/h2c":        {Transport: "longpoll", Carrier: "h2c", Net: "loopback"},
		"polling/interval=1s": {Transport: "polling", Carrier: "h1", Net: "loopback", Variant: "interval=1s"},
		"websocket/h1tls/4g":  {Transport: "websocket", Carrier: "h1tls", Net: "4g"},
		"null":                {Transport: "null", Carrier: "none", Net: "loopback"},
	} {
		if got := arm.String(); got != want {
			t.Errorf("%+v is named %q, want %q", arm, got, want)
		}
	}
}
