package endpoint

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"transportlab/transports"
	"transportlab/transports/memlog"
)

func TestADrainingNodeTellsPagesOfAllowedOriginsAlone(t *testing.T) {
	log := memlog.New(memlog.Options{})
	defer log.Close()
	e := New(log, transports.Options{Origins: []string{"http://page.example"}}.WithDefaults())
	if err := e.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for origin, status := range map[string]int{"http://page.example": http.StatusServiceUnavailable, "http://other.example": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodGet, "/longpoll/t", nil)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		allowed := w.Header().Get("Access-Control-Allow-Origin")
		if w.Code != status || (allowed == origin) != (status == http.StatusServiceUnavailable) {
			t.Errorf("a page of %s is answered %d, allowed %q", origin, w.Code, allowed)
		}
	}
}
