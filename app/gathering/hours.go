package gathering

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Sharing is how the hours of a gathering are to be shared.
type Sharing struct {
	Rule Rule
	Each int64 // minutes that everybody who came gives; for Set
	// Mark is what the preview was called; empty: whatever comes out.
	Mark string
}

// Person is what a gathering does to one person's hours.
type Person struct {
	Share
	Name string
}

// Hours is what a gathering does, or did, to everybody's hours.
type Hours struct {
	Rule   Rule
	Each   int64
	People []Person
	Pot    int64  // what it does to the community pot
	Moved  int64  // minutes that helpers get
	Mark   string // names this outcome
	// PotHas is what the pot could give; Short tells that it is too little.
	PotHas int64
	Short  bool
}

func (in Sharing) check() error {
	if in.Rule == Set && (in.Each < 1 || in.Each > 12*60) {
		return ErrMinutes.At("/each")
	}
	return nil
}

// Preview says what posting would do now. It is the posting without its last
// step. Refuses with ErrNobodyGave, ErrPosted, ErrCancelled, ErrEarly, ErrMinutes.
func (s *Service) Preview(ctx context.Context, a identity.Actor, gathering uuid.UUID, in Sharing) (Hours, error) {
	if err := in.check(); err != nil {
		return Hours{}, err
	}
	var out Hours
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		g, err := byID(ctx, tx, a.Bank.ID, gathering)
		if err != nil {
			return err
		}
		x := &act{tx: tx, a: a, g: g, now: s.Clock.Now()}
		if err := x.mayPost(); err != nil {
			return err
		}
		out, _, err = x.share(ctx, in)
		return err
	})
	return out, err
}

func (x *act) mayPost() error {
	switch {
	case x.g.State == Cancelled:
		return ErrCancelled
	case x.g.Hours == Posted:
		return ErrPosted
	case x.g.StartsAt.After(x.now):
		return ErrEarly
	}
	return nil
}

// share works out the hours from the register as it stands.
func (x *act) share(ctx context.Context, in Sharing) (Hours, []Share, error) {
	rows, err := partsOf(ctx, x.tx, x.g.BankID, x.g.ID)
	if err != nil {
		return Hours{}, nil, err
	}
	var ids []uuid.UUID
	for _, p := range rows {
		if p.HereAt != nil && p.MemberID != nil {
			ids = append(ids, *p.MemberID)
		}
	}
	people, err := member.Some(ctx, x.tx, x.g.BankID, ids)
	if err != nil {
		return Hours{}, nil, err
	}
	var there []Present
	for _, p := range rows {
		if p.HereAt == nil || p.MemberID == nil {
			continue
		}
		m := people[*p.MemberID]
		if m.Status == member.Left {
			continue // their account is at rest
		}
		bal, err := ledger.BalanceOf(ctx, x.tx, x.g.BankID, m.AccountID)
		if err != nil {
			return Hours{}, nil, err
		}
		one := Present{Member: m.ID, Account: m.AccountID, Helps: p.Part != Comes, Balance: int64(bal.Posted), Spendable: int64(ledger.MaxMinutes)}
		if can := bal.Spendable(); can != nil {
			one.Spendable = int64(*can)
		}
		if p.Minutes != nil {
			one.Gave = *p.Minutes
		}
		there = append(there, one)
	}
	shares := split(in.Rule, in.Each, there, x.a.Bank.PotAccount)
	out := Hours{Rule: in.Rule, Each: in.Each, Mark: fingerprint(in.Rule, in.Each, shares)}
	for _, sh := range shares {
		if sh.Member == uuid.Nil {
			out.Pot = sh.Minutes
			continue
		}
		out.Moved += max(0, sh.Minutes)
		out.People = append(out.People, Person{sh, people[sh.Member].Name})
	}
	if out.Moved == 0 && in.Rule != Set || len(shares) == 0 {
		return Hours{}, nil, ErrNobodyGave
	}
	pot, err := ledger.BalanceOf(ctx, x.tx, x.g.BankID, x.a.Bank.PotAccount)
	if err != nil {
		return Hours{}, nil, err
	}
	if can := pot.Spendable(); can != nil {
		out.PotHas = int64(*can)
		out.Short = -out.Pot > out.PotHas
	}
	return out, shares, nil
}

