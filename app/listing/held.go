package listing

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person.
func Held() []held.Section {
	return []held.Section{{Name: "asked-and-offered", Title: "What you asked for and offered", Tables: []string{"public.listing", "public.listing_photo"}, Read: heldListings},
		{Name: "interests", Title: "What you want to be told about, and what we told you of", Tables: []string{"public.interest", "public.interest_found"}, Read: heldInterests}}
}

func heldInterests(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	wants, err := interestsOf(ctx, tx, s.Bank, s.Member)
	if err != nil {
		return nil, "", err
	}
	kinds, err := KindNames(ctx, tx, s.Bank)
	if err != nil {
		return nil, "", err
	}
	var out []held.Item
	for _, i := range wants {
		by := "you"
		if i.CreatedBy != s.Person {
			by = "the time bank, for you"
		}
		out = append(out, held.Item{s.T("at", "When", i.CreatedAt), held.F("type", "What", i.Type), held.F("kind", "Kind of help", kinds[i.Kind].Name), held.F("words", "In words", i.Words), held.F("by", "Written by", by)})
	}
	var told []struct {
		FoundAt    time.Time
		Type, Kind string
	}
	err = tx.NewRaw(`select f.found_at, l.type, l.kind from interest_found f join listing l on l.bank_id = f.bank_id and l.id = f.listing_id
		where f.bank_id = ? and f.member_id = ? order by f.found_at desc, l.id`, s.Bank, s.Member).Scan(ctx, &told)
	if err != nil {
		return nil, "", fmt.Errorf("list what was told: %w", err)
	}
	for _, t := range told {
		out = append(out, held.Item{s.T("told_at", "We told you of something new", t.FoundAt), held.F("type", "What", t.Type), held.F("kind", "Kind of help", kinds[t.Kind].Name)})
	}
	return out, "", nil
}

func heldListings(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	var rows []Listing
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("member_id = ?", s.Member).Order("created_at DESC", "id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list: %w", err)
	}
	kinds, err := KindNames(ctx, tx, s.Bank)
	if err != nil {
		return nil, "", err
	}
	photos, err := PhotosOf(ctx, tx, s.Bank, rows...)
	if err != nil {
		return nil, "", err
	}
	var out []held.Item
	for _, l := range rows {
		shows := make([]string, len(photos[l.ID]))
		for i, p := range photos[l.ID] {
			shows[i] = cmp.Or(p.Words, "a photo")
		}
		by := "you"
		if l.CreatedBy != s.Person {
			by = "the time bank, for you"
		}
		out = append(out, held.Item{s.T("at", "When", l.CreatedAt), held.F("type", "What", l.Type), held.F("kind", "Kind of help", kinds[l.Kind].Name), held.F("note", "In words", l.Note),
			held.F("timing", "How soon", l.Timing), held.F("days", "On certain days", strings.Join(l.Days, ", ")), held.F("place", "Where", l.Place), held.F("far", "How far you go for it", l.Far), held.F("state", "What became of it", l.State), held.Day("until", "On the list until", &l.ExpiresOn), held.F("photos", "Photos", strings.Join(shows, "; ")), held.F("by", "Written by", by)})
	}
	return out, "Your photos are on the page of each offer and request. We keep nothing of them but what they show.", nil
}
