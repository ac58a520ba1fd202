package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"timebank/app/platform/words"
)

func TestLanguageIsTheChosenOneElseTheBrowsers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cookie, accept, want string }{
		{"", "", "en"}, {"", "en-US,en;q=0.9", "en"}, {"", "cy", "cy"}, {"", "cy-GB,en;q=0.8", "cy"}, {"", "ur-PK", "ur"},
		{"", "de,fr;q=0.5", "en"}, {"", "hi", "en"}, {"", "de;q=0.9,ur;q=0.5", "ur"}, {"cy", "ur", "cy"}, {"en", "cy", "en"},
		{"tlh", "cy", "cy"}, {"../../etc", "", "en"}, {"", "\x01 nonsense,,", "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "lang", Value: c.cookie})
		}
		if got := Language(r); string(got) != c.want {
			t.Errorf("cookie %q, browser %q: %q, want %q", c.cookie, c.accept, got, c.want)
		}
	}
}

func TestPagesComeInTheLanguageOfTheirReader(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, Options{Site: fstest.MapFS{
		"index.html": file("front"), "200.html": file("fallback"), "help.html": file("help"), "icon.svg": file("icon"), "service-worker.js": file("worker"),
		"cy/index.html": file("blaen"), "cy/200.html": file("arall<script>dechrau()</script>"), "cy/help.html": file("cymorth"), "cy/service-worker.js": file("gweithiwr"),
		"_app/immutable/a.js": file("script"),
	}})
	for _, c := range []struct{ path, lang, body string }{
		{"/", "cy", "blaen"}, {"/help", "cy", "cymorth"}, {"/exchange?id=1", "cy", "arall<script>dechrau()</script>"}, {"/service-worker.js", "cy", "gweithiwr"},
		{"/icon.svg", "cy", "icon"}, {"/_app/immutable/a.js", "cy", "script"},
		{"/", "en", "front"}, {"/help", "en", "help"}, {"/service-worker.js", "en", "worker"},
		{"/help", "ur", "help"}, // known, but without pages in this build
		{"/cy/help", "en", "fallback"}, {"/cy", "en", "fallback"},
	} {
		w := ask(s, http.MethodGet, c.path, "", "Cookie", "lang="+c.lang)
		if w.Code != 200 || w.Body.String() != c.body {
			t.Errorf("%s in %s: %d %q, want %q", c.path, c.lang, w.Code, w.Body, c.body)
		}
		vary := strings.Join(w.Header().Values("Vary"), ", ")
		if shared := strings.HasPrefix(c.path, "/_app/"); shared == strings.Contains(vary, "Cookie") {
			t.Errorf("%s: Vary %q", c.path, vary)
		}
	}
	if csp := ask(s, "GET", "/deep", "", "Cookie", "lang=cy").Header().Get("Content-Security-Policy"); !strings.Contains(csp, "'sha256-") {
		t.Errorf("the page's own script is not allowed: %s", csp)
	}
}

func TestALanguageIsChosenByAPlainLink(t *testing.T) {
	t.Parallel()
	heard := 0
	s, _ := testServer(t, Options{Site: fstest.MapFS{"index.html": file("front"), "200.html": file("x"), "cy/200.html": file("x")},
		Chosen: func(context.Context, *http.Request, words.Language) error { heard++; return nil }})
	for path, to := range map[string]string{
		"/exchange?id=1&lang=cy": "/exchange?id=1", "/?lang=en": "/", "//evil.example/x?lang=cy": "/evil.example/x", "/a%0d%0ab?lang=cy": "/a%0D%0Ab",
	} {
		w := ask(s, http.MethodGet, path, "")
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != to || !strings.Contains(w.Header().Get("Set-Cookie"), "lang=") {
			t.Errorf("%s: %d to %q with %q", path, w.Code, w.Header().Get("Location"), w.Header().Get("Set-Cookie"))
		}
	}
	if heard != 4 {
		t.Errorf("the chooser heard %d of 4", heard)
	}
	if ask(s, http.MethodGet, "/?lang=cy", "", "Sec-Fetch-Site", "cross-site"); heard != 4 {
		t.Error("a link on another site chose what is written to a person")
	}
	if w := ask(s, http.MethodGet, "/?lang=tlh", ""); w.Code != 200 || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("a language we do not have: %d %v", w.Code, w.Header())
	}
}

func TestLanguageCookieKeepsToItsHost(t *testing.T) {
	t.Parallel()
	for secure, want := range map[bool]string{true: "__Host-lang=cy; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax", false: "lang=cy; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"} {
		s, _ := testServer(t, Options{Secure: secure, Site: fstest.MapFS{"index.html": file("front"), "200.html": file("x"), "help.html": file("help"), "cy/200.html": file("x"), "cy/help.html": file("cymorth")}})
		got := ask(s, http.MethodGet, "/help?lang=cy", "").Header().Get("Set-Cookie")
		if got != want {
			t.Errorf("secure %v: %s", secure, got)
		}
		pair, _, _ := strings.Cut(got, ";")
		if w := ask(s, http.MethodGet, "/help", "", "Cookie", pair); w.Body.String() != "cymorth" {
			t.Errorf("secure %v: what was chosen is forgotten: %q", secure, w.Body)
		}
	}
}
