package listing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/job"
	"timebank/app/platform/words"
)

// TellEnding asks the owner of a listing that ends in a week whether to keep it.
const TellEnding = "listing-ends"

// Expire is the job that ends the listings of one bank whose day has come, and
// asks about those that end in a week.
type Expire struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Expire) Kind() string { return "expire-listings" }

// Reindex is the job that counts a bank's words and indexes what is not yet found.
type Reindex struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Reindex) Kind() string { return "index-listings" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) {
	job.Handle(q, func(ctx context.Context, j Expire) error { return s.Expire(ctx, j.BankID) })
	job.Handle(q, func(ctx context.Context, j TellInterests) error { return s.TellInterests(ctx, j.BankID) })
	job.Handle(q, func(ctx context.Context, j Reindex) error { return s.Reindex(ctx, j.BankID) })
}

// Expire ends what is open past its day, with its task, and gives notice of what
// ends within a week. Run twice it does both once. What an exchange is planned
// for is left alone: it ends, or comes back to the list, with that.
func (s *Service) Expire(ctx context.Context, bankID uuid.UUID) error {
	return db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		b, err := bank.ByID(ctx, tx, bankID)
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		today := b.Today(now)
		var rows []Listing
		err = tx.NewSelect().Model(&rows).Where("bank_id = ?", bankID).Where("state = ?", Open).
			Where("expires_on <= ?", today.AddDate(0, 0, noticeDays)).Order("id").For("update").Scan(ctx)
		if err != nil {
			return fmt.Errorf("list what ends: %w", err)
		}
		for _, l := range rows {
			if !l.ExpiresOn.Before(today) {
				if len(l.Days) > 0 {
					continue // it is over with its last day
				}
				err := s.Message.Write(ctx, tx, message.To{Bank: b, Member: l.MemberID, Template: TellEnding, Subject: l.ID,
					Key: l.ExpiresOn.Format(time.DateOnly), CallBy: b.AfterWorkingDays(now, 3)})
				if err != nil {
					return err
				}
				continue
			}
			if err := SetState(ctx, tx, bankID, l.ID, Expired); err != nil {
				return err
			}
			if err := desk.Finish(ctx, tx, bankID, l.ID, identity.SystemPerson, now, desk.FindHelper, desk.RingToRenew); err != nil {
				return err
			}
		}
		return nil
	})
}

// Renew keeps a listing for another term, or puts back one that has ended: one's
// own, or for a member by a broker. A request that comes back has its task on the
// desk again. Refuses with ErrNoListing, ErrNotOpen, and what
// identity.Actor.Subject refuses.
func (s *Service) Renew(ctx context.Context, a identity.Actor, id uuid.UUID, by identity.OnBehalf) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		l, err := Lock(ctx, tx, a.Bank.ID, id)
		if err != nil {
			return err
		}
		if !a.Can(l.MemberID, identity.AskHelp) {
			return ErrNoListing
		}
		by.For = &l.MemberID
		_, behalf, err := a.Subject(by, identity.AskHelp)
		if err != nil {
			return err
		}
		if l.State != Open && l.State != Expired {
			return ErrNotOpen
		}
		m, err := member.ByID(ctx, tx, a.Bank.ID, l.MemberID)
		if err != nil {
			return err
		}
		if m.Status != member.Active {
			return member.ErrNotActive.With("who", m.Called)
		}
		today, days := a.Bank.Today(now), l.Days
		if l.ExpiresOn.Before(today) {
			days = []string{} // they are over: from now on any day
		}
		_, err = tx.NewUpdate().Model((*Listing)(nil)).Set("state = ?", Open).Set("days = ?", pgdialect.Array(days)).Set("expires_on = ?", expiry(l.Type, days, a.Bank, today)).
			Where("bank_id = ?", a.Bank.ID).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("renew listing: %w", err)
		}
		if err := show(ctx, tx, a.Bank.ID, id, true); err != nil {
			return err
		}
		if err := desk.Finish(ctx, tx, a.Bank.ID, id, a.Person, now, desk.RingToRenew); err != nil {
			return err
		}
		if l.State == Expired && l.Type == Request {
			if err := desk.Raise(ctx, tx, desk.Task{BankID: a.Bank.ID, Kind: desk.FindHelper, SubjectKind: desk.OfRequest, SubjectID: id,
				DueAt: due(l.Timing, now, a.Bank.AfterWorkingDays), CreatedAt: now}); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, entry(a, behalf, a.Agreed(by, identity.AskHelp), "renew-listing", id, s.Clock))
	})
}

// Renders are the words of this slice's messages.
func (s *Service) Renders() map[string]message.Render {
	return map[string]message.Render{TellOfNew: s.renderNew, TellEnding: func(ctx context.Context, tx bun.IDB, b bank.Bank, _ member.Member, subject uuid.UUID) (message.Words, error) {
		l, err := ByID(ctx, tx, b.ID, subject)
		if errors.Is(err, ErrNoListing) {
			return message.Words{}, nil
		}
		if err != nil || l.State != Open || !ending(l, b.Today(s.Clock.Now())) {
			return message.Words{}, err
		}
		kinds, err := KindNames(ctx, tx, b.ID)
		if err != nil {
			return message.Words{}, err
		}
		say := words.Of(ctx)
		text := words.Text("Your offer, {doing}, is on the list until {day}.\n\nTo keep it, one tap: {link}\nOtherwise you need do nothing.")
		if l.Type == Request {
			text = "What you asked for, {doing}, is on the list until {day}.\n\nTo keep it, one tap: {link}\nOtherwise you need do nothing."
		}
		return message.Words{Subject: say.Say("Shall we keep this: {kind}?", "kind", kinds[l.Kind].Name),
			Text: say.Say(text, "doing", kinds[l.Kind].Doing, "day", say.Day(l.ExpiresOn), "link", s.URL+"/listing?id="+l.ID.String())}, nil
	}}
}

// Calls are the tasks that take a message's place for people without e-mail.
func (s *Service) Calls() map[string]desk.Task {
	return map[string]desk.Task{TellEnding: {Kind: desk.RingToRenew, SubjectKind: desk.OfListing}, TellOfNew: {Kind: desk.RingToTell, SubjectKind: desk.OfDigest}}
}

// DescribeEnding words listings that are about to end, for the desk.
func DescribeEnding(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []Listing
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read listings: %w", err)
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
	out := map[uuid.UUID]desk.Line{}
	for _, l := range rows {
		text := words.Text("Keep what they offer? {kind} ends on {day}.")
		if l.Type == Request {
			text = "Keep what they asked for? {kind} ends on {day}."
		}
		out[l.ID] = desk.Line{Who: label[l.MemberID], What: say.Say(text, "kind", kinds[l.Kind].Name, "day", say.Day(l.ExpiresOn)),
			Link: "/broker/member?id=" + l.MemberID.String(), Member: &l.MemberID}
	}
	return out, nil
}
