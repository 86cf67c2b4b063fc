package reports

import (
	"slices"
	"strconv"
	"strings"
)

// A Table is figures as text, ready to be shown. The first column names the row.
type Table struct {
	ID      string   // for anchors; set when the chapters are put together
	Caption string   // what it shows: its name for who cannot see it
	Head    []string // of the columns
	Rows    []TableRow
	Notes   []string // footnotes; entries refer to them from 1
	Remarks []string // what is to be said of all of it
	Fold    string   // where this is not empty, the table is folded away under these words
	Prose   bool     // holds sentences: on a narrow screen each row becomes a block of its own
}

// A TableRow is one row.
type TableRow struct {
	Key   string // ink of the square before the name, as in the plots; empty for none
	Quiet bool   // of less weight: a floor
	Cells []Entry
}

// An Entry is what stands in one place of a table.
type Entry struct {
	Text  string
	Small []string // below it, a line each: an interval, what is left without the floor
	Note  int      // its footnote; 0 for none
	Mark  string   // "good", "bad" or "open" for verdicts
	Link  string   // anchor on the page that it leads to
}

// absent stands where there is no figure.
const absent = "–"

// String is the entry on one line, without its footnote.
func (e Entry) String() string {
	if len(e.Small) == 0 {
		return e.Text
	}
	return e.Text + " (" + strings.Join(e.Small, "; ") + ")"
}

// below adds lines to what stands below the text; empty ones are none.
func (e *Entry) below(lines ...string) {
	for _, line := range lines {
		if line != "" {
			e.Small = append(e.Small, line)
		}
	}
}

// NoteID is the anchor of the footnote at a place in Notes.
func (t Table) NoteID(place int) string { return t.ID + "-note" + strconv.Itoa(place+1) }

// Number tells whether a column holds figures, which are read from their right end.
func (t Table) Number(column int) bool {
	if column == 0 || t.Prose {
		return false
	}
	for _, row := range t.Rows {
		if c := row.Cells[column].Text; c != "" && c != absent && !strings.ContainsAny(firstRune(c), "-−+±<>≈0123456789") {
			return false
		}
	}
	return true
}

func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

// note returns the number of a footnote, which it adds when it is not there yet.
func (t *Table) note(text string) int {
	if text == "" {
		return 0
	}
	if i := slices.Index(t.Notes, text); i >= 0 {
		return i + 1
	}
	t.Notes = append(t.Notes, text)
	return len(t.Notes)
}

// remark says something of the whole table, once.
func (t *Table) remark(text string) {
	if text != "" && !slices.Contains(t.Remarks, text) {
		t.Remarks = append(t.Remarks, text)
	}
}

// add appends a row of plain texts.
func (t *Table) add(cells ...string) {
	t.Rows = append(t.Rows, TableRow{Cells: texts(cells...)})
}

// addArm appends a row that an arm's name begins.
func (t *Table) addArm(a Arm, cells ...Entry) {
	name := Entry{Text: a.Short}
	if a.Floor {
		name.Text += " (floor)"
	}
	t.Rows = append(t.Rows, TableRow{Key: a.Ink(), Quiet: a.Floor, Cells: append([]Entry{name}, cells...)})
}

func texts(cells ...string) []Entry {
	list := make([]Entry, len(cells))
	for i, c := range cells {
		list[i].Text = c
	}
	return list
}

// dropEmpty removes the columns, but the first, in which no row has anything to say.
func (t *Table) dropEmpty() {
	for c := len(t.Head) - 1; c > 0; c-- {
		said := slices.ContainsFunc(t.Rows, func(r TableRow) bool {
			e := r.Cells[c]
			return e.Note > 0 || e.Text != "" && e.Text != absent
		})
		if !said {
			t.Head = slices.Delete(t.Head, c, c+1)
			for i := range t.Rows {
				t.Rows[i].Cells = slices.Delete(t.Rows[i].Cells, c, c+1)
			}
		}
	}
}
