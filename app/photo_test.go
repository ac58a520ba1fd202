package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
)

// shot is a photo of so many dots, as a phone takes it: with a note of where.
func shot(t testing.TB, w, h int, shade uint8) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	img.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return append([]byte("\xff\xd8\xff\xe1\x00\x1eExif\x00\x00GPS 51.5 N, 0.1 W....."), b.Bytes()[2:]...)
}

// photo puts a photo on a member's listing, as a broker who was told so by phone.
func (h *house) photo(a identity.Actor, listing string) string {
	h.t.Helper()
	id, err := h.app.Listing.AddPhoto(h.t.Context(), a, uuid.Nil, uuid.MustParse(listing), shot(h.t, 40, 30, 90), "phone", "192.0.2.1")
	h.must(err)
	return id.String()
}

// sendsFile is a request whose body is a file.
func (b *browser) sendsFile(path string, file io.Reader, key string) (int, answer, *http.Response) {
	b.h.t.Helper()
	r, err := http.NewRequestWithContext(b.h.t.Context(), http.MethodPost, b.h.web.URL+"/api"+path, file)
	b.h.must(err)
	r.Header.Set("Content-Type", "image/jpeg")
	r.Header.Set("Idempotency-Key", key)
	res, raw := b.fetch(r)
	var out answer
	_ = json.Unmarshal(raw, &out)
	return res.StatusCode, out, res
}

