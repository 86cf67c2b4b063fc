package web

import (
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// mostReports is how many reports are listed, the newest first.
const mostReports = 200

// A report is a folder that can be opened.
type report struct {
	Name   string    `json:"name"` // in its address
	Title  string    `json:"title"`
	At     time.Time `json:"at"`   // when it was written
	Path   string    `json:"path"` // its address
	folder string
}

// names are those that reports may have in addresses.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// reports finds the reports there are: each of the folders that were named, or the folders in it.
func (s *Server) reports() []report {
	var list []report
	for _, folder := range s.o.Reports {
		folder, err := filepath.Abs(folder)
		if err != nil {
			continue
		}
		list = appendReport(list, folder)
		inside, _ := os.ReadDir(folder) // a folder that is not there holds none
		for _, entry := range inside {
			if entry.IsDir() {
				list = appendReport(list, filepath.Join(folder, entry.Name()))
			}
		}
	}
	slices.SortFunc(list, func(a, b report) int { return b.At.Compare(a.At) })
	return list[:min(len(list), mostReports)]
}

// appendReport adds a folder if it holds a report.
func appendReport(list []report, folder string) []report {
	info, err := os.Lstat(filepath.Join(folder, "report.html"))
	name := filepath.Base(folder)
	if err != nil || !info.Mode().IsRegular() {
		return list
	}
	for _, r := range list {
		if r.folder == folder {
			return list
		}
		if r.Name == name { // another folder of that name
			name = filepath.Base(filepath.Dir(folder)) + "-" + filepath.Base(folder)
		}
	}
	if !names.MatchString(name) {
		return list
	}
	return append(list, report{Name: name, Title: titleOf(folder), At: info.ModTime().UTC(), Path: "/reports/" + name + "/report.html", folder: folder})
}

var title = regexp.MustCompile(`<title>([^<]{1,200})</title>`)

// titleOf is the report's own title, which stands near its beginning.
func titleOf(folder string) string {
	f, err := os.Open(filepath.Join(folder, "report.html"))
	if err != nil {
		return filepath.Base(folder)
	}
	defer f.Close()
	head, _ := io.ReadAll(io.LimitReader(f, 4<<10)) // what there is
	if m := title.FindSubmatch(head); m != nil {
		return readable(strings.TrimSuffix(html.UnescapeString(string(m[1])), " – transportlab"))
	}
	return filepath.Base(folder)
}

// listReports answers GET /api/reports.
func (s *Server) listReports(w http.ResponseWriter, _ *http.Request) {
	list := s.reports()
	if list == nil {
		list = []report{}
	}
	answer(w, http.StatusOK, list)
}

// reportPolicy has a report's page do nothing but show itself, in an origin of its own.
const reportPolicy = "sandbox allow-downloads allow-popups; default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// report answers with a file of a report.
func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	name, file := r.PathValue("name"), r.PathValue("path")
	for _, each := range s.reports() {
		if each.Name != name {
			continue
		}
		root, err := os.OpenRoot(each.folder)
		if err != nil {
			break
		}
		defer root.Close()
		serveFile(w, root.FS(), file, reportPolicy)
		return
	}
	fail(w, http.StatusNotFound, "not_found", "there is no such report")
}
