package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestServeAnswersUntilInterrupted(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, w := io.Pipe()
	var complaints strings.Builder
	code := make(chan int, 1)
	go func() { // ends with run, which ends with ctx
		code <- run(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--redis", "memory"}, strings.NewReader(""), w, &complaints)
		w.Close()
	}()
	said := ""
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said += lines.Text() + "\n"
		if strings.Contains(lines.Text(), "Ctrl-C ends it") {
			break
		}
	}
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(said)
	if url == "" {
		t.Fatalf("serve said %q and complained %q", said, complaints.String())
	}
	for _, want := range []string{"curl " + url + "/polling/demo", "ws" + strings.TrimPrefix(url, "http") + "/websocket/demo", "curl -N " + url + "/streaming/demo"} {
		if !strings.Contains(said, want) {
			t.Errorf("serve does not say %q:\n%s", want, said)
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	send, err := client.Post(url+"/polling/demo", "application/json", strings.NewReader(`["","hello"]`))
	if err != nil {
		t.Fatal(err)
	}
	send.Body.Close()
	got, err := client.Get(url + "/longpoll/demo")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	got.Body.Close()
	if err != nil || got.StatusCode != http.StatusOK || !strings.Contains(string(body), "hello") {
		t.Errorf("what was sent over polling reads %q (%s, %v) over long polling", body, got.Status, err)
	}
	cancel()
	if c := <-code; c != exitOK {
		t.Errorf("an interrupted server exits with %d: %s", c, complaints.String())
	}
}

func TestServeToOthersNeedsItsNames(t *testing.T) {
	var complaints strings.Builder
	code := run(t.Context(), []string{"serve", "--addr", "0.0.0.0:0", "--redis", "memory"}, strings.NewReader(""), io.Discard, &complaints)
	if code != exitUsage || !strings.Contains(complaints.String(), "--hosts") {
		t.Errorf("exit code %d, %q", code, complaints.String())
	}
}
