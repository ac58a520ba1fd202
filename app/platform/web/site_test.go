package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

func file(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

func TestSiteServesWhatABrowserAsksFor(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, Options{Site: fstest.MapFS{
		"index.html": file("front"), "200.html": file("fallback<script>boot()</script>"), "help.html": file("help"), "help.html.br": file("help br"),
		"about/index.html": file("about"), "_app/immutable/a.js": file("script"), "_app/immutable/a.js.br": file("script br"), "_app/immutable/a.js.gz": file("script gz"),
		"_app/version.json": file("{}"), "robots.txt": file("robots"), "app.webmanifest": file("{}"),
	}})
	const forever = "public, max-age=31536000, immutable"
	for _, c := range []struct {
		path, accept string
		status       int
		body, coding string
		cache, kind  string
	}{
		{"/", "", 200, "front", "", "no-cache", "text/html"},
		{"/help", "", 200, "help", "", "no-cache", "text/html"},
		{"/help", "gzip, br", 200, "help br", "br", "no-cache", "text/html"},
		{"/about/", "", 200, "about", "", "no-cache", "text/html"},
		{"/exchange?id=1", "", 200, "fallback<script>boot()</script>", "", "no-cache", "text/html"},
		{"/deep/down", "", 200, "fallback<script>boot()</script>", "", "no-cache", "text/html"},
		{"/_app/immutable/a.js", "", 200, "script", "", forever, "text/javascript"},
		{"/_app/immutable/a.js", "gzip", 200, "script gz", "gzip", forever, "text/javascript"},
		{"/_app/immutable/a.js", "gzip, br", 200, "script br", "br", forever, "text/javascript"},
		{"/_app/immutable/a.js", "gzip, br;q=0", 200, "script gz", "gzip", forever, "text/javascript"},
		{"/_app/immutable/a.js", "BR;q=0.5", 200, "script br", "br", forever, "text/javascript"},
		{"/_app/version.json", "", 200, "{}", "", "no-cache", "application/json"},
		{"/app.webmanifest", "", 200, "{}", "", "no-cache", "application/manifest+json"},
		{"/_app/immutable/gone.js", "", 404, "", "", "no-store", "application/problem+json"},
		{"/_app/gone", "", 404, "", "", "no-store", "application/problem+json"},
		{"/_app/immutable/a.js.br", "", 404, "", "", "no-store", "application/problem+json"},
		{"/gone.png", "", 404, "", "", "no-store", "application/problem+json"},
		{"/api/gone", "", 404, "", "", "no-store", "application/problem+json"},
		{"/api", "", 404, "", "", "no-store", "application/problem+json"},
		{"/../../etc/passwd", "", 200, "fallback<script>boot()</script>", "", "no-cache", "text/html"},
	} {
		w := ask(s, http.MethodGet, c.path, "", "Accept-Encoding", c.accept)
		h := w.Header()
		if w.Code != c.status || (c.body != "" && w.Body.String() != c.body) || h.Get("Content-Encoding") != c.coding || h.Get("Cache-Control") != c.cache || !strings.HasPrefix(h.Get("Content-Type"), c.kind) {
			t.Errorf("%s (%s): %d %q %v", c.path, c.accept, w.Code, w.Body, h)
		}
		if c.status == 200 && !strings.Contains(h.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: Vary %q", c.path, h.Get("Vary"))
		}
	}
	if w := ask(s, http.MethodHead, "/help", ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", w.Code, w.Body)
	}
}

func TestPagesAllowTheirOwnScriptAndNoOther(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, Options{Site: fstest.MapFS{"200.html": file("<style>p{}</style><script>boot()</script>"), "index.html": file("<p>none</p>")}})
	const boot = "'sha256-MeZS89WlF0u+o0hCvHTBt4q1WHU+U+sJKgbdRUc36mY='" // of what stands between the tags
	with, without := ask(s, "GET", "/deep", "").Header().Get("Content-Security-Policy"), ask(s, "GET", "/", "").Header().Get("Content-Security-Policy")
	const rules = "'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='"
	if !strings.Contains(with, "style-src 'self' "+rules) || !strings.Contains(without, "style-src 'self';") {
		t.Errorf("policies:\n%s\n%s", with, without)
	}
	if !strings.Contains(with, "script-src 'self' "+boot) || !strings.Contains(without, "script-src 'self';") {
		t.Errorf("policies:\n%s\n%s", with, without)
	}
	for _, p := range []string{with, without} {
		if strings.Contains(p, "unsafe-inline") || strings.Contains(p, "unsafe-eval") || !strings.Contains(p, "frame-ancestors 'none'") || !strings.Contains(p, "object-src 'none'") || !strings.Contains(p, "base-uri 'none'") {
			t.Errorf("policy: %s", p)
		}
	}
}

func TestProgramWithoutItsWebAppSaysSo(t *testing.T) {
	t.Parallel()
	if _, err := New(Options{Site: fstest.MapFS{"README": file("x")}}); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("New: %v", err)
	}
}
