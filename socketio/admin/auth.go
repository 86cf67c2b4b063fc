package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"transportlab/socketio"
)

// Secret returns a function for Options.Check that accepts one user with a password in plain text, as from the environment.
// How long it takes tells nothing about either.
func Secret(username, password string) func(username, password string) bool {
	wantName, wantPassword := sha256.Sum256([]byte(username)), sha256.Sum256([]byte(password))
	return func(username, password string) bool {
		name, secret := sha256.Sum256([]byte(username)), sha256.Sum256([]byte(password))
		return subtle.ConstantTimeCompare(name[:], wantName[:])&subtle.ConstantTimeCompare(secret[:], wantPassword[:]) == 1
	}
}

// admit lets in who has a session, or the right credentials and gets a session for them.
func (a *Admin) admit(ctx context.Context, s *socketio.Socket) error {
	refused := &socketio.ConnectError{Message: "invalid credentials"} // the page knows this text
	if a.ctx.Err() != nil {
		return &socketio.ConnectError{Message: "administration has ended"}
	}
	if a.opts.NoAuth {
		return nil
	}
	var auth struct {
		SessionID string `json:"sessionId"`
		Username  string `json:"username"`
		Password  string `json:"password"`
	}
	if err := s.Handshake().DecodeAuth(&auth); err != nil {
		return refused
	}
	if auth.SessionID != "" {
		known, err := a.opts.Sessions.Known(ctx, auth.SessionID)
		if err != nil {
			a.opts.Logger.Error("socketio admin: looking for a session", "error", err)
			return &socketio.ConnectError{Message: "sessions are unavailable"}
		}
		if known {
			return nil
		}
	}
	if !a.opts.Check(auth.Username, auth.Password) {
		return refused
	}
	var random [8]byte
	rand.Read(random[:])
	id := hex.EncodeToString(random[:])
	if err := a.opts.Sessions.Save(ctx, id); err != nil {
		a.opts.Logger.Error("socketio admin: saving a session", "error", err)
		return nil // the password was right; it will be asked for again
	}
	a.mu.Lock()
	a.sessions[s] = id
	a.mu.Unlock()
	context.AfterFunc(s.Context(), func() { a.takeSession(s) }) // who never connects has it taken away
	return s.Emit(ctx, "session", id)                           // before CONNECT, as the protocol has it
}

// takeSession returns the id of the session that was made for a socket, once. The page gets it a second time when it is
// connected: until then version 0.5.1 does not listen yet, and would ask for the password whenever it is loaded.
func (a *Admin) takeSession(s *socketio.Socket) (id string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, ok = a.sessions[s]
	delete(a.sessions, s)
	return id, ok
}
