package transports

import (
	"fmt"
	"strconv"
	"strings"
)

// A Cursor is a position in a topic: that of a message, or the place just behind it. Offsets count
// from 1 within an epoch; a log that was lost and begun again has a new epoch, so that an offset of
// the old one is never mistaken for one of the new.
type Cursor struct {
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
}

// IsZero tells whether c stands before everything.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// String returns the form in which cursors travel in URLs and headers: "epoch:offset", "" for the
// zero Cursor.
func (c Cursor) String() string {
	if c.IsZero() {
		return ""
	}
	return c.Epoch + ":" + strconv.FormatUint(c.Offset, 10)
}

// ParseCursor reads what String wrote; an epoch is 1–32 bytes of [A-Za-z0-9_-].
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	epoch, digits, ok := strings.Cut(s, ":")
	if !ok || !checkName(epoch, 32, "_-") {
		return Cursor{}, ErrCursor
	}
	offset, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || digits != strconv.FormatUint(offset, 10) {
		return Cursor{}, ErrCursor
	}
	return Cursor{Epoch: epoch, Offset: offset}, nil
}

// A GapError says that messages between a cursor and the next available one cannot be delivered:
// they were trimmed, or their log was lost. First and Last are what the log holds now, in Epoch;
// Last+1 == First when it holds nothing.
type GapError struct {
	After       Cursor // the cursor that was asked for
	Epoch       string
	First, Last uint64
}

// Resume is the cursor behind the gap: reading on from there misses nothing more.
func (g *GapError) Resume() Cursor {
	if g.After.Epoch == g.Epoch && g.After.Offset > g.Last {
		return Cursor{g.Epoch, g.Last} // ahead of the log: nothing that it holds is news
	}
	return Cursor{g.Epoch, g.First - 1}
}

// Error names what is missing.
func (g *GapError) Error() string {
	switch {
	case g.After.Epoch != g.Epoch:
		return fmt.Sprintf("gap: the log of cursor %s is gone; a new one, %s, holds %d to %d", g.After, g.Epoch, g.First, g.Last)
	case g.After.Offset > g.Last:
		return fmt.Sprintf("gap: cursor %s is ahead of the log, which ends at %d", g.After, g.Last)
	}
	return fmt.Sprintf("gap: messages %d to %d are no longer held", g.After.Offset+1, g.First-1)
}

// CheckTopic returns ErrTopic unless s is a topic: 1–128 bytes of [A-Za-z0-9_.:-], the first not '_', and
// not "." or "..", which have a meaning in paths.
func CheckTopic(s string) error {
	if !checkName(s, 128, "_.:-") || s[0] == '_' || s == "." || s == ".." {
		return ErrTopic
	}
	return nil
}

// CheckID returns ErrMalformed unless s can be a message's ID (see [Message]).
func CheckID(s string) error {
	if len(s) == 0 || len(s) > 128 {
		return ErrMalformed
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return ErrMalformed
		}
	}
	return nil
}

func checkName(s string, most int, punctuation string) bool {
	if len(s) == 0 || len(s) > most {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !alnum && strings.IndexByte(punctuation, c) < 0 {
			return false
		}
	}
	return true
}
