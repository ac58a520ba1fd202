package listing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/contact"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/once"
	"timebank/app/platform/words"
)

// Service is the use cases of asking and offering.
type Service struct {
	Pool    *bun.DB
	Clock   clock.Clock
	Message *message.Service
	URL     string // where people reach the product; links in messages begin with it
	// Limit counts a try of something from an address; see identity.Service.Limit.
	Limit func(ctx context.Context, tx bun.IDB, what, ip string, burst int, gap time.Duration) error
}

// Want is what somebody asks for or offers.
type Want struct {
	Type   string
	Kind   string
	Note   string
	Timing string
	Place  string
	Far    string   // how far the member goes; empty: they have not said
	Days   []string // certain days, 2026-11-24; none: any
	identity.OnBehalf
}

func (w Want) clean(today time.Time) (Want, error) {
	w.Note = strings.TrimSpace(w.Note)
	w.Days = slices.Compact(slices.Sorted(slices.Values(w.Days)))
	if len(w.Days) > 0 {
		w.Timing = soon(w.Days[0], today)
	}
	if w.Timing == "" {
		w.Timing = "no-hurry"
	}
	if w.Place == "" {
		w.Place = "either"
	}
	w.Far = cmp.Or(w.Far, FarOpen)
	var c fault.Check
	c.Add(w.Kind != "", "/kind", "needed", "Choose what kind of help it is.")
	c.Add(len([]rune(w.Note)) <= NoteLimit, "/note", "too-long", "Write at most {n} characters.", "n", NoteLimit)
	c.Add(links(w.Note) <= linkLimit, "/note", "too-many-links", "Please write what you would like in your own words, with at most {n} web addresses.", "n", linkLimit)
	c.Add(!strings.ContainsRune(w.Note, 0), "/note", "not-text", "Please write plain text.")
	c.Add(len(w.Days) <= dayLimit, "/days", "too-many", "Choose at most {n} days.", "n", dayLimit)
	for _, d := range w.Days {
		day, err := time.Parse(time.DateOnly, d)
		c.Add(err == nil && !day.Before(today) && day.Before(today.AddDate(1, 0, 1)), "/days", "not-a-day-to-come", "Choose days from today on, within a year.")
	}
	return w, c.Err()
}

// dayLimit is how many certain days a listing may name.
const dayLimit = 7

// soon is how soon something is wanted whose first day this is.
func soon(first string, today time.Time) string {
	switch {
	case first <= today.Format(time.DateOnly):
		return "today"
	case first <= today.AddDate(0, 0, 6).Format(time.DateOnly):
		return "this-week"
	}
	return "no-hurry"
}

// Add puts an offer or a request on the list, for oneself or on behalf of a
// member, once for a key. A request becomes a task on the desk. Refuses what
// cannot be used by field, and what identity.Actor.Subject refuses.
func (s *Service) Add(ctx context.Context, a identity.Actor, key uuid.UUID, w Want) (uuid.UUID, error) {
	now := s.Clock.Now()
	w, err := w.clean(a.Bank.Today(now))
	if err != nil {
		return uuid.Nil, err
	}
	limit := identity.OfferHelp
	if w.Type == Request {
		limit = identity.AskHelp
	}
	who, behalf, err := a.Subject(w.OnBehalf, limit)
	if err != nil {
		return uuid.Nil, err
	}
	var out uuid.UUID
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var err error
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "add-" + w.Type, Input: w, Now: now},
			func(id uuid.UUID) error {
				m, err := member.ByID(ctx, tx, a.Bank.ID, who)
				if err != nil {
					return err
				}
				if m.Status != member.Active {
					return member.ErrNotActive.With("who", m.Called)
				}
				l := Listing{BankID: a.Bank.ID, ID: id, MemberID: who, Type: w.Type, Kind: w.Kind, Note: w.Note, Timing: w.Timing, Place: w.Place, Far: w.Far, Days: w.Days,
					State: Open, CreatedBy: a.Person, CreatedAt: now, ExpiresOn: expiry(w.Type, w.Days, a.Bank, a.Bank.Today(now))}
				if _, err := Choosable(ctx, tx, a.Bank.ID, w.Kind); err != nil {
					return err
				}
				if err := Insert(ctx, tx, l); err != nil {
					return err
				}
				if w.Type == Request {
					err := desk.Raise(ctx, tx, desk.Task{BankID: a.Bank.ID, Kind: desk.FindHelper, SubjectKind: desk.OfRequest, SubjectID: id,
						DueAt: due(w.Timing, now, a.Bank.AfterWorkingDays), CreatedAt: now})
					if err != nil {
						return err
					}
				}
				return audit.Record(ctx, tx, entry(a, behalf, a.Agreed(w.OnBehalf, limit), "add-"+w.Type, id, s.Clock))
			})
		return err
	})
	return out, err
}

func entry(a identity.Actor, behalf *uuid.UUID, consent, action string, id uuid.UUID, c clock.Clock) audit.Entry {
	e := audit.Entry{BankID: a.Bank.ID, At: c.Now(), ActorID: a.Person, OnBehalfOf: behalf, Action: action, ObjectKind: "listing", ObjectID: id}
	if behalf != nil && consent != "" {
		e.Consent = &consent
	}
	return e
}

