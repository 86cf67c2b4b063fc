package redislog

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"transportlab/transports/carrier"
	"transportlab/transports/redislog/redistest"
)

// tlsVariable holds the address that TestTLS uses as the process it has started.
const tlsVariable = "TRANSPORTLAB_TEST_REDISS"

// TestTLS runs its clients in a process of their own, since the authorities that a process trusts are read
// once.
func TestTLS(t *testing.T) {
	if url := os.Getenv(tlsVariable); url != "" {
		one, two := nodes(t, url, Options{})
		r := follow(t, two, "tls")
		r.reaches(fill(t, one, "tls", 0, 10))
		return
	}
	redistest.Need(t)
	certificate, err := carrier.SelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificateFile, keyFile := write("certificate.pem", "CERTIFICATE", certificate.Certificate[0]), write("key.pem", "PRIVATE KEY", key)
	port := redistest.Port(t)
	redistest.Start(t, "--tls-port", fmt.Sprint(port), "--tls-cert-file", certificateFile, "--tls-key-file", keyFile, "--tls-auth-clients", "no")
	for _, url := range []string{fmt.Sprintf("rediss://127.0.0.1:%d", port), fmt.Sprintf("rediss://localhost:%d/3", port)} {
		client := exec.Command(os.Args[0], "-test.run=^TestTLS$", "-test.v")
		client.Env = append(os.Environ(), tlsVariable+"="+url, "SSL_CERT_FILE="+certificateFile)
		if out, err := client.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", url, err, out)
		}
	}
	// Without its certificate among those trusted the server is refused, and the error says why.
	_, err = Open(t.Context(), fmt.Sprintf("rediss://127.0.0.1:%d", port), Options{})
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server whose certificate nobody vouches for: %v", err)
	}
}
