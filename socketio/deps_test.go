package socketio

import (
	"os/exec"
	"strings"
	"testing"
)

// Who imports the server compiles the standard library, coder/websocket and msgp (with fwd, which msgp needs), and no more.
func TestImportingTheServerCompilesLittle(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"transportlab/socketio", "github.com/coder/websocket", "github.com/tinylib/msgp/msgp", "github.com/philhofer/fwd"}
	for path := range strings.FieldsSeq(string(out)) {
		ok := false
		for _, prefix := range allowed {
			ok = ok || path == prefix || strings.HasPrefix(path, prefix+"/")
		}
		if !ok {
			t.Errorf("package transportlab/socketio may not import %s", path)
		}
	}
}
