package interop

import (
	"encoding/base64"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A generator makes inputs that are nearly right, of which the decoders' borders are most likely to differ.
type generator struct{ *rand.Rand }

func (g generator) of(list ...string) string { return list[g.IntN(len(list))] }

// mostly returns the first in four of five cases.
func (g generator) mostly(usual string, others ...string) string {
	if g.IntN(5) > 0 {
		return usual
	}
	return g.of(others...)
}

// frames makes the frames of one packet, or of two.
func (g generator) frames() []frame {
	var list []frame
	for range 1 + g.IntN(2) {
		binary := g.IntN(3) == 0
		head, n := g.mostly("2", "0", "1", "3", "4", "7", "", "-", "x", "٣"), 0
		if binary {
			n = 1 + g.IntN(3)
			head = g.mostly("5", "6") + g.mostly(strconv.Itoa(n)+"-", "0-", "11-", "01-", "1.0-", "0x1-", " 1-", "1e0-", "-", "1", "-1-", "")
		}
		text := head + g.mostly("", "/", "/,", "/a,", "/a", "/a?b=c,", "/ü,", "a,", "//,") +
			g.mostly(g.of("", "0", "12"), "00", "007", "9007199254740991", "9007199254740993", "123456789012345678901234", "-1", " ", "1.5") +
			g.arguments(n)
		list = append(list, frame{Text: g.mutate(text)})
		if binary {
			for i := range n + g.IntN(5)/4 - g.IntN(5)/4 {
				list = append(list, frame{base64.StdEncoding.EncodeToString([]byte{byte(i), 0xff}), true})
			}
		}
	}
	return list
}

// arguments makes a payload with n placeholders.
func (g generator) arguments(n int) string {
	parts := []string{g.mostly(`"event"`, `"connect"`, `"disconnecting"`, `"conn\u0065ct"`, `1`, `-0.5`, `null`, `{"toString":1}`, `""`, `"\ud800"`, `[]`)}
	for i := range n {
		parts = append(parts, g.mostly(`{"_placeholder":true,"num":`+strconv.Itoa(i)+`}`, `{"num":0,"_placeholder":true}`,
			`{"_placeholder":true,"num":9}`, `{"_placeholder":true,"num":-1}`, `{"_placeholder":true,"num":"splice"}`, `{"_placeholder":true}`,
			`{"_placeholder":false,"num":0}`, `{"_placeholder":true,"num":0.0}`, `{"_placeholder":true,"num":0,"more":1}`, `7`))
	}
	for range g.IntN(3) {
		parts = append(parts, g.value(3))
	}
	g.Shuffle(len(parts)-1, func(i, j int) { parts[1+i], parts[1+j] = parts[1+j], parts[1+i] })
	return g.mostly("["+strings.Join(parts, g.mostly(",", " , ", "\n,", ",,"))+"]", "", "{}", "[]", "null", `"text"`, "{", `{"sid":"x"}`, "[1]x", " []", "[] ")
}

func (g generator) value(depth int) string {
	if depth == 0 {
		return g.of("1", "null", `"x"`)
	}
	switch g.IntN(9) {
	case 0:
		return "[" + g.value(depth-1) + "," + g.value(depth-1) + "]"
	case 1:
		return `{"a":` + g.value(depth-1) + `,"__proto__":` + g.value(depth-1) + `,"a":` + g.value(depth-1) + "}"
	case 2:
		return `{"_placeholder":true,"num":0}`
	}
	return g.of("0", "-0", "1e3", "1.25E-2", "12345678901234567890", "true", "false", "null", `"ü☃😀"`, `"\u00e9\/\b"`, `"\ud83d\ude00"`, `"\udc00"`,
		"01", "+1", ".5", "1.", "'x'", "NaN", "tru", `"\x"`, "\"\t\"", `"open`)
}

// mutate changes one character of one text in six.
func (g generator) mutate(text string) string {
	if g.IntN(6) > 0 || text == "" {
		return text
	}
	runes := []rune(text)
	at := g.IntN(len(runes))
	switch odd := []rune(g.of("0", "9", "-", ",", "/", `"`, "[", "{", "}", "]", " ", "é", "\\")); g.IntN(3) {
	case 0:
		runes = append(runes[:at], runes[at+1:]...)
	case 1:
		runes[at] = odd[0]
	case 2:
		runes = append(runes[:at], append(odd, runes[at:]...)...)
	}
	return string(runes)
}

// payload makes an Engine.IO payload.
func (g generator) payload() string {
	var parts []string
	for range 1 + g.IntN(3) {
		parts = append(parts, g.mutate(g.mostly("4hello", "0{}", "1", "2", "2probe", "3", "5", "6", "4", "", "7", "9x", "b", "bAQIDBA==", "bAQID", "bAQIDBA=", "bAQIDBA",
			"bAQIDB===", "bAQ_-", "bA Q==", "bAQ\n==", "b!!!!", "bAR==", "B", "é4", "4\u2028")))
	}
	return strings.Join(parts, g.mostly("\x1e", "\x1e\x1e", "\x1f"))
}
