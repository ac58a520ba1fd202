package web

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"timebank/app/platform/words"
)

const built = `<head><meta name="time-bank" content="" /><title>Hello · Northgate Time Bank</title></head><a href="tel:01134960750">0113 496 0750</a> <bdi lang="en">Monday to Friday, 9am to 5pm</bdi>`

// Before any script has run, and where none does, a page has the bank's own name and
// number, in whatever form it travels, and the new ones once they have changed.
func TestPagesAreWhoseTheyAreBeforeAnyScript(t *testing.T) {
	t.Parallel()
	face, known := Face{Name: `Hill & "Top"`, Phone: "+44 1632 960 100", Hours: "Weekdays", HoursIn: "en"}, true
	s, _ := testServer(t, Options{
		Site: fstest.MapFS{"index.html": file(built), "index.html.br": file("packed before"), "200.html": file(built), "cy/200.html": file(built), "cy/index.html": file(built), "robots.txt": file("Northgate Time Bank")},
		Face: func(_ context.Context, l words.Language) (Face, bool) {
			f := face
			if l == "cy" {
				f.Hours, f.HoursIn = "Dyddiau’r wythnos", "cy"
			}
			return f, known
		},
	})
	get := func(path, accept, lang string) (string, string) {
		w := ask(s, http.MethodGet, path, "", "Accept-Encoding", accept, "Accept-Language", lang)
		var body io.Reader = w.Body
		if w.Header().Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b), w.Header().Get("Content-Encoding")
	}
	const name = `Hill &amp; &#34;Top&#34;`
	for _, c := range []struct{ path, accept, lang, coding, hours string }{
		{"/", "", "en", "", `<bdi lang="en">Weekdays</bdi>`},
		{"/", "gzip, br", "en", "gzip", `<bdi lang="en">Weekdays</bdi>`},
		{"/", "gzip, br", "cy", "gzip", `<bdi lang="cy">Dyddiau’r wythnos</bdi>`},
		{"/exchange?id=1", "gzip", "en", "gzip", `<bdi lang="en">Weekdays</bdi>`},
	} {
		page, coding := get(c.path, c.accept, c.lang)
		if coding != c.coding || strings.Contains(page, "Northgate") || strings.Contains(page, "0113") || !strings.Contains(page, "<title>Hello · "+name+"</title>") ||
			!strings.Contains(page, `<a href="tel:+441632960100">+44 1632 960 100</a>`) || !strings.Contains(page, c.hours) || !strings.Contains(page, `<meta name="time-bank" content="{&#34;name&#34;:`) {
			t.Errorf("%v: %q %s", c, coding, page)
		}
	}
	if text, _ := get("/robots.txt", "", "en"); text != "Northgate Time Bank" {
		t.Errorf("a file that is no page: %s", text)
	}
	face.Phone = "01632 960 123"
	if page, _ := get("/", "gzip", "en"); !strings.Contains(page, "01632 960 123") {
		t.Errorf("after the number has changed: %s", page)
	}
	known = false
	if page, coding := get("/", "br", "en"); page != "packed before" || coding != "br" {
		t.Errorf("before there is a bank: %q %s", coding, page)
	}
}
