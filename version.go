package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the lab's own; CHANGELOG.md says what changed in each.
const version = "0.1.0"

type versionCommand struct{}

// A build is what the program was made from.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (versionCommand) Run(t *terminal) error {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Revision = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	if t.json {
		return json.NewEncoder(t.out).Encode(b)
	}
	revision := ""
	if b.Revision != "" {
		revision = ", revision " + b.Revision[:min(12, len(b.Revision))]
		if b.Modified {
			revision += " with changes"
		}
	}
	_, err := fmt.Fprintf(t.out, "transportlab %s (%s, %s%s)\n", b.Version, b.Go, b.Platform, revision)
	return err
}
