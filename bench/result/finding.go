package result

// Groups of findings.
const (
	Claim      = "claim"      // something that is commonly said of a transport
	Literature = "literature" // a published result
)

// Verdicts of findings.
const (
	Agrees        = "agrees"
	Disagrees     = "does not agree"
	NotComparable = "not comparable"
)

// A Finding holds a statement against a measurement made for it.
type Finding struct {
	ID      string  `json:"id"`                // as in the list of statements: "pimentel-2012-ratio"
	Group   string  `json:"group"`             // "claim" or "literature"
	Says    string  `json:"says"`              // the statement, in our own words
	Source  string  `json:"source"`            // who said it and when
	Method  string  `json:"method"`            // what was measured to test it, for people
	Theirs  string  `json:"theirs,omitempty"`  // the published figure with its unit; a claim may have none
	Ours    string  `json:"ours"`              // ours, with its unit and interval
	Verdict string  `json:"verdict"`           // "agrees", "does not agree" or "not comparable"
	Why     string  `json:"why"`               // the reason of the verdict, in a sentence or two
	Figures []Extra `json:"figures,omitempty"` // the numbers behind it
}
