package reports

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"transportlab/bench/result"
	"transportlab/bench/stats"
)

// Write writes the report into a folder, which it makes when it is missing: report.html, report.md,
// runs.csv, benchmarks.txt (for benchstat), result.json and a file per plot. It returns the path of report.html. Each file is written
// whole or not at all, and report.html last, so that it never points at what is not there; an error
// names the folder or file that could not be written.
func (r *Report) Write(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("report folder: %w", err)
	}
	type file struct {
		name  string
		write func(io.Writer) error
	}
	files := []file{{"result.json", r.Document.Write}, {"runs.csv", r.WriteCSV},
		{"benchmarks.txt", func(w io.Writer) error { return stats.WriteBenchmarks(w, r.Document) }}}
	for _, c := range r.Charts() {
		files = append(files, file{c.ID + ".svg", c.WriteSVG})
	}
	files = append(files, file{"report.md", r.WriteMarkdown}, file{"report.html", r.WriteHTML})
	for _, f := range files {
		if err := result.WriteWhole(filepath.Join(dir, f.name), f.write); err != nil {
			return "", fmt.Errorf("writing %s in %s: %w", f.name, dir, err)
		}
	}
	return filepath.Join(dir, "report.html"), nil
}

// WriteCSV writes the document's table of runs so that no cell is taken for a formula by a spreadsheet.
func (r *Report) WriteCSV(w io.Writer) error {
	var plain bytes.Buffer
	if err := r.Document.WriteCSV(&plain); err != nil {
		return err
	}
	in, out := csv.NewReader(&plain), csv.NewWriter(w)
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		for i := range row {
			row[i] = defuse(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// defuse puts an apostrophe before a cell that a spreadsheet would calculate. Numbers stay numbers.
func defuse(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil && cell[0] == '-' {
		return cell
	}
	return "'" + cell
}