// fetch is the answer to a request, with its body read.
func (b *browser) fetch(r *http.Request) (*http.Response, []byte) {
	b.h.t.Helper()
	r.Header.Set("Authorization", "Bearer "+b.token)
	res, err := http.DefaultClient.Do(r)
	b.h.must(err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	b.h.must(err)
	return res, raw
}

// sees fetches a photo.
func (b *browser) sees(path string) (int, []byte, http.Header) {
	b.h.t.Helper()
	r, err := http.NewRequestWithContext(b.h.t.Context(), http.MethodGet, b.h.web.URL+"/api"+path, nil)
	b.h.must(err)
	res, raw := b.fetch(r)
	return res.StatusCode, raw, res.Header
}

// A member shows what the offer is about; neighbours see it, and nothing of where
// it was taken; whoever is kept apart, or in another bank, sees nothing.
func TestPhotosOfAnOffer(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	h.joins(h.bank, "Bill", "bill@example.org")
	other := h.openBank("elsewhere", "Elsewhere")
	h.joins(other, "Stan", "stan@example.org")
	offer := h.publishes(maria, "food.bake", "Lemon cake").String()
	m, b := h.signIn("maria@example.org"), h.signIn("bill@example.org")
	path := hilltop + "/listings/" + offer

	key := uuid.NewString()
	status, first, _ := m.sendsFile(path+"/photos", bytes.NewReader(shot(t, 2600, 1300, 200)), key)
	if status != http.StatusCreated {
		t.Fatal(status, first)
	}
	// The answer was lost, and the phone sends it again.
	if _, again, _ := m.sendsFile(path+"/photos", bytes.NewReader(shot(t, 2600, 1300, 200)), key); again.str("id") != first.str("id") {
		t.Errorf("sent twice: %v, %v", first, again)
	}
	if _, p, _ := m.sendsFile(path+"/photos", bytes.NewReader(shot(t, 20, 20, 7)), key); p.str("code") != "key-reused" {
		t.Errorf("another photo under the same key: %v", p)
	}
	m.do("POST", path+"/photos/"+first.str("id")+"/words", map[string]any{"words": " A yellow cake "}, http.StatusNoContent)
	m.refused("POST", path+"/photos/"+first.str("id")+"/words", map[string]any{"words": strings.Repeat("x", 201)}, http.StatusUnprocessableEntity, "check-answers")
	seen := b.do("GET", path, nil, http.StatusOK).list("photos")
	if len(seen) != 1 || seen[0].str("words") != "A yellow cake" || seen[0].num("width") != 1280 || seen[0].num("height") != 640 {
		t.Errorf("Bill reads %v", seen)
	}
	if in := b.do("GET", hilltop+"/listings?words=cake", nil, http.StatusOK).list("listings")[0].list("photos"); len(in) != 1 {
		t.Errorf("search shows %v", in)
	}
	for size, side := range map[string]int{"": 1280, "?size=small": 400} {
		status, raw, head := b.sees(path + "/photos/" + first.str("id") + size)
		img, err := jpeg.Decode(bytes.NewReader(raw))
		if status != http.StatusOK || err != nil || img.Bounds().Dx() != side || bytes.Contains(raw, []byte("GPS")) {
			t.Errorf("%q: %d, %v", size, status, err)
		}
		if head.Get("Content-Type") != "image/jpeg" || head.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(head.Get("Cache-Control"), "private, max-age=") {
			t.Errorf("heads %v", head)
		}
	}
	at := "/listings/" + offer + "/photos/" + first.str("id")
	if status, _, _ := h.signIn("stan@example.org").sees("/banks/elsewhere" + at); status != http.StatusNotFound {
		t.Errorf("another bank: %d", status)
	}
	b.refused("POST", hilltop+at+"/remove", map[string]any{}, http.StatusNotFound, "no-such-listing")
	if status, p, _ := b.sendsFile(path+"/photos", bytes.NewReader(shot(t, 20, 20, 7)), uuid.NewString()); status != http.StatusNotFound {
		t.Errorf("Bill adds a photo to what is Maria's: %d %v", status, p)
	}
	b.do("POST", hilltop+"/members/"+maria.ID.String()+"/complaint", map[string]any{"words": "", "block": true}, http.StatusNoContent)
	if status, _, _ := b.sees(hilltop + at); status != http.StatusNotFound {
		t.Errorf("kept apart, Bill sees the photo: %d", status)
	}

	for range 2 {
		h.photo(h.as(maria), offer)
	}
	if status, p, _ := m.sendsFile(path+"/photos", bytes.NewReader(shot(t, 20, 20, 7)), uuid.NewString()); status != http.StatusConflict || p.str("code") != "photos-full" {
		t.Errorf("a fourth: %d %v", status, p)
	}
	for range 2 {
		m.do("POST", hilltop+at+"/remove", map[string]any{}, http.StatusNoContent)
	}
	if status, _, _ := m.sees(hilltop + at); status != http.StatusNotFound {
		t.Errorf("taken off, and there: %d", status)
	}
	h.must(h.app.Listing.Withdraw(t.Context(), h.as(maria), uuid.MustParse(offer)))
	if n := h.count("listing_photo where large is not null or small is not null or words <> ''"); n != 0 {
		t.Errorf("%d photos outlive the offer", n)
	}
}

// What cannot be used is answered in one sentence, however large it is.
func TestAPhotoThatCannotBeUsedIsRefusedInASentence(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	m := h.signIn("maria@example.org")
	path := hilltop + "/listings/" + h.publishes(maria, "food.bake", "").String() + "/photos"
	huge := bytes.Repeat([]byte("\xff\xd8 photo "), 40<<20/9)
	for name, c := range map[string]struct {
		body   io.Reader
		status int
		code   string
	}{
		"40 MB":                        {bytes.NewReader(huge), http.StatusRequestEntityTooLarge, "file-too-large"},
		"40 MB that do not say so":     {io.MultiReader(bytes.NewReader(huge)), http.StatusRequestEntityTooLarge, "file-too-large"},
		"a letter":                     {strings.NewReader("Dear all,\x00 …"), http.StatusUnprocessableEntity, "no-photo"},
		"nothing":                      {strings.NewReader(""), http.StatusUnprocessableEntity, "no-photo"},
		"an iPhone's own":              {strings.NewReader("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), http.StatusUnprocessableEntity, "photo-heic"},
		"a JPEG of 65,000 × 65,000 px": {strings.NewReader("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0\x00\x0b\x08\xfd\xe8\xfd\xe8\x01\x01\x11\x00"), http.StatusUnprocessableEntity, "photo-too-many-dots"},
	} {
		status, p, res := m.sendsFile(path, c.body, uuid.NewString())
		if status != c.status || p.str("code") != c.code || p.str("detail") == "" || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v", name, status, p)
		}
	}
	if status, p, _ := m.try("POST", path, map[string]any{"photo": "/9j/4AAQSkZJRg=="}); status != http.StatusUnprocessableEntity || p.str("code") != "no-photo" || p.str("detail") == "" {
		t.Errorf("sent as JSON: %d %v", status, p)
	}
	if n := h.count("listing_photo"); n != 0 {
		t.Errorf("%d photos are kept", n)
	}
}

// A broker adds one for a member who has brought it along, and both names stay. It
// goes with the member, and with what has ended and is not put back.
func TestPhotosAreAddedForAMemberAndForgotten(t *testing.T) {
	t.Parallel()
	h := open(t)
	edna, maria := h.joins(h.bank, "Edna", ""), h.joins(h.bank, "Maria", "maria@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	s := h.signIn("sam@example.org")
	ask := h.asks(h.broker(), edna.ID, "home.bulb").String()
	path := hilltop + "/listings/" + ask + "/photos"
	if status, p, _ := s.sendsFile(path, bytes.NewReader(shot(t, 20, 20, 7)), uuid.NewString()); status != http.StatusUnprocessableEntity || p.str("code") != "say-how-they-agreed" {
		t.Errorf("without her word: %d %v", status, p)
	}
	status, one, _ := s.sendsFile(path+"?consent=in-person", bytes.NewReader(shot(t, 20, 20, 7)), uuid.NewString())
	if status != http.StatusCreated {
		t.Fatal(status, one)
	}
	s.do("POST", path+"/"+one.str("id")+"/words", map[string]any{"words": "Ednas dripping tap", "consent": "in-person"}, http.StatusNoContent)
	if n := h.count("audit where action = 'add-photo' and on_behalf_of = ? and consent = 'in-person'", edna.ID); n != 1 {
		t.Errorf("%d lines in the journal", n)
	}
	if c := s.do("GET", hilltop+"/requests/"+ask+"/candidates", nil, http.StatusOK); len(c.list("photos")) != 1 {
		t.Errorf("at the desk: %v", c)
	}

	h.photo(h.as(maria), h.publishes(maria, "food.bake", "").String())
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewRaw("update listing set state = 'expired', expires_on = ? where bank_id = ? and member_id = ?", h.clock.Now(), h.bank.ID, maria.ID).Exec(ctx)
		return err
	})
	for _, c := range []struct {
		days int
		want int64
	}{{29, 0}, {3, 1}, {1, 0}} {
		h.clock.Advance(time.Duration(c.days) * 24 * time.Hour)
		done, err := h.app.Rights.ForgetOld(t.Context(), h.bank.ID)
		h.must(err)
		if done["photos"] != c.want {
			t.Errorf("after %d more days the night forgot %d photos, want %d", c.days, done["photos"], c.want)
		}
	}

	h.signIn("sam@example.org").do("POST", hilltop+"/members/"+edna.ID.String()+"/leave", map[string]any{"consent": "phone"}, http.StatusNoContent)
	if strings.Contains(h.everyRow(), "dripping") || h.count("listing_photo where large is not null") != 0 {
		t.Error("her photo outlives her membership")
	}
}
