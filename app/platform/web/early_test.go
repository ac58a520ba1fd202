package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestFormSentBeforeScriptsIsToldToComeBack(t *testing.T) {
	t.Parallel()
	page := []byte(`<html><head><link href="./_app/immutable/assets/0.abc.css" rel="stylesheet"></head></html>`)
	s, err := New(Options{Log: slog.New(slog.DiscardHandler), Site: fstest.MapFS{"index.html": {Data: page}, "200.html": {Data: page}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/ask", "/api/session"} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("contact=maria%40example.org"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html,application/xhtml+xml")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		body := w.Body.String()
		if w.Code != http.StatusUnsupportedMediaType || !strings.Contains(body, "nothing was sent yet") || !strings.Contains(body, `href="/_app/immutable/assets/0.abc.css"`) {
			t.Errorf("%s: %d %s", path, w.Code, body)
		}
		if strings.Contains(body, "maria") || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s repeats what was sent, or has no content policy", path)
		}
	}
}
