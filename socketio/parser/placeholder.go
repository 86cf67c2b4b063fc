package parser

import (
	"bytes"
	"fmt"
	"strconv"
)

func appendPlaceholder(dst []byte, num int) []byte {
	dst = append(dst, `{"_placeholder":true,"num":`...)
	dst = strconv.AppendInt(dst, int64(num), 10)
	return append(dst, '}')
}

// replacePlaceholders copies the valid JSON text b with each placeholder replaced by what replace appends. It returns b
// itself when there is none.
func replacePlaceholders(b []byte, replace func(dst []byte, num int) ([]byte, error)) ([]byte, error) {
	var out []byte
	done := 0
	for i := 0; i < len(b); {
		switch b[i] {
		case '"':
			end, err := skipString(b, i)
			if err != nil {
				return nil, err
			}
			i = end
		case '{':
			num, end, found, err := matchPlaceholder(b, i)
			if err != nil {
				return nil, err
			}
			if !found {
				i++
				continue
			}
			out = append(out, b[done:i]...)
			if out, err = replace(out, num); err != nil {
				return nil, err
			}
			i, done = end, end
		default:
			i++
		}
	}
	if done == 0 {
		return b, nil
	}
	return append(out, b[done:]...), nil
}

// matchPlaceholder reads the object at b[i]. An object that says it is a placeholder, and is not a well-formed one, is an
// error: its number decides which memory is read (CVE-2022-2421).
func matchPlaceholder(b []byte, i int) (num, end int, found bool, err error) {
	var marked, numbered bool
	for i = skipSpace(b, i+1); ; i = skipSpace(b, i+1) {
		name, next := member(b, i)
		switch i = next; name {
		case "_placeholder":
			i, marked = literalTrue(b, i)
		case "num":
			num, i, numbered = smallNumber(b, i)
		}
		i = skipSpace(b, i)
		if marked && numbered && i < len(b) && b[i] == '}' {
			return num, i + 1, true, nil
		}
		if name == "" || marked == numbered || i >= len(b) || b[i] != ',' {
			break
		}
	}
	if marked {
		err = fmt.Errorf("%w: placeholder is wrong", ErrMalformed)
	}
	return 0, 0, false, err
}

// member reads `"name":` and returns the name and the index of what follows, or "".
func member(b []byte, i int) (string, int) {
	for _, name := range []string{"_placeholder", "num"} {
		if rest := b[i:]; len(rest) > len(name)+2 && rest[0] == '"' && string(rest[1:len(name)+1]) == name && rest[len(name)+1] == '"' {
			i = skipSpace(b, i+len(name)+2)
			if i < len(b) && b[i] == ':' {
				return name, skipSpace(b, i+1)
			}
		}
	}
	return "", i
}

func literalTrue(b []byte, i int) (int, bool) {
	if !bytes.HasPrefix(b[i:], []byte("true")) {
		return i, false
	}
	return i + len("true"), true
}

// smallNumber reads an unsigned integer of at most three digits, more than any limit on attachments needs.
func smallNumber(b []byte, i int) (num, end int, ok bool) {
	end, ok = skipDigits(b, i)
	if !ok || end-i > 3 || end < len(b) && (b[end] == '.' || b[end]|0x20 == 'e') {
		return 0, i, false
	}
	for _, c := range b[i:end] {
		num = num*10 + int(c-'0')
	}
	return num, end, true
}

// checkPlaceholders demands that each of n attachments has exactly one placeholder.
func checkPlaceholders(b []byte, n int) error {
	seen := make([]bool, n)
	found := 0
	_, err := replacePlaceholders(b, func(dst []byte, num int) ([]byte, error) {
		if num >= n || seen[num] {
			return nil, fmt.Errorf("%w: placeholder %d of %d attachments", ErrMalformed, num, n)
		}
		seen[num] = true
		found++
		return dst, nil
	})
	if err == nil && found != n {
		err = fmt.Errorf("%w: %d placeholders for %d attachments", ErrMalformed, found, n)
	}
	return err
}
