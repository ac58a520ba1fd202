package listing

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/keep"
	"timebank/app/platform/once"
	"timebank/app/platform/picture"
)

// Photo is one of a listing's photos, without the photo.
type Photo struct {
	bun.BaseModel `bun:"table:listing_photo"`

	BankID    uuid.UUID `bun:"bank_id"`
	ListingID uuid.UUID `bun:"listing_id"`
	ID        uuid.UUID `bun:"id"`
	Words     string    `bun:"words"`
	Width     int       `bun:"width"`
	Height    int       `bun:"height"`
	CreatedBy uuid.UUID `bun:"created_by"`
	CreatedAt time.Time `bun:"created_at"`
}

type photoRow struct {
	bun.BaseModel `bun:"table:listing_photo"`
	Photo
	Large []byte `bun:"large"`
	Small []byte `bun:"small"`
}

const (
	photoLimit      = 3
	photoWordsLimit = 200
	photoBytes      = 10 << 20 // that may be sent; a browser sends a tenth of it
	photosAtOnce    = 60       // from one network, and then one every gap: opening them is work
	photoGap        = 10 * time.Second
)

var (
	// ErrPhotos refuses a photo more than a listing may have.
	ErrPhotos = fault.New(fault.Conflict, "photos-full", "There are {most} photos already. Take one off to add another.")
	// ErrNoPhoto refuses a photo that is not there, or not there any more.
	ErrNoPhoto = fault.New(fault.NotFound, "no-such-photo", "This photo is not there any more.")
)

// owns finds and locks a listing of which the actor may change something, and for
// whom they do. Refuses with ErrNoListing, ErrNotOpen, and what
// identity.Actor.Subject refuses.
func owns(ctx context.Context, tx bun.IDB, a identity.Actor, id uuid.UUID, consent string) (Listing, *uuid.UUID, string, error) {
	l, err := Lock(ctx, tx, a.Bank.ID, id)
	if err != nil {
		return l, nil, "", err
	}
	limit := identity.OfferHelp
	if l.Type == Request {
		limit = identity.AskHelp
	}
	if !a.Can(l.MemberID, limit) {
		return l, nil, "", ErrNoListing
	}
	by := identity.OnBehalf{For: &l.MemberID, Consent: consent}
	_, behalf, err := a.Subject(by, limit)
	switch {
	case err != nil:
		return l, nil, "", err
	case l.State == Met || l.State == Withdrawn:
		return l, nil, "", ErrNotOpen
	}
	return l, behalf, a.Agreed(by, limit), nil
}

// AddPhoto puts a photo on a listing: on one's own, or for a member by a broker;
// once for a key. It is painted anew, see picture.Shrink, outside of any
// transaction. Refuses with ErrPhotos, ErrNotOpen, ErrNoListing, what
// picture.Shrink refuses, what identity.Actor.Subject refuses, and identity.ErrTooMany.
func (s *Service) AddPhoto(ctx context.Context, a identity.Actor, key, listing uuid.UUID, raw []byte, consent, ip string) (uuid.UUID, error) {
	now := s.Clock.Now()
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if _, _, _, err := owns(ctx, tx, a, listing, consent); err != nil {
			return err
		}
		return s.Limit(ctx, tx, "photo", ip, photosAtOnce, photoGap)
	})
	if err != nil {
		return uuid.Nil, err // before anything is opened
	}
	p, err := picture.Shrink(ctx, raw)
	if err != nil {
		return uuid.Nil, err
	}
	sum := sha256.Sum256(raw)
	var out uuid.UUID
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		l, behalf, agreed, err := owns(ctx, tx, a, listing, consent)
		if err != nil {
			return err
		}
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "add-photo", Input: []any{listing, sum[:]}, Now: now}, func(id uuid.UUID) error {
			if l.Photos >= photoLimit {
				return ErrPhotos.With("most", photoLimit)
			}
			row := photoRow{Photo: Photo{BankID: a.Bank.ID, ListingID: listing, ID: id, Width: p.Width, Height: p.Height, CreatedBy: a.Person, CreatedAt: now}, Large: p.Large, Small: p.Small}
			if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
				return fmt.Errorf("keep photo: %w", err)
			}
			if err := countPhotos(ctx, tx, a.Bank.ID, listing); err != nil {
				return err
			}
			return audit.Record(ctx, tx, entry(a, behalf, agreed, "add-photo", listing, s.Clock))
		})
		return err
	})
	return out, err
}

// DescribePhoto says in a line what a photo shows, for people who do not see it.
// Refuses with ErrNoPhoto, and as AddPhoto does.
func (s *Service) DescribePhoto(ctx context.Context, a identity.Actor, listing, photo uuid.UUID, words, consent string) error {
	words = strings.TrimSpace(words)
	return s.onPhoto(ctx, a, listing, photo, consent, "describe-photo", func(ctx context.Context, tx bun.IDB) error {
		var c fault.Check
		c.Add(len([]rune(words)) <= photoWordsLimit, "/words", "too-long", "Write at most {n} characters.", "n", photoWordsLimit)
		c.Add(links(words) == 0, "/words", "too-many-links", "Please say what the photo shows, without a web address.")
		if err := c.Err(); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*Photo)(nil)).Set("words = ?", words).Where("bank_id = ?", a.Bank.ID).Where("listing_id = ?", listing).Where("id = ?", photo).Where("large is not null").Exec(ctx)
		if err != nil {
			return fmt.Errorf("describe photo: %w", err)
		}
		return nil
	})
}

