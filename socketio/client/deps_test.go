package client_test

import (
	"os/exec"
	"strings"
	"testing"
)

func TestClientCompilesTwoModulesBesideItsOwn(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if and .Module (not .Standard)}}{{.Module.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	// fwd is what msgp reads streams with; its package msgp imports it.
	allowed := map[string]bool{"transportlab": true, "github.com/coder/websocket": true, "github.com/tinylib/msgp": true, "github.com/philhofer/fwd": true}
	for module := range strings.FieldsSeq(string(out)) {
		if !allowed[module] {
			t.Errorf("the client depends on %s", module)
		}
	}
}
