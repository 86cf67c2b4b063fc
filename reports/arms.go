package reports

import (
	"cmp"
	"slices"
	"strings"

	"transportlab/bench/result"
)

func arms(infos []result.ArmInfo) []Arm {
	list := make([]Arm, len(infos))
	var transports []string // in the order of their first arm: each has a colour
	floors := 0
	seen := map[string]int{}
	for i, info := range infos {
		a := Arm{ArmInfo: info, Name: armName(info, false), Short: armName(info, true)}
		if info.Floor {
			a.place = armInks + floors%2
			a.dash = 2 + floors
			floors++
			list[i] = a
			continue
		}
		t := slices.Index(transports, info.Arm.Transport)
		if t < 0 {
			t = len(transports)
			transports = append(transports, info.Arm.Transport)
		}
		a.place = t % armInks
		// Neighbours differ in dashes as well, for who cannot tell their colours apart; arms of one
		// transport differ in dashes alone.
		same := info.Arm.Transport + "/" + conditionOf(info.Arm)
		a.dash = t + seen[same]
		seen[same]++
		list[i] = a
	}
	return list
}

// armName is the arm's title with whatever sets it apart from the usual: carrier, network, variant.
func armName(info result.ArmInfo, short bool) string {
	a := info.Arm
	if short {
		a = plain(a)
	}
	title := cmp.Or(info.Title, a.Transport)
	if rest := strings.TrimPrefix(a.String(), a.Transport); rest != "" {
		title += " · " + strings.ReplaceAll(strings.TrimPrefix(rest, "/"), "/", " · ")
	}
	return title
}

// plain is the arm under no condition.
func plain(a result.Arm) result.Arm {
	a.Net = "loopback"
	a.Variant = strings.Join(slices.DeleteFunc(parameters(a.Variant), isCondition), ",")
	return a
}

// parameters are the key=value parts of a variant.
func parameters(variant string) []string {
	return strings.FieldsFunc(variant, func(r rune) bool { return r == ',' || r == '/' || r == ' ' })
}

// isCondition tells whether a parameter says what lies between client and server, not what the arm is.
func isCondition(parameter string) bool {
	key, _, _ := strings.Cut(parameter, "=")
	return key == "proxy"
}

// conditionOf is what lies between client and server: the network and a proxy. Arms under different
// conditions are not ranked against each other.
func conditionOf(a result.Arm) string {
	var parts []string
	if a.Net != "loopback" {
		parts = append(parts, a.Net)
	}
	for _, p := range parameters(a.Variant) {
		if isCondition(p) {
			parts = append(parts, strings.Replace(p, "=", " ", 1))
		}
	}
	return strings.Join(parts, ", ")
}

// conditionsOf are the conditions of arms in the order of their first arm, the plain one first.
func conditionsOf(arms []Arm) []string {
	var list []string
	for _, a := range arms {
		if c := conditionOf(a.ArmInfo.Arm); !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b string) int { return cmpBool(a != "", b != "") })
	return list
}

// Ink is the class of the arm's colour.
func (a Arm) Ink() string { return string(armInk(a.place)) }
