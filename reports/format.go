package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// significant writes v with three significant digits and no exponent: "0.0123", "1.23", "12,300"; small
// whole numbers as they are.
func significant(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e4 {
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return three(v)
}

// three is significant without the exception for whole numbers.
func three(v float64) string {
	_, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
	e, _ := strconv.Atoi(exponent)
	if e <= 2 {
		return strconv.FormatFloat(v, 'f', 2-e, 64)
	}
	unit := math.Pow(10, float64(e-2))
	return thousands(strconv.FormatFloat(math.Round(v/unit)*unit, 'f', 0, 64))
}

// thousands groups the digits of a whole number by commas.
func thousands(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

func count(n uint64) string { return thousands(strconv.FormatUint(n, 10)) }

// duration writes nanoseconds in the unit that fits: "12.3 µs".
func duration(ns float64) string {
	switch a := math.Abs(ns); {
	case a == 0:
		return "0"
	case a < 1e3:
		return significant(ns) + " ns"
	case a < 999_500:
		return three(ns/1e3) + " µs"
	case a < 999_500_000:
		return three(ns/1e6) + " ms"
	}
	return three(ns/1e9) + " s"
}

// size writes bytes in the unit that fits: "1.23 kB", powers of 1000.
func size(b float64) string {
	switch a := math.Abs(b); {
	case a < 1e4:
		return significant(b) + " B"
	case a < 999_500:
		return three(b/1e3) + " kB"
	case a < 999_500_000:
		return three(b/1e6) + " MB"
	}
	return three(b/1e9) + " GB"
}

// rate writes messages a second.
func rate(v float64) string { return significant(v) + "/s" }

// percent writes a share.
func percent(v float64) string { return significant(v*100) + " %" }

// setting writes a duration that somebody chose: "250 ms".
func setting(d time.Duration) string { return tickText(duration(float64(d))) }

// plusMinus writes a value and its margin with the digits that the margin allows: "2.31 ± 0.10".
func plusMinus(v, margin float64) string {
	digits := min(max(1-int(math.Floor(math.Log10(margin))), 0), 4)
	if digits == 0 {
		return thousands(fmt.Sprintf("%.0f", v)) + " ± " + thousands(fmt.Sprintf("%.0f", margin))
	}
	return fmt.Sprintf("%.*f ± %.*f", digits, v, digits, margin)
}
