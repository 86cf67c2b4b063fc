package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestTheDemoServesAPageRunsAWorkloadAndEndsWithNothingLeft(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, w := io.Pipe()
	var complaints strings.Builder
	folder := t.TempDir()
	code := make(chan int, 1)
	go func() { // ends with run, which ends with ctx
		code <- run(ctx, []string{"--json", "demo", "--addr", "127.0.0.1:0", "--out", folder}, strings.NewReader(""), w, &complaints)
		w.Close()
	}()
	line, _ := bufio.NewReader(out).ReadString('\n')
	var announced struct{ URL string }
	if err := json.Unmarshal([]byte(line), &announced); err != nil {
		t.Fatalf("demo said %q and complained %q: %v", line, complaints.String(), err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(path string) (int, string) {
		t.Helper()
		resp, err := client.Get(strings.TrimSuffix(announced.URL, "/") + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, body := get("/"); status != http.StatusOK || !strings.Contains(body, "<title>transportlab") {
		t.Errorf("the page is %d: %.200s", status, body)
	}
	resp, err := client.Post(announced.URL+"api/run", "application/json", strings.NewReader(`{"workload":"rtt","transports":["websocket"],"runs":1}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	var list []struct{ Path string }
	for end := time.Now().Add(2 * time.Minute); len(list) == 0; time.Sleep(100 * time.Millisecond) {
		_, body := get("/api/reports")
		var all []struct{ Path string }
		if err := json.Unmarshal([]byte(body), &all); err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			if strings.HasPrefix(r.Path, "/reports/demo-") {
				list = append(list, r)
			}
		}
		if time.Now().After(end) {
			t.Fatal("the workload leaves no report")
		}
	}
	if status, body := get(list[0].Path); status != http.StatusOK || !strings.Contains(body, "websocket") {
		t.Errorf("the report is %d", status)
	}
	if found, _ := filepath.Glob(filepath.Join(folder, "demo-*", "result.json")); len(found) != 1 {
		t.Errorf("results %q", found)
	}
	cancel()
	if c := <-code; c != exitOK {
		t.Errorf("an interrupted demo exits with %d: %s", c, complaints.String())
	}
}

func TestTheDemoRefusesWhatItCannotShare(t *testing.T) {
	for args, want := range map[string]string{
		"demo --addr 127.0.0.1:0 --redis memory": "could not share",
		"demo --addr 0.0.0.0:0":                  "not this machine's own",
	} {
		var complaints strings.Builder
		if code := run(t.Context(), strings.Fields(args), strings.NewReader(""), io.Discard, &complaints); code == exitOK || !strings.Contains(complaints.String(), want) {
			t.Errorf("%s exits with %d: %s", args, code, complaints.String())
		}
	}
}
