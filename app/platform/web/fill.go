package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"strings"
	"sync"

	"timebank/app/platform/words"
)

// Face is what every page says of whose it is, before any script has asked.
type Face struct {
	Name    string `json:"name"`
	Phone   string `json:"phone"`
	Hours   string `json:"phone_hours"`
	HoursIn string `json:"phone_hours_lang"` // the language of Hours
	Zone    string `json:"zone"`
	Accent  string `json:"accent"`
}

// FaceOf says whose the pages are, to a reader of l; false where nobody can say.
type FaceOf func(ctx context.Context, l words.Language) (Face, bool)

// The web app is built before anybody knows whose it will be, with these in the place
// of a bank's own (frontend/src/lib/bank.svelte.ts).
const (
	exampleName  = "Northgate Time Bank"
	examplePhone = "0113 496 0750"
	exampleCall  = "tel:01134960750"
	exampleHours = `<bdi lang="en">Monday to Friday, 9am to 5pm</bdi>`
	exampleFace  = `<meta name="time-bank" content=""`
)

// filler writes a bank's own face into pages. What it has written it keeps until the
// face changes.
type filler struct {
	face  FaceOf
	mu    sync.Mutex
	pages map[string]filled
}

type filled struct {
	face         Face
	plain, small []byte
}

// page is a file with the bank's face in it, as it is and packed with gzip. Without a
// bank, or when none can be read, it is the file alone.
func (f *filler) page(ctx context.Context, files fs.FS, name string, l words.Language) (plain, small []byte, err error) {
	face, ok := f.face(ctx, l)
	if !ok {
		return nil, nil, nil
	}
	key := string(l) + " " + name
	f.mu.Lock()
	done, ok := f.pages[key]
	f.mu.Unlock()
	if ok && done.face == face {
		return done.plain, done.small, nil
	}
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, nil, err
	}
	done = filled{face: face, plain: face.into(b)}
	if done.small, err = packed(done.plain); err != nil {
		return nil, nil, err
	}
	f.mu.Lock()
	f.pages[key] = done
	f.mu.Unlock()
	return done.plain, done.small, nil
}

func (f Face) into(page []byte) []byte {
	all, _ := json.Marshal(f) // texts alone
	digits := strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, f.Phone)
	return []byte(strings.NewReplacer(
		exampleFace, `<meta name="time-bank" content="`+html.EscapeString(string(all))+`"`,
		exampleHours, fmt.Sprintf(`<bdi lang="%s">%s</bdi>`, html.EscapeString(f.HoursIn), html.EscapeString(f.Hours)),
		exampleName, html.EscapeString(f.Name), exampleCall, "tel:"+digits, examplePhone, html.EscapeString(f.Phone),
	).Replace(string(page)))
}

func packed(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}
