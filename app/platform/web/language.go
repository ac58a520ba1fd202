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
)

// English is the language that everything is written in first.
const English = "en"

// Languages are those that the house speaks; the first is for everybody else.
var Languages = []string{English, "cy", "ur"}

// languageCookie holds what was chosen on a device. It says nothing about a person.
const languageCookie = "lang"

var matcher = language.NewMatcher([]language.Tag{language.English, language.MustParse("cy"), language.Urdu})

// Language is the one in which a request wants its answer: chosen on the page
// before, else the browser's.
func Language(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil && slices.Contains(Languages, c.Value) {
		return c.Value
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return English
	}
	_, at, sure := matcher.Match(tags...)
	if sure < language.High {
		return English // a language near to one of ours is not one that its reader reads
	}
	return Languages[at]
}

type languageKey struct{}

// LanguageOf is the language of the request that ctx belongs to.
func LanguageOf(ctx context.Context) string {
	if l, ok := ctx.Value(languageKey{}).(string); ok {
		return l
	}
	return English
}

// spoken notes the language of a request where its problems are written.
func spoken(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), languageKey{}, Language(r))))
		return next(c)
	}
}

func (s *site) speaks(code string) bool {
	return code == English || slices.Contains(s.languages, code)
}

// in names the same file in a language, where that has its own.
func (s *site) in(lang, name string) string {
	if own := lang + "/" + name; slices.Contains(s.languages, lang) {
		if _, err := fs.Stat(s.files, own); err == nil {
			return own
		}
	}
	return name
}

// choose remembers a language on this device and leads to the same page in it: a
// plain link, so that it works before any script and without one.
func (s *site) choose(c echo.Context, lang string) error {
	c.SetCookie(&http.Cookie{Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 60 * 60,
		Secure: s.secure, SameSite: http.SameSiteLaxMode})
	rest := c.QueryParams()
	rest.Del("lang")
	c.Response().Header().Set("Cache-Control", "no-store")
	// Only the path of this site: an address that begins with two slashes would lead elsewhere.
	to := url.URL{Path: "/" + strings.Trim(c.Request().URL.Path, "/\\"), RawQuery: rest.Encode()}
	return c.Redirect(http.StatusSeeOther, to.String())
}
