package admin

import (
	"os/exec"
	"strings"
	"testing"
)

// Who imports the package compiles the standard library and the server, and no more.
func TestThePackageImportsTheServerAlone(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		first, _, _ := strings.Cut(path, "/")
		if first != "transportlab" && !strings.Contains(first, ".") || path == "transportlab/socketio" ||
			path == "transportlab/socketio/engineio" || path == "transportlab/socketio/parser" {
			continue
		}
		t.Errorf("the package imports %s", path)
	}
}
