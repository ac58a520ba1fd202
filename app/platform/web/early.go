package web

import (
	"html/template"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"timebank/app/platform/words"
)

// A form that is sent before the page's scripts have arrived, on a slow line,
// comes as a browser's plain POST. Nothing is done with it: the answer is a page
// that says so, and the way back, where the browser still has what was typed.
var earlyPage = template.Must(template.New("early").Parse(`<!doctype html>
<html lang="{{.Tag}}" dir="{{.Direction}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{index .Says 0}}</title>{{range .Styles}}<link rel="stylesheet" href="{{.}}">{{end}}</head>
<body class="govuk-template__body"><main class="govuk-width-container" id="main"><h1 class="govuk-heading-l">{{index .Says 0}}</h1>
{{range slice .Says 1}}<p class="govuk-body">{{.}}</p>
{{end}}</main></body></html>
`))

// earlySays are the page's heading and sentences.
var earlySays = []words.Text{
	"One moment",
	"The page had not finished loading, so nothing was sent yet.",
	"Go back with your browser's Back button. What you typed is still there. Wait a few seconds, then send it again.",
	"Does it not work? Ring us, and we do it together.",
}

var stylesheet = regexp.MustCompile(`<link[^>]+href="([^"]+\.css)"[^>]*rel="stylesheet"|<link[^>]+rel="stylesheet"[^>]*href="([^"]+\.css)"|<link href="([^"]+\.css)" rel="stylesheet"`)

// early answers plain form posts with the page above.
func (s *site) early(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if r.Method != http.MethodPost || !strings.Contains(r.Header.Get("Accept"), "text/html") ||
			(kind != "application/x-www-form-urlencoded" && kind != "multipart/form-data") {
			return next(c)
		}
		h := c.Response().Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy(nil))
		h.Set("Cache-Control", "no-store")
		c.Response().WriteHeader(http.StatusUnsupportedMediaType)
		l := words.Of(r.Context())
		var says []string
		for _, text := range earlySays {
			says = append(says, l.Say(text))
		}
		return earlyPage.Execute(c.Response(), map[string]any{"Styles": s.styles, "Says": says, "Tag": l.Tag(), "Direction": l.Direction()})
	}
}

// stylesOf lists the style sheets that a page links, as addresses from the root.
func stylesOf(page []byte) []string {
	var out []string
	for _, m := range stylesheet.FindAllSubmatch(page, -1) {
		for _, g := range m[1:] {
			if len(g) > 0 {
				out = append(out, "/"+strings.TrimLeft(string(g), "./"))
			}
		}
	}
	return out
}
