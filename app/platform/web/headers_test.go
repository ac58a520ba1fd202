package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

// Whatever is answered, a browser is told what it is, that it may be framed by nobody,
// and that nothing in it may call for anything from elsewhere.
func TestEveryAnswerCarriesItsHeaders(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, Options{Secure: true, Site: fstest.MapFS{
		"index.html": file("front<script>boot()</script>"), "200.html": file("fallback"), "icon.svg": file("<svg/>"), "service-worker.js": file("self"), "app.webmanifest": file("{}"),
		"robots.txt": file("r"), "_app/version.json": file("{}"), "_app/immutable/a.js": file("script"), "_app/immutable/a.css": file("p{}"), "_app/immutable/a.woff2": file("font"),
	}})
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/deep/down": "text/html; charset=utf-8", "/icon.svg": "image/svg+xml; charset=utf-8", "/service-worker.js": "text/javascript; charset=utf-8",
		"/app.webmanifest": "application/manifest+json", "/robots.txt": "text/plain; charset=utf-8", "/_app/version.json": "application/json", "/gone.png": "application/problem+json",
		"/api/gone": "application/problem+json", "/healthz": "text/plain; charset=utf-8", "/readyz": "text/plain; charset=utf-8", "/?lang=en": "",
		"/_app/immutable/a.js": "text/javascript; charset=utf-8", "/_app/immutable/a.css": "text/css; charset=utf-8", "/_app/immutable/a.woff2": "font/woff2",
	} {
		h := ask(s, http.MethodGet, path, "").Header()
		if !strings.EqualFold(h.Get("Content-Type"), kind) {
			t.Errorf("%s is said to be %q, want %q", path, h.Get("Content-Type"), kind)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Strict-Transport-Security"), "max-age=31536000; includeSubDomains") {
			t.Errorf("%s: %v", path, h)
		}
		if strings.HasPrefix(path, "/_app/immutable/") {
			continue // runs nothing by itself
		}
		csp := h.Get("Content-Security-Policy")
		for _, rule := range []string{"base-uri 'none'", "frame-ancestors 'none'", "form-action "} {
			if !strings.Contains(csp, rule) {
				t.Errorf("%s: no %s in %q", path, rule, csp)
			}
		}
		if !strings.Contains(csp, "object-src 'none'") && !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe-inline") || strings.Contains(csp, "unsafe-eval") {
			t.Errorf("%s: %q", path, csp)
		}
		if h.Get("Referrer-Policy") != "same-origin" || h.Get("Cross-Origin-Opener-Policy") != "same-origin" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

// Another site that asks in a browser's name is not told that it may read the answer,
// and gets no leave to send what needs asking first.
func TestNoOtherOriginMayReadAnAnswer(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, Options{})
	for _, method := range []string{http.MethodOptions, http.MethodGet, http.MethodPost} {
		w := ask(s, method, "/api/try/1", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
		for name := range w.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s: %s", method, name, w.Header().Get(name))
			}
		}
		if method != http.MethodOptions && w.Code < 400 {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

// Somebody who tries doors is to be seen in the log of a serving program, without
// what they sent; what honest people do fills it not.
func TestTriedDoorsAreLogged(t *testing.T) {
	t.Parallel()
	s, log := testServer(t, Options{})
	for _, c := range []struct {
		body   string
		header []string
		status string
	}{
		{`{"minutes":15}`, []string{"Sec-Fetch-Site", "cross-site"}, "status=403"}, {`{"canary`, nil, "status=400"},
		{`<canary/>`, []string{"Content-Type", "application/xml"}, "status=415"}, {`{"note":"` + strings.Repeat("canary", 300<<10) + `"}`, nil, "status=413"},
	} {
		log.Reset()
		ask(s, "POST", "/api/try/1", c.body, c.header...)
		if line := log.String(); !strings.Contains(line, "level=INFO msg=request") || !strings.Contains(line, c.status) || !strings.Contains(line, "time=") || strings.Contains(line, "canary") {
			t.Errorf("%s: %s", c.status, line)
		}
	}
	log.Reset()
	ask(s, "POST", "/api/try/1", `{"minutes":1}`)
	ask(s, "POST", "/api/try/1", `{"minutes":15}`)
	if strings.Contains(log.String(), "level=INFO") {
		t.Errorf("an honest slip is logged: %s", log)
	}
}