// Withdraw takes a listing off the list: one's own, or any for a broker. Refuses
// with ErrNoListing and ErrNotOpen.
func (s *Service) Withdraw(ctx context.Context, a identity.Actor, id uuid.UUID) error {
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		l, err := Lock(ctx, tx, a.Bank.ID, id)
		if err != nil {
			return err
		}
		if !a.Can(l.MemberID, identity.AskHelp) {
			return ErrNoListing
		}
		if l.State != Open {
			return ErrNotOpen
		}
		if err := SetState(ctx, tx, a.Bank.ID, id, Withdrawn); err != nil {
			return err
		}
		if err := desk.Finish(ctx, tx, a.Bank.ID, id, a.Person, s.Clock.Now(), desk.FindHelper); err != nil {
			return err
		}
		var behalf *uuid.UUID
		if l.MemberID != a.Member {
			behalf = &l.MemberID
		}
		return audit.Record(ctx, tx, entry(a, behalf, a.Agreed(identity.OnBehalf{For: behalf}, identity.AskHelp), "withdraw-listing", id, s.Clock))
	})
}

// Shown is a listing with whose it is.
type Shown struct {
	Listing
	Called string
	Area   string
	Photos []Photo
}

// List shows what is open, newest first.
func (s *Service) List(ctx context.Context, a identity.Actor, kind string, after uuid.UUID) (out []Shown, more bool, err error) {
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		rows, err := Page(ctx, tx, a.Bank.ID, kind, a.Bank.Today(s.Clock.Now()), after)
		if err != nil {
			return err
		}
		if more = len(rows) > pageSize; more {
			rows = rows[:pageSize]
		}
		out, err = visible(ctx, tx, a, rows)
		return err
	})
	return out, more, err
}

// Mine lists a member's own listings, open or ended lately; a broker may ask for anybody's.
// Refuses others with member.ErrNoMember.
func (s *Service) Mine(ctx context.Context, a identity.Actor, who uuid.UUID) (out []Shown, err error) {
	if !a.Can(who, identity.ReadDiary) {
		return nil, member.ErrNoMember
	}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		rows, err := ofOwner(ctx, tx, a.Bank.ID, who, a.Bank.Today(s.Clock.Now()))
		if err != nil {
			return err
		}
		out, err = shown(ctx, tx, a.Bank.ID, rows)
		return err
	})
	return out, err
}

// One shows a listing: one's own, an open one, or any for a broker. Refuses with
// ErrNoListing.
func (s *Service) One(ctx context.Context, a identity.Actor, id uuid.UUID) (Shown, error) {
	var out []Shown
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		l, err := ByID(ctx, tx, a.Bank.ID, id)
		if err != nil {
			return err
		}
		if l.State != Open && !a.Can(l.MemberID, identity.ReadDiary) {
			return ErrNoListing
		}
		out, err = visible(ctx, tx, a, []Listing{l})
		return err
	})
	if err == nil && len(out) == 0 {
		err = ErrNoListing
	}
	if err != nil {
		return Shown{}, err
	}
	return out[0], nil
}

// visible leaves out the listings of those from whom the reader is kept apart.
func visible(ctx context.Context, tx bun.IDB, a identity.Actor, rows []Listing) ([]Shown, error) {
	if !a.May(identity.WorkDesk) {
		apart, err := contact.Apart(ctx, tx, a.Bank.ID, a.Member)
		if err != nil {
			return nil, err
		}
		rows = slices.DeleteFunc(rows, func(l Listing) bool { return apart[l.MemberID] })
	}
	return shown(ctx, tx, a.Bank.ID, rows)
}

// shown adds whose listings these are, and their photos. It is its transaction's last
// read.
func shown(ctx context.Context, tx bun.IDB, bank uuid.UUID, rows []Listing) ([]Shown, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, l := range rows {
		ids[i] = l.MemberID
	}
	out := make([]Shown, len(rows))
	for i, l := range rows {
		out[i].Listing = l
	}
	if err := photograph(ctx, tx, bank, out); err != nil {
		return nil, err
	}
	people, err := member.Faces(db.Last(ctx), tx, bank, ids)
	if err != nil {
		return nil, err
	}
	for i, l := range rows {
		out[i].Called, out[i].Area = people[l.MemberID].Called, people[l.MemberID].Area
	}
	return out, nil
}

// photograph adds their photos to listings.
func photograph(ctx context.Context, tx bun.IDB, bank uuid.UUID, all []Shown) error {
	some := make([]Listing, len(all))
	for i, l := range all {
		some[i] = l.Listing
	}
	photos, err := PhotosOf(ctx, tx, bank, some...)
	for i := range all {
		all[i].Photos = photos[all[i].ID]
	}
	return err
}

// labels is whose listings these are, as staff tell members apart.
func labels(ctx context.Context, tx bun.IDB, bank uuid.UUID, rows []Listing) (map[uuid.UUID]string, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, l := range rows {
		ids[i] = l.MemberID
	}
	people, err := member.Some(ctx, tx, bank, ids)
	if err != nil {
		return nil, err
	}
	return member.Labels(ctx, tx, bank, people)
}

// Describe words requests for the desk.
func Describe(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []Listing
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	label, err := labels(ctx, tx, bank, rows)
	if err != nil {
		return nil, err
	}
	kinds, err := KindNames(ctx, tx, bank)
	if err != nil {
		return nil, err
	}
	say := words.Of(ctx)
	asked := map[string]words.Text{"today": "Asked for: {kind}, today", "this-week": "Asked for: {kind}, this week", "no-hurry": "Asked for: {kind}"}
	out := map[uuid.UUID]desk.Line{}
	for _, l := range rows {
		out[l.ID] = desk.Line{Who: label[l.MemberID], What: say.Say(asked[l.Timing], "kind", kinds[l.Kind].Name), Link: "/broker/request?id=" + l.ID.String(), Member: &l.MemberID}
	}
	return out, nil
}