// RemovePhoto takes a photo off, for good. One that is off already stays so.
// Refuses with ErrNoPhoto, and as AddPhoto does.
func (s *Service) RemovePhoto(ctx context.Context, a identity.Actor, listing, photo uuid.UUID, consent string) error {
	return s.onPhoto(ctx, a, listing, photo, consent, "remove-photo", func(ctx context.Context, tx bun.IDB) error {
		return forgetPhotos(ctx, tx, a.Bank.ID, listing, photo)
	})
}

func (s *Service) onPhoto(ctx context.Context, a identity.Actor, listing, photo uuid.UUID, consent, action string, fn func(ctx context.Context, tx bun.IDB) error) error {
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		_, behalf, agreed, err := owns(ctx, tx, a, listing, consent)
		if err != nil {
			return err
		}
		there, err := tx.NewSelect().Model((*Photo)(nil)).Where("bank_id = ?", a.Bank.ID).Where("listing_id = ?", listing).Where("id = ?", photo).Exists(ctx)
		if err == nil && !there {
			err = ErrNoPhoto
		}
		if err != nil {
			return err
		}
		if err := fn(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, entry(a, behalf, agreed, action, listing, s.Clock))
	})
}

// SeePhoto is a photo as a JPEG, large or small, for whoever may see its listing.
// Refuses with ErrNoListing and ErrNoPhoto.
func (s *Service) SeePhoto(ctx context.Context, a identity.Actor, listing, photo uuid.UUID, small bool) ([]byte, error) {
	if _, err := s.One(ctx, a, listing); err != nil {
		return nil, err
	}
	size := "large"
	if small {
		size = "small"
	}
	var out []byte
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		err := tx.NewSelect().Model((*Photo)(nil)).ColumnExpr("?", bun.Ident(size)).Where("bank_id = ?", a.Bank.ID).Where("listing_id = ?", listing).Where("id = ?", photo).Scan(ctx, &out)
		if errors.Is(err, sql.ErrNoRows) || err == nil && out == nil {
			return ErrNoPhoto
		}
		return err
	})
	return out, err
}

// PhotosOf lists the photos of listings, the oldest first. It asks nothing where no
// listing has one.
func PhotosOf(ctx context.Context, tx bun.IDB, bank uuid.UUID, all ...Listing) (map[uuid.UUID][]Photo, error) {
	var ids []uuid.UUID
	for _, l := range all {
		if l.Photos > 0 {
			ids = append(ids, l.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []Photo
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("listing_id = any(?)", db.List(ids)).Where("large is not null").Order("listing_id", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list photos: %w", err)
	}
	out := map[uuid.UUID][]Photo{}
	for _, p := range rows {
		out[p.ListingID] = append(out[p.ListingID], p)
	}
	return out, nil
}

// forgetPhotos empties these photos of a listing; all of them when none is named.
func forgetPhotos(ctx context.Context, tx bun.IDB, bank, listing uuid.UUID, some ...uuid.UUID) error {
	q := tx.NewUpdate().Model((*Photo)(nil)).Set("large = null").Set("small = null").Set("words = ''").Where("bank_id = ?", bank).Where("listing_id = ?", listing).Where("large is not null")
	if len(some) > 0 {
		q = q.Where("id in (?)", bun.List(some))
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("forget photos: %w", err)
	}
	return countPhotos(ctx, tx, bank, listing)
}

// forgetAllPhotos empties all photos of a member's listings, whatever has become of
// these.
func forgetAllPhotos(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) error {
	var ids []uuid.UUID
	err := tx.NewSelect().Model((*Listing)(nil)).Column("id").Where("bank_id = ?", bank).Where("member_id = ?", member).Where("photos > 0").Order("id").Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("find photos: %w", err)
	}
	for _, id := range ids {
		if err := forgetPhotos(ctx, tx, bank, id); err != nil {
			return err
		}
	}
	return nil
}

// countPhotos keeps with a locked listing how many photos it has.
func countPhotos(ctx context.Context, tx bun.IDB, bank, listing uuid.UUID) error {
	_, err := tx.NewRaw(`update listing set photos = (select count(*) from listing_photo p where p.bank_id = ? and p.listing_id = ? and p.large is not null)
		where bank_id = ? and id = ?`, bank, listing, bank, listing).Exec(ctx)
	if err != nil {
		return fmt.Errorf("count photos: %w", err)
	}
	return nil
}

// Rules are how long this slice keeps what. Photos of what was met or taken off the
// list go at once; what has ended by itself can be put back for a while.
func Rules() []keep.Rule {
	over := func(q *bun.SelectQuery, bank uuid.UUID, before time.Time) *bun.SelectQuery {
		return q.Where("bank_id = ?", bank).Where("state = ?", Expired).Where("photos > 0").Where("expires_on < ?", before)
	}
	return []keep.Rule{interestRule(), {Name: "photos", Title: "Photos of offers and requests that have ended", Then: "The photos are deleted. The offer or request stays.", Days: 30, Least: 7,
		Count: func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before time.Time) (keep.Due, error) {
			var d keep.Due
			if err := over(tx.NewSelect().Model((*Listing)(nil)).ColumnExpr("coalesce(sum(photos), 0), min(expires_on)::timestamptz"), bank, before).Scan(ctx, &d.Count, &d.Oldest); err != nil {
				return d, fmt.Errorf("count photos: %w", err)
			}
			return d, nil
		},
		Forget: func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before, _ time.Time, most int) (n int64, err error) {
			var rows []Listing
			if err := over(tx.NewSelect().Model(&rows), bank, before).Order("id").Limit(int64(most)).For("update").Scan(ctx); err != nil {
				return 0, fmt.Errorf("find photos: %w", err)
			}
			for _, l := range rows {
				if err := forgetPhotos(ctx, tx, bank, l.ID); err != nil {
					return 0, err
				}
				n += int64(l.Photos)
			}
			return n, nil
		}}}
}
