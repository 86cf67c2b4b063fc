package transports_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"transportlab/transports"
)

func TestParseCursorTakesWhatStringWroteAndNothingElse(t *testing.T) {
	for _, c := range []transports.Cursor{{}, {Epoch: "k3f9a2", Offset: 0}, {Epoch: "k3f9a2", Offset: 17}, {Epoch: "A-_9", Offset: math.MaxUint64}} {
		if got, err := transports.ParseCursor(c.String()); got != c || err != nil {
			t.Errorf("%q: %v, %v", c.String(), got, err)
		}
	}
	for _, s := range []string{"17", ":", ":1", "e:", "e:-1", "e:+1", "e: 1", "e:01", "e:1.5", "e:NaN", "e:1e3", "e:18446744073709551616", "e:1:2", "e\n:1", "é:1", " e:1", strings.Repeat("e", 33) + ":1", strings.Repeat("1", 1<<20)} {
		if got, err := transports.ParseCursor(s); !errors.Is(err, transports.ErrCursor) {
			t.Errorf("%.40q was read as %v, %v", s, got, err)
		}
	}
}

func TestCheckTopic(t *testing.T) {
	for _, s := range []string{"a", "room:1", "A.b-c_d:9", strings.Repeat("x", 128), "__proto__"[2:], "...", "$"[1:] + "x"} {
		if err := transports.CheckTopic(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"", "_x", "$x", "__proto__", ".", "..", "a b", "a/b", "a\x00", "a\r\nFLUSHALL", "{a}", "*", "é", strings.Repeat("x", 129)} {
		if err := transports.CheckTopic(s); !errors.Is(err, transports.ErrTopic) {
			t.Errorf("%.20q: %v, want ErrTopic", s, err)
		}
	}
}

func TestGapErrorResumesBehindTheHole(t *testing.T) {
	for _, c := range []struct {
		gap  transports.GapError
		want transports.Cursor
		text string
	}{
		{transports.GapError{After: transports.Cursor{Epoch: "e", Offset: 3}, Epoch: "e", First: 10, Last: 20}, transports.Cursor{Epoch: "e", Offset: 9}, "4 to 9"},
		{transports.GapError{After: transports.Cursor{Epoch: "e", Offset: 30}, Epoch: "e", First: 10, Last: 20}, transports.Cursor{Epoch: "e", Offset: 20}, "ahead"},
		{transports.GapError{After: transports.Cursor{Epoch: "d", Offset: 15}, Epoch: "e", First: 1, Last: 20}, transports.Cursor{Epoch: "e", Offset: 0}, "gone"},
	} {
		if got := c.gap.Resume(); got != c.want {
			t.Errorf("%v: resumes at %v, want %v", &c.gap, got, c.want)
		}
		if !strings.Contains(c.gap.Error(), c.text) {
			t.Errorf("%q does not say %q", c.gap.Error(), c.text)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("k3f9a2:17")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := transports.ParseCursor(s); err == nil && c.String() != s {
			t.Errorf("%q was read as %v", s, c)
		}
	})
}

func FuzzTopic(f *testing.F) {
	f.Add("room:1")
	f.Fuzz(func(t *testing.T, s string) {
		if transports.CheckTopic(s) == nil && (len(s) > 128 || strings.ContainsAny(s, "/ \r\n{}*?%\x00")) {
			t.Errorf("%q is a topic", s)
		}
	})
}
