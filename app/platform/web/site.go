package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// site serves the built web app: prerendered pages, hashed files that never
// change, and the fallback page for addresses that only the app knows.
type site struct {
	files     fs.FS
	csp       map[string]string // page → its Content-Security-Policy
	styles    []string          // of the front page, for pages that we write ourselves
	secure    bool              // reached by https
	chosen    Chooser
	log       *slog.Logger
	filler    filler
	languages []string // that have pages of their own, in a folder each; English stands at the top
}

const fallback = "200.html"

var (
	inline      = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
	inlineStyle = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
)

func newSite(files fs.FS, secure bool, face FaceOf, chosen Chooser, log *slog.Logger) (*site, error) {
	s := &site{files: files, secure: secure, chosen: chosen, log: log, csp: map[string]string{}, filler: filler{face: face, pages: map[string]filled{}}}
	folders, err := fs.Glob(files, "*/"+fallback)
	if err != nil {
		return nil, fmt.Errorf("read the web app: %w", err)
	}
	for _, page := range folders {
		s.languages = append(s.languages, path.Dir(page))
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".html" {
			return err
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		s.csp[name] = policy(b)
		if name == "index.html" {
			s.styles = stylesOf(b)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the web app: %w", err)
	}
	if s.csp[fallback] == "" {
		return nil, errors.New("the web app is not built into this program; run `make build`")
	}
	return s, nil
}

// policy allows a page its own inline start-up script and rules by hash, and nothing
// else that is inline or from elsewhere. The hash of an attribute is of the attribute by which
// SvelteKit hides its route announcer.
func policy(page []byte) string {
	return "default-src 'self'; script-src 'self'" + hashes(inline, page) +
		"; style-src 'self'" + hashes(inlineStyle, page) + "; style-src-attr 'unsafe-hashes' 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='" +
		"; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

func hashes(of *regexp.Regexp, page []byte) (out string) {
	for _, m := range of.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(m[1])
		out += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return out
}

func (s *site) serve(c echo.Context) error {
	if wanted := c.QueryParam("lang"); s.speaks(wanted) {
		return s.choose(c, wanted)
	}
	name, page := s.find(c.Request().URL.Path)
	if name == "" {
		return errNoPage
	}
	h := c.Response().Header()
	if !strings.HasPrefix(name, "_app/") {
		name = s.in(Language(c.Request()), name)
		h.Add("Vary", "Accept-Encoding, Accept-Language, Cookie")
	} else {
		h.Add("Vary", "Accept-Encoding")
	}
	switch {
	case page:
		h.Set("Content-Security-Policy", s.csp[name])
		h.Set("Cache-Control", "no-cache")
	case strings.HasPrefix(name, "_app/immutable/"):
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		// These speak about pages and answers; scripts, styles and fonts run nothing when they are opened by themselves. A
		// first visit fetches some twenty of them, so these would weigh as much as one.
		for _, name := range []string{"Content-Security-Policy", "Cross-Origin-Opener-Policy", "Permissions-Policy", "Referrer-Policy", "X-Request-Id"} {
			h.Del(name)
		}
	default:
		h.Set("Cache-Control", "no-cache")
	}
	if kind := kindOf(name); kind != "" {
		h.Set("Content-Type", kind)
	}
	b, coding, err := s.read(c.Request(), name, page)
	if err != nil {
		return err
	}
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusOK)
	}
	_, err = c.Response().Write(b)
	return err
}

// read gives a file in the smallest form that the browser takes, a page with the
// bank's own face in it.
func (s *site) read(r *http.Request, name string, page bool) (b []byte, coding string, err error) {
	accept := r.Header.Get("Accept-Encoding")
	if page && s.filler.face != nil {
		plain, small, err := s.filler.page(r.Context(), s.files, name, Language(r))
		switch {
		case err != nil:
			return nil, "", err
		case plain != nil && takes(accept, "gzip"):
			return small, "gzip", nil
		case plain != nil:
			return plain, "", nil
		}
	}
	file, coding := s.pick(name, accept)
	b, err = fs.ReadFile(s.files, file)
	return b, coding, err
}

// kinds are those that not every machine's tables have; in the container there are none.
var kinds = map[string]string{".webmanifest": "application/manifest+json", ".woff2": "font/woff2", ".svg": "image/svg+xml; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

func kindOf(name string) string {
	return cmp.Or(kinds[path.Ext(name)], mime.TypeByExtension(path.Ext(name)))
}

// find names the file for an address, and whether it is a page. Missing files
// with an extension are missing, not the fallback page: an old tab that asks for
// a chunk that is gone must hear so.
func (s *site) find(address string) (name string, page bool) {
	name = strings.Trim(path.Clean(address), "/")
	if name == "" {
		name = "index"
	}
	if first, _, _ := strings.Cut(name, "/"); slices.Contains(s.languages, first) {
		return fallback, true // a language is chosen, not an address
	}
	if path.Ext(name) == "" {
		for _, try := range []string{name + ".html", name + "/index.html"} {
			if _, ok := s.csp[try]; ok {
				return try, true
			}
		}
		if name == "api" || strings.HasPrefix(name, "api/") || strings.HasPrefix(name, "_app/") {
			return "", false
		}
		return fallback, true
	}
	if f, err := fs.Stat(s.files, name); err != nil || f.IsDir() || strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
		return "", false
	}
	_, page = s.csp[name]
	return name, page
}

// takes reads Accept-Encoding: a coding counts unless its weight is zero.
func takes(accept, coding string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			return strings.Trim(strings.TrimPrefix(strings.TrimSpace(weight), "q="), "0.") != "" || weight == ""
		}
	}
	return false
}

// pick chooses the smallest form that the browser takes.
func (s *site) pick(name, accept string) (file, coding string) {
	for _, c := range []struct{ ext, coding string }{{".br", "br"}, {".gz", "gzip"}} {
		if takes(accept, c.coding) {
			if _, err := fs.Stat(s.files, name+c.ext); err == nil {
				return name + c.ext, c.coding
			}
		}
	}
	return name, ""
}
