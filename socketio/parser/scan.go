package parser

import "fmt"

// maxDepth bounds the nesting of JSON, as encoding/json does.
const maxDepth = 10000

// nest remembers, one bit each, which containers are open: 1 for an object. It lives on the stack, so that a deeply nested
// text costs no goroutine stack as recursion would.
type nest struct {
	depth int
	low   uint64   // the innermost 64
	high  []uint64 // full words below
}

func (n *nest) push(object bool) bool {
	if n.depth == maxDepth {
		return false
	}
	if n.depth > 0 && n.depth%64 == 0 {
		n.high = append(n.high, n.low)
		n.low = 0
	}
	n.low <<= 1
	if object {
		n.low |= 1
	}
	n.depth++
	return true
}

func (n *nest) pop() {
	n.low >>= 1
	n.depth--
	if n.depth > 0 && n.depth%64 == 0 {
		n.low = n.high[len(n.high)-1]
		n.high = n.high[:len(n.high)-1]
	}
}

func (n *nest) object() bool { return n.low&1 == 1 }

func syntaxError(b []byte, i int) error {
	if i >= len(b) {
		return fmt.Errorf("%w: JSON ends early", ErrMalformed)
	}
	return fmt.Errorf("%w: JSON is wrong at byte %d", ErrMalformed, i)
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the index after the JSON value that begins at b[i], which it checks to the last byte (RFC 8259).
func skipValue(b []byte, i int) (int, error) {
	var open nest
	for {
		// A value begins here.
		i = skipSpace(b, i)
		if i >= len(b) {
			return i, syntaxError(b, i)
		}
		var err error
		switch c := b[i]; c {
		case '{', '[':
			if !open.push(c == '{') {
				return i, fmt.Errorf("%w: JSON is nested deeper than %d", ErrMalformed, maxDepth)
			}
			i = skipSpace(b, i+1)
			if i < len(b) && b[i] == c+2 { // ']' is '['+2 and '}' is '{'+2
				i++
				open.pop()
				break
			}
			if c == '{' {
				if i, err = skipKey(b, i); err != nil {
					return i, err
				}
			}
			continue
		case '"':
			i, err = skipString(b, i)
		case 't':
			i, err = skipWord(b, i, "true")
		case 'f':
			i, err = skipWord(b, i, "false")
		case 'n':
			i, err = skipWord(b, i, "null")
		default:
			i, err = skipNumber(b, i)
		}
		if err != nil {
			return i, err
		}
		// A value has ended: close what ends with it.
		for {
			if open.depth == 0 {
				return i, nil
			}
			i = skipSpace(b, i)
			if i >= len(b) {
				return i, syntaxError(b, i)
			}
			end := byte(']')
			if open.object() {
				end = '}'
			}
			if b[i] == end {
				i++
				open.pop()
				continue
			}
			if b[i] != ',' {
				return i, syntaxError(b, i)
			}
			i = skipSpace(b, i+1)
			if open.object() {
				if i, err = skipKey(b, i); err != nil {
					return i, err
				}
			}
			break
		}
	}
}

// skipKey skips a member name and its colon.
func skipKey(b []byte, i int) (int, error) {
	if i >= len(b) || b[i] != '"' {
		return i, syntaxError(b, i)
	}
	i, err := skipString(b, i)
	if err != nil {
		return i, err
	}
	i = skipSpace(b, i)
	if i >= len(b) || b[i] != ':' {
		return i, syntaxError(b, i)
	}
	return i + 1, nil
}

func skipString(b []byte, i int) (int, error) {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c < ' ':
			return i, syntaxError(b, i)
		case c == '\\':
			i++
			if i >= len(b) {
				return i, syntaxError(b, i)
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					i++
					if i >= len(b) || !isHex(b[i]) {
						return i, syntaxError(b, i)
					}
				}
			default:
				return i, syntaxError(b, i)
			}
		}
	}
	return i, syntaxError(b, i)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func skipWord(b []byte, i int, word string) (int, error) {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return i, syntaxError(b, i)
	}
	return i + len(word), nil
}

func skipDigits(b []byte, i int) (int, bool) {
	start := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i, i > start
}

func skipNumber(b []byte, i int) (int, error) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	ok := true
	if i < len(b) && b[i] == '0' {
		i++
	} else if i, ok = skipDigits(b, i); !ok {
		return i, syntaxError(b, i)
	}
	if i < len(b) && b[i] == '.' {
		if i, ok = skipDigits(b, i+1); !ok {
			return i, syntaxError(b, i)
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if i, ok = skipDigits(b, i); !ok {
			return i, syntaxError(b, i)
		}
	}
	return i, nil
}

// checkWhole checks that b is exactly one JSON value with nothing after it.
func checkWhole(b []byte) error {
	i, err := skipValue(b, 0)
	if err != nil {
		return err
	}
	if i = skipSpace(b, i); i != len(b) {
		return syntaxError(b, i)
	}
	return nil
}

// elements splits the JSON array b, which was checked before or is checked here. The elements have no attachments yet.
func elements(b []byte) ([]Value, error) {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '[' {
		return nil, fmt.Errorf("%w: payload is no array", ErrMalformed)
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		if i = skipSpace(b, i+1); i != len(b) {
			return nil, syntaxError(b, i)
		}
		return nil, nil
	}
	list := make([]Value, 0, 4) // most events have a name and up to three arguments
	for {
		i = skipSpace(b, i)
		end, err := skipValue(b, i)
		if err != nil {
			return nil, err
		}
		list = append(list, Value{JSON: b[i:end:end]})
		i = skipSpace(b, end)
		switch {
		case i < len(b) && b[i] == ',':
			i++
		case i < len(b) && b[i] == ']':
			if i = skipSpace(b, i+1); i != len(b) {
				return nil, syntaxError(b, i)
			}
			return list, nil
		default:
			return nil, syntaxError(b, i)
		}
	}
}