// Post moves the hours of a gathering, once: a second device, or a repeat after a
// lost answer, gets the first one's result. Refuses like Preview, and with
// ErrChanged when the register is not what the preview showed, ErrPotShort, and
// ErrPosted when the hours went in by another rule.
func (s *Service) Post(ctx context.Context, a identity.Actor, gathering uuid.UUID, in Sharing) (Hours, error) {
	if err := in.check(); err != nil {
		return Hours{}, err
	}
	var out Hours
	err := s.do(ctx, a, gathering, identity.OnBehalf{}, "post-gathering-hours", func(ctx context.Context, x *act) error {
		if x.g.Hours == Posted {
			var err error
			if out, err = x.posted(ctx); err == nil && (out.Rule != in.Rule || out.Each != in.Each) {
				err = ErrPosted
			}
			return err
		}
		if err := x.mayPost(); err != nil {
			return err
		}
		var shares []Share
		var err error
		if out, shares, err = x.share(ctx, in); err != nil {
			return err
		}
		switch {
		case in.Mark != "" && in.Mark != out.Mark:
			return ErrChanged
		case out.Short:
			return ErrPotShort.With("have", words.Minutes(out.PotHas), "need", words.Minutes(-out.Pot))
		}
		x.g.Round++
		if err := x.book(ctx, in, transfers(shares, a.Bank.PotAccount), out); err != nil {
			return err
		}
		x.g.Hours = Posted
		if err := save(ctx, x.tx, x.g); err != nil {
			return err
		}
		return s.took(ctx, x)
	})
	return out, err
}

