package child

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if Is() {
		os.Exit(Main(map[string]Task{"echo": echo, "mute": mute}))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // each child would sleep for a second at its end
	goleak.VerifyTestMain(m)
}

// echo announces its configuration and what its inherited file holds.
func echo(ctx context.Context, config json.RawMessage, in io.Reader, out io.Writer) error {
	ctx, cancel := WhileOpen(ctx, in)
	defer cancel()
	inherited, err := io.ReadAll(os.NewFile(3, "inherited"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `{"config":%s,"file":%q}`+"\n", config, inherited)
	<-ctx.Done()
	return nil
}

// mute ends without having announced anything.
func mute(context.Context, json.RawMessage, io.Reader, io.Writer) error {
	return fmt.Errorf("no wish to speak")
}

func start(t *testing.T) *Process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w.WriteString("inside")
	w.Close()
	var said struct{ Config, File string }
	p, err := Start(t.Context(), "echo", "hello", Options{Files: []*os.File{r}}, &said)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if said.Config != "hello" || said.File != "inside" {
		t.Errorf("it announced %+v", said)
	}
	return p
}

func TestAChildHasItsConfigurationAndFilesAndEndsInOrder(t *testing.T) {
	if err := start(t).Close(); err != nil {
		t.Error(err)
	}
}

func TestAChildThatIsKilledSaysSo(t *testing.T) {
	p := start(t)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.Ended()
	if err := p.Close(); err == nil || !strings.Contains(err.Error(), "the echo's process: signal: killed") {
		t.Errorf("error %v", err)
	}
}

func TestStartTellsWhatAChildSaid(t *testing.T) {
	var nothing any
	for task, want := range map[string]string{
		"mute":   "starting the silent one's process: EOF; it said: no wish to speak",
		"absent": `this program has no task "absent"`,
	} {
		if _, err := Start(t.Context(), task, nil, Options{Name: "silent one"}, &nothing); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", task, err, want)
		}
	}
}
