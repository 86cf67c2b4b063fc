package arrival

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"transportlab/bench/workload"
	"transportlab/transports"
)

// Bounds of a trace.
const (
	MaxTraceFile    = 256 << 20 // bytes
	MaxTraceEntries = 5_000_000
)

//go:embed traces/*.csv
var builtin embed.FS

// A TraceFile is a recorded stream of messages.
type TraceFile struct {
	Entries []Entry
	Length  time.Duration // until it may begin again: the last time and one mean distance more
	Digest  string        // SHA-256 of the file
}

// An Entry is one message of a trace.
type Entry struct {
	At    time.Duration // since the first entry; never falls
	Topic string
	Size  int    // of the body
	Body  string // text; "" when only its size is known
}

// Traces are the names of the traces that are built in.
func Traces() []string {
	entries, _ := builtin.ReadDir("traces")
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".csv")
	}
	return names
}

// Load reads the trace that is built in under that name, or else the file: CSV when its name ends in
// ".csv", NDJSON otherwise. Errors begin with "name:line:".
func Load(name string) (*TraceFile, error) {
	if slices.Contains(Traces(), name) {
		f, err := builtin.Open("traces/" + name + ".csv")
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return Read(f, name+".csv")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w (built-in traces: %s)", err, strings.Join(Traces(), ", "))
	}
	defer f.Close()
	return Read(f, name)
}

// Read is Load for an open file; its name decides the format.
func Read(r io.Reader, name string) (*TraceFile, error) {
	source, err := io.ReadAll(io.LimitReader(r, MaxTraceFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(source) > MaxTraceFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, MaxTraceFile)
	}
	t := new(TraceFile)
	sum := sha256.Sum256(source)
	t.Digest = hex.EncodeToString(sum[:])
	b := builder{trace: t, name: name}
	if strings.HasSuffix(name, ".csv") {
		err = b.csv(source)
	} else {
		err = b.ndjson(source)
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, b.line, err)
	}
	if len(t.Entries) == 0 {
		return nil, fmt.Errorf("%s: holds no message", name)
	}
	last := t.Entries[len(t.Entries)-1].At
	t.Length = last + last/time.Duration(max(len(t.Entries)-1, 1)) + 1
	return t, nil
}

// A builder adds entries to a trace and knows on which line it is.
type builder struct {
	trace *TraceFile
	name  string
	line  int
	first float64 // time of the first entry, in seconds
}

func (b *builder) ndjson(source []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(source))
	lines.Buffer(nil, workload.MaxSize*6+1024) // a body's every byte may be written \u00xx
	for lines.Scan() {
		b.line++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var row struct {
			Time  json.RawMessage `json:"time"`
			Topic string          `json:"topic"`
			Size  *int            `json:"size"`
			Body  *string         `json:"body"`
		}
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&row); err != nil {
			return err
		}
		if dec.More() {
			return errors.New("more than one object on the line")
		}
		if err := b.add(strings.Trim(string(row.Time), `"`), row.Topic, row.Size, row.Body); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (b *builder) csv(source []byte) error {
	r := csv.NewReader(bytes.NewReader(source))
	r.ReuseRecord = true
	column := map[string]int{}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			b.line = syntax.Line
			return syntax.Err
		}
		if err != nil {
			return err
		}
		b.line, _ = r.FieldPos(0)
		if len(column) == 0 {
			for i, name := range row {
				if !slices.Contains([]string{"time", "topic", "size", "body"}, name) {
					return fmt.Errorf("column %q is none of time, topic, size, body", name)
				}
				column[name] = i
			}
			if _, ok := column["time"]; !ok {
				return errors.New("there is no column time")
			}
			continue
		}
		field := func(name string) (string, bool) {
			i, ok := column[name]
			if !ok {
				return "", false
			}
			return row[i], true
		}
		at, _ := field("time")
		topic, _ := field("topic")
		var size *int
		if s, ok := field("size"); ok && s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				return fmt.Errorf("size %q is not a number", s)
			}
			size = &n
		}
		var body *string
		if s, ok := field("body"); ok && s != "" {
			body = &s
		}
		if err := b.add(at, topic, size, body); err != nil {
			return err
		}
	}
}

func (b *builder) add(at, topic string, size *int, body *string) error {
	seconds, err := parseTime(at)
	if err != nil {
		return err
	}
	e := Entry{Topic: strings.Clone(topic)}
	switch {
	case body != nil && size != nil && *size != len(*body):
		return fmt.Errorf("size is %d, but the body has %d bytes", *size, len(*body))
	case body != nil && !utf8.ValidString(*body):
		return errors.New("the body is not valid UTF-8")
	case body != nil:
		e.Size, e.Body = len(*body), strings.Clone(*body)
	case size != nil:
		e.Size = *size
	default:
		return errors.New("there is neither size nor body")
	}
	if e.Size < 1 || e.Size > workload.MaxSize {
		return fmt.Errorf("size %d is not between 1 and %d bytes", e.Size, workload.MaxSize)
	}
	if topic != "" && transports.CheckTopic(topic) != nil {
		return transports.ErrTopic
	}
	entries := b.trace.Entries
	switch {
	case len(entries) == MaxTraceEntries:
		return fmt.Errorf("more than %d messages", MaxTraceEntries)
	case len(entries) == 0:
		b.first = seconds
	}
	length := (seconds - b.first) * float64(time.Second)
	if length > float64(workload.MaxDuration) {
		return fmt.Errorf("more than %s after the first message", workload.MaxDuration)
	}
	e.At = time.Duration(length).Round(time.Microsecond)
	if e.At < 0 || len(entries) > 0 && e.At < entries[len(entries)-1].At {
		return errors.New("time goes back")
	}
	b.trace.Entries = append(entries, e)
	return nil
}

// parseTime reads seconds, or an RFC 3339 timestamp, as seconds.
func parseTime(s string) (float64, error) {
	if seconds, err := strconv.ParseFloat(s, 64); err == nil && seconds >= 0 && seconds < 1e12 {
		return seconds, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("time %q is neither seconds nor an RFC 3339 timestamp", s)
	}
	return float64(t.Unix()) + float64(t.Nanosecond())/1e9, nil
}