// book posts the transfers and notes them.
func (x *act) book(ctx context.Context, in Sharing, all [][]ledger.Leg, out Hours) error {
	batch := make([]ledger.Transfer, len(all))
	for i, legs := range all {
		batch[i] = ledger.Transfer{Bank: x.g.BankID, Kind: ledger.Gathering, Key: fmt.Sprintf("gathering/%s/%d/%d", x.g.ID, x.g.Round, i+1), Actor: x.a.Person,
			Category: x.g.Kind, Reference: ledger.Reference{Kind: "gathering", ID: x.g.ID}, EffectiveOn: ledger.DateOf(x.a.Bank.Today(x.g.StartsAt)), Legs: legs, At: x.now}
	}
	results, err := ledger.PostMany(ctx, x.tx, batch)
	if err != nil {
		return err
	}
	members := map[uuid.UUID]uuid.UUID{}
	for _, p := range out.People {
		members[p.Account] = p.Member
	}
	for i, r := range results {
		if _, short := errors.AsType[ledger.ErrInsufficient](r.Err); short {
			return ErrShort // between the look and the posting; all of it is undone
		}
		if r.Err != nil {
			return r.Err
		}
		row := booked{BankID: x.g.BankID, GatheringID: x.g.ID, Round: x.g.Round, N: i + 1, What: "hours", TransferID: r.Receipt.ID, Rule: in.Rule, EachMinutes: in.Each, At: x.now, ByID: x.a.Person}
		if _, err := x.tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("note hours: %w", err)
		}
		for _, p := range r.Receipt.Legs {
			if who, ok := members[p.Account]; ok && p.CrossedSoft() {
				if err := desk.Raise(ctx, x.tx, desk.Task{BankID: x.g.BankID, Kind: desk.BelowSoftFloor, SubjectKind: desk.OfMember, SubjectID: who,
					DueAt: x.a.Bank.AfterWorkingDays(x.now, 3), CreatedAt: x.now}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *Service) took(ctx context.Context, x *act) error {
	rows, err := partsOf(ctx, x.tx, x.g.BankID, x.g.ID)
	if err != nil {
		return err
	}
	var here []uuid.UUID
	for _, p := range rows {
		if p.HereAt != nil && p.MemberID != nil {
			here = append(here, *p.MemberID)
		}
	}
	return s.TookPart(ctx, x.tx, x.a, here...)
}

// Posted reads the hours that are in the books. Refuses with ErrNotPosted.
func (s *Service) Posted(ctx context.Context, a identity.Actor, gathering uuid.UUID) (Hours, error) {
	var out Hours
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		g, err := byID(ctx, tx, a.Bank.ID, gathering)
		if err != nil {
			return err
		}
		if g.Hours != Posted {
			return ErrNotPosted
		}
		x := &act{tx: tx, a: a, g: g, now: s.Clock.Now()}
		out, err = x.posted(ctx)
		return err
	})
	return out, err
}

// posted reads the hours as the ledger has them, over all their transfers.
func (x *act) posted(ctx context.Context) (Hours, error) {
	rows, err := bookedIn(ctx, x.tx, x.g, "hours")
	if err != nil {
		return Hours{}, err
	}
	var out Hours
	minutes := map[uuid.UUID]int64{}
	var order []uuid.UUID
	for _, b := range rows {
		out.Rule, out.Each = b.Rule, b.EachMinutes
		r, err := ledger.Find(ctx, x.tx, x.g.BankID, b.TransferID)
		if err != nil {
			return Hours{}, err
		}
		for _, l := range r.Legs {
			if l.Account == x.a.Bank.PotAccount {
				out.Pot += int64(l.Minutes)
				continue
			}
			order = append(order, l.Account)
			minutes[l.Account] += int64(l.Minutes)
		}
	}
	var people []member.Member
	if len(order) > 0 {
		if err := x.tx.NewSelect().Model(&people).Where("bank_id = ?", x.g.BankID).Where("account_id in (?)", bun.List(order)).Order("name", "id").Scan(ctx); err != nil {
			return Hours{}, fmt.Errorf("read members: %w", err)
		}
	}
	for _, m := range people {
		out.Moved += max(0, minutes[m.AccountID])
		out.People = append(out.People, Person{Share{Member: m.ID, Account: m.AccountID, Minutes: minutes[m.AccountID]}, m.Name})
	}
	return out, nil
}

// TakeBack takes a gathering's hours out of the books again, all of them or none,
// and opens its register. For coordinators. A second time is fine. Refuses with
// ErrReason, ErrNotPosted and ErrSpent.
func (s *Service) TakeBack(ctx context.Context, a identity.Actor, gathering uuid.UUID, reason string) error {
	reason, err := aReason(reason)
	if err != nil {
		return err
	}
	return s.do(ctx, a, gathering, identity.OnBehalf{}, "take-back-hours", func(ctx context.Context, x *act) error {
		if x.g.Hours == TakenBack {
			return nil
		}
		if x.g.Hours != Posted {
			return ErrNotPosted
		}
		rows, err := bookedIn(ctx, x.tx, x.g, "hours")
		if err != nil {
			return err
		}
		for i := len(rows) - 1; i >= 0; i-- { // backwards: the pot pays back last what it got first
			b := rows[i]
			r, err := ledger.Reverse(ctx, x.tx, ledger.Reversing{Bank: a.Bank.ID, Original: b.TransferID, Key: "take-back/" + b.TransferID.String(),
				Actor: a.Person, Reason: reason, EffectiveOn: ledger.DateOf(a.Bank.Today(x.now)), At: x.now})
			if err != nil {
				return takeBackFault(err)
			}
			b.What, b.TransferID, b.Reason, b.At, b.ByID = "taken-back", r.ID, reason, x.now, a.Person
			if _, err := x.tx.NewInsert().Model(&b).Exec(ctx); err != nil {
				return fmt.Errorf("note hours: %w", err)
			}
		}
		x.g.Hours = TakenBack
		return save(ctx, x.tx, x.g)
	})
}

func takeBackFault(err error) error {
	if _, spent := errors.AsType[ledger.ErrInsufficient](err); spent {
		return ErrSpent
	}
	return err
}

// Titles names gatherings for statements.
func Titles(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	all, err := some(ctx, tx, bank, ids)
	out := map[uuid.UUID]string{}
	for id, g := range all {
		out[id] = g.Title
	}
	return out, err
}

// remembered is how long guests' names are kept: whoever is no member is
// forgotten when nobody can ask about the day any more.
const remembered = 183 * 24 * time.Hour

// ForgetGuests takes the names of guests from registers that are half a year old.
func (s *Service) ForgetGuests(ctx context.Context, bank uuid.UUID) error {
	return db.InTx(ctx, s.Pool, bank, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewUpdate().Model((*Part)(nil)).Set("guest = ''").Where("bank_id = ?", bank).Where("guest <> ''").
			Where("gathering_id in (select id from gathering where bank_id = ? and ends_at < ?)", bank, s.Clock.Now().Add(-remembered)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("forget guests: %w", err)
		}
		return nil
	})
}
