package reports

import (
	"bytes"
	"regexp"
	"testing"
)

var (
	ids   = regexp.MustCompile(` id="([^"]*)"`)
	links = regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]*)"`)
)

func TestEveryAnchorIsThereOnce(t *testing.T) {
	var b bytes.Buffer
	if err := wholeReport(t).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	there := map[string]int{}
	for _, m := range ids.FindAllSubmatch(b.Bytes(), -1) {
		there[string(m[1])]++
	}
	for id, n := range there {
		if n > 1 {
			t.Errorf("%d elements are called %s", n, id)
		}
	}
	found := 0
	for _, m := range links.FindAllSubmatch(b.Bytes(), -1) {
		for _, id := range bytes.Fields(m[1]) {
			found++
			if there[string(id)] == 0 {
				t.Errorf("nothing is called %s", id)
			}
		}
	}
	if found < 100 {
		t.Errorf("%d links", found)
	}
}

// Whoever cannot see a plot has its title, what is to be seen, and its numbers.
func TestEveryPlotHasWordsAndNumbers(t *testing.T) {
	for _, c := range wholeReport(t).Charts() {
		if c.Title == "" || c.Desc == "" || len(c.Table.Rows) == 0 || len(c.Shapes) == 0 || c.bare > len(c.Shapes) || c.bare == 0 {
			t.Errorf("%s: title %q, description %q, %d rows, %d of %d shapes", c.ID, c.Title, c.Desc, len(c.Table.Rows), c.bare, len(c.Shapes))
		}
		for _, row := range c.Table.Rows {
			if len(row.Cells) != len(c.Table.Head) {
				t.Errorf("%s: a row has %d cells under %d heads", c.ID, len(row.Cells), len(c.Table.Head))
			}
		}
	}
}
