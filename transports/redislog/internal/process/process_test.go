package process

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program play the parent that is killed.
func TestMain(m *testing.M) {
	if os.Getenv("PROCESS_TEST_PARENT") == "" {
		os.Exit(m.Run())
	}
	port, err := FreePort()
	if err == nil {
		_, err = Start("--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "")
	}
	for err == nil && !listens(port) {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(port, err)
	select {}
}

func listens(port int) bool {
	c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
	if err == nil {
		c.Close()
	}
	return err == nil
}

func TestServerDiesWithItsParent(t *testing.T) {
	if _, err := Find(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if dieWithParent() == nil {
		t.Skip("this system has no such signal")
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "PROCESS_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	var port int
	if _, scan := fmt.Sscan(line, &port); err != nil || scan != nil || !strings.HasSuffix(line, "<nil>\n") {
		t.Errorf("the parent says %q, %v", line, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	for end := time.Now().Add(20 * time.Second); listens(port); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the server has outlived its parent")
		}
	}
}

func TestNoServer(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Start(); !errors.Is(err, ErrNoServer) {
		t.Errorf("%v", err)
	}
}
