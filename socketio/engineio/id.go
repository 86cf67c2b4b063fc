package engineio

import (
	"crypto/rand"
	"encoding/base64"
)

// NewID returns 20 characters that nobody can guess: 15 bytes from the system's secure source in base64url. The Redis
// adapters of the official server tell a socket's own room by exactly this length.
func NewID() string {
	var b [15]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}
