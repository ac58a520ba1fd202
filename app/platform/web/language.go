package web

import (
	"context"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"timebank/app/platform/words"
)

// languageCookie holds what was chosen on a device. It says nothing about a person.
func languageCookie(secure bool) string {
	if secure {
		return "__Host-lang"
	}
	return "lang"
}

var matcher = func() language.Matcher {
	tags := make([]language.Tag, len(words.Languages))
	for i, l := range words.Languages {
		tags[i] = language.Make(string(l))
	}
	return language.NewMatcher(tags)
}()

// Language is the one in which a request wants its answer: chosen on the page
// before, else the browser's.
func Language(r *http.Request) words.Language {
	if chosen := Chosen(r); chosen != "" {
		return chosen
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return words.English
	}
	_, at, sure := matcher.Match(tags...)
	if sure < language.High {
		return words.English // a language near to one of ours is not one that its reader reads
	}
	return words.Languages[at]
}

// Chosen is the language that was chosen on the device of a request; empty when none was.
func Chosen(r *http.Request) words.Language {
	for _, secure := range []bool{true, false} { // it is no secret: whichever there is
		if c, err := r.Cookie(languageCookie(secure)); err == nil && words.Known(c.Value) {
			return words.Language(c.Value)
		}
	}
	return ""
}

// spoken notes the language of a request, in which it is answered.
func spoken(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		c.SetRequest(r.WithContext(words.With(r.Context(), Language(r))))
		return next(c)
	}
}

func (s *site) speaks(code string) bool {
	return code == string(words.English) || slices.Contains(s.languages, code)
}

// in names the same file in a language, where that has its own.
func (s *site) in(lang words.Language, name string) string {
	if own := string(lang) + "/" + name; slices.Contains(s.languages, string(lang)) {
		if _, err := fs.Stat(s.files, own); err == nil {
			return own
		}
	}
	return name
}

// Chooser hears of a language that was chosen by a link of our own pages.
type Chooser func(ctx context.Context, r *http.Request, l words.Language) error

// choose remembers a language on this device and leads to the same page in it: a
// plain link, so that it works before any script and without one.
func (s *site) choose(c echo.Context, lang string) error {
	c.SetCookie(&http.Cookie{Name: languageCookie(s.secure), Value: lang, Path: "/", MaxAge: 365 * 24 * 60 * 60,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	// A link on another site turns over a device at most, not what we write to a person.
	if from := c.Request().Header.Get("Sec-Fetch-Site"); s.chosen != nil && from != "cross-site" && from != "same-site" {
		if err := s.chosen(c.Request().Context(), c.Request(), words.Language(lang)); err != nil && !hungUp(c.Request().Context(), err) {
			s.log.ErrorContext(c.Request().Context(), "a language was chosen and not kept", "error", err)
		}
	}
	rest := c.QueryParams()
	rest.Del("lang")
	c.Response().Header().Set("Cache-Control", "no-store")
	// Only the path of this site: an address that begins with two slashes would lead elsewhere.
	to := url.URL{Path: "/" + strings.Trim(c.Request().URL.Path, "/\\"), RawQuery: rest.Encode()}
	return c.Redirect(http.StatusSeeOther, to.String())
}
