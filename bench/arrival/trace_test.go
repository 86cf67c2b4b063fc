package arrival

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReadTrace(t *testing.T) {
	want := []Entry{{0, "a", 5, "hello"}, {1500 * ms, "b", 7, ""}}
	for name, source := range map[string]string{
		"t.csv":             "time,topic,size,body\n10,a,,hello\n11.5,b,7,\n",
		"timestamps.csv":    "topic,time,body,size\na,2026-03-01T12:00:00Z,hello,5\nb,2026-03-01T12:00:01.5Z,,7\n",
		"t.ndjson":          `{"time": 10, "topic": "a", "body": "hello"}` + "\n\n" + `{"time": 11.5, "topic": "b", "size": 7}`,
		"timestamps.ndjson": `{"time": "2026-03-01T12:00:00Z", "topic": "a", "body": "hello", "size": 5}` + "\n" + `{"time": "2026-03-01T12:00:01.5Z", "topic": "b", "size": 7}` + "\n",
	} {
		trace, err := Read(strings.NewReader(source), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(trace.Entries, want) || trace.Length != 3*time.Second+1 || len(trace.Digest) != 64 {
			t.Errorf("%s: read %+v", name, trace)
		}
	}
}

func TestReadTraceErrorsPointAtTheLine(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"t.csv", "time,topic,size\n1,a,5\n0.5,a,5\n", "t.csv:3: time goes back"},
		{"t.csv", "time,topic,size\n1,a,5\nnever,a,5\n", `t.csv:3: time "never" is neither`},
		{"t.csv", "time,topic,size\n1,a,many\n", `t.csv:2: size "many" is not a number`},
		{"t.csv", "time,topic,size\n1,a,0\n", "t.csv:2: size 0 is not between"},
		{"t.csv", "time,topic,size\n1,a b,1\n", "t.csv:2: a topic is"},
		{"t.csv", "time,topic\n1,a\n", "t.csv:2: there is neither size nor body"},
		{"t.csv", "time,topic,size,body\n1,a,3,hello\n", "t.csv:2: size is 3, but the body has 5 bytes"},
		{"t.csv", "time,size,colour\n", `t.csv:1: column "colour" is none of`},
		{"t.csv", "topic,size\n", "t.csv:1: there is no column time"},
		{"t.csv", "time,topic,size\n1,a\n", "t.csv:2: wrong number of fields"},
		{"t.csv", "time,topic,size\n", "t.csv: holds no message"},
		{"t.csv", "time,topic,size\n0,a,1\n100000,a,1\n", "t.csv:3: more than 24h0m0s after"},
		{"t.ndjson", `{"time": 1, "topic": "a", "size": 1}` + "\n" + `{"time": 2, "sise": 1}`, `t.ndjson:2: json: unknown field "sise"`},
		{"t.ndjson", `{"time": 1, "size": 1} {}`, "t.ndjson:1: more than one object"},
		{"t.ndjson", `{"size": 1}`, `t.ndjson:1: time "" is neither`},
		{"t.ndjson", "", "t.ndjson: holds no message"},
	} {
		if _, err := Read(strings.NewReader(c.source), c.name); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.source, err, c.want)
		}
	}
}

func TestBuiltInTracesLoad(t *testing.T) {
	if len(Traces()) == 0 {
		t.Fatal("there is none")
	}
	for _, name := range Traces() {
		trace, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d messages in %s", name, len(trace.Entries), trace.Length)
	}
	if _, err := Load("nowhere"); err == nil || !strings.Contains(err.Error(), "gobuild") {
		t.Errorf("error %v does not name the built-in traces", err)
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add("time,topic,size,body\n10,a,,hello\n11.5,b,7,\n", true)
	f.Add(`{"time": "2026-03-01T12:00:00Z", "topic": "a", "body": "hello"}`, false)
	f.Fuzz(func(t *testing.T, source string, csv bool) {
		name := "t.ndjson"
		if csv {
			name = "t.csv"
		}
		trace, err := Read(strings.NewReader(source), name)
		if err != nil {
			return
		}
		last := time.Duration(0)
		for _, e := range trace.Entries {
			if e.At < last || e.Size < 1 || e.At >= trace.Length {
				t.Fatalf("accepted %+v", trace)
			}
			last = e.At
		}
	})
}
