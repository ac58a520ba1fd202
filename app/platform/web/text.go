package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"timebank/app/platform/fault"
	"timebank/app/platform/text"
)

// readable refuses text that cannot be kept, or that hides what it says, before
// anything else reads it: in the address, in the query, and in every string of
// every JSON body, also of operations that are not written yet. What is refused
// is named with its place; nothing is dropped or changed on the way. A file is not
// read here, whatever it says that it is: see Uploaded.
func (routes *Routes) readable(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			return next(c)
		}
		if code, _ := text.Fault(r.URL.Path, true); code != "" || !utf8.ValidString(r.URL.Path) {
			return errNoPage
		}
		w := reading{}
		for name, values := range r.URL.Query() {
			for _, v := range values {
				w.walk("/query", "", map[string]any{name: v})
			}
		}
		if isJSON(r) && routes.of(c).Upload == 0 {
			b, err := io.ReadAll(r.Body)
			if _, ours := errors.AsType[*echo.HTTPError](err); ours {
				return err // over the limit
			}
			if err != nil { // it broke off, or its chunks are none
				return errUnreadable
			}
			if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
				return errUnreadable
			}
			r.Body = io.NopCloser(bytes.NewReader(b))
			var body any
			if json.Unmarshal(b, &body) == nil { // else huma refuses it
				w.walk("", "", body)
			}
		}
		if err := w.err(); err != nil {
			return err
		}
		return next(c)
	}
}

// isJSON tells whether a request has a body that is read as JSON: what says that
// it is something else is read as that, or refused.
func isJSON(r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return false
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "" || kind == "application/json" || strings.HasSuffix(kind, "+json")
}

// reading collects what is wrong with the strings of one request.
type reading struct {
	fields   []fault.Field
	nonsense bool // a field's own name is none: it cannot even be pointed at
}

func (w *reading) walk(at, key string, v any) {
	switch v := v.(type) {
	case string:
		w.look(at, key, v)
	case []any:
		for i, x := range v {
			w.walk(at+"/"+strconv.Itoa(i), key, x)
		}
	case map[string]any:
		for k, x := range v {
			if code, _ := text.Fault(k, true); code != "" || len(k) > 60 {
				w.nonsense = true
			}
			w.walk(at+"/"+pointerName.Replace(k), k, x)
		}
	}
}

var pointerName = strings.NewReplacer("~", "~0", "/", "~1") // RFC 6901

func (w *reading) look(at, key, s string) {
	code, message := text.Fault(s, isName(key))
	switch {
	case code != "":
	case !utf8.ValidString(s):
		code, message = "unreadable", "This cannot be read. Please type it again."
	default:
		return
	}
	w.fields = append(w.fields, fault.Field{Pointer: at, Code: code, Message: message})
}

// isName tells by a field's own name whether it holds somebody's or something's:
// shown on one line, beside other people's words. Addresses and numbers have rules
// of their own.
func isName(key string) bool {
	return strings.HasSuffix(key, "_name") || slices.Contains([]string{"name", "called", "title", "speaker", "guest", "your_reference", "someone_relation"}, key)
}

func (w *reading) err() error {
	if w.nonsense {
		return errUnreadable
	}
	if len(w.fields) == 0 {
		return nil
	}
	slices.SortFunc(w.fields, func(a, b fault.Field) int { return strings.Compare(a.Pointer, b.Pointer) })
	f := *fault.ErrFields
	f.Fields = w.fields[:min(len(w.fields), 20)]
	return &f
}
