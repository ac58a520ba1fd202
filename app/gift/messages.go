package gift

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/exchange"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/job"
)

// The messages of this slice.
const (
	TellGift  = "gift-offered"
	TellGiver = "gift-answered"
	TellAsker = "pot-answered"
)

// Renders are the words of this slice's messages.
func (s *Service) Renders() map[string]message.Render {
	return map[string]message.Render{
		TellGift: s.ofGift(func(g Seen) message.Words {
			if g.State != Offered {
				return message.Words{}
			}
			said := ""
			if g.Words != "" {
				said = fmt.Sprintf(" “%s”", g.Words)
			}
			return message.Words{Subject: g.From + " would like to give you " + exchange.Spoken(g.Minutes),
				Text: fmt.Sprintf("%s would like to give you %s.%s\n\nYes or no, as you like: %s\nIf we hear nothing by %s, it goes back to %s.", g.From, exchange.Spoken(g.Minutes), said, s.URL+"/give", g.AnswerBy.Format("Monday 2 January"), g.From)}
		}),
		TellGiver: s.ofGift(func(g Seen) message.Words {
			hours := exchange.Spoken(g.Minutes)
			switch g.State {
			case Accepted:
				return message.Words{Subject: g.To + " says thank you", Text: fmt.Sprintf("%s took the %s that you gave. Thank you.", g.To, hours)}
			case Declined:
				return message.Words{Subject: "Your hours are back with you", Text: fmt.Sprintf("%s does not need the %s just now. They are yours again.", g.To, hours)}
			case Expired:
				return message.Words{Subject: "Your hours are back with you", Text: fmt.Sprintf("%s has not answered, so the %s are yours again. Ring us if you would like to try once more.", g.To, hours)}
			}
			return message.Words{}
		}),
		TellAsker: func(ctx context.Context, tx bun.IDB, b bank.Bank, _ member.Member, subject uuid.UUID) (message.Words, error) {
			k, err := askByID(ctx, tx, b.ID, subject)
			if err != nil {
				return message.Words{}, err
			}
			answer := ""
			if k.Answer != "" {
				answer = "\n\n" + k.Answer
			}
			switch k.State {
			case Granted:
				return message.Words{Subject: exchange.Spoken(*k.Granted) + " from the community pot", Text: fmt.Sprintf("The community pot gives you %s.%s", exchange.Spoken(*k.Granted), answer)}, nil
			case Declined:
				return message.Words{Subject: "Our answer from the community pot", Text: "The community pot cannot give you hours just now." + answer + "\n\nYou can still ask for help. Ring us, and we find a way."}, nil
			}
			return message.Words{}, nil
		},
	}
}

// Calls are the tasks that take a message's place for people without e-mail.
func Calls() map[string]desk.Task {
	return map[string]desk.Task{
		TellGift:  {Kind: desk.RingToTell, SubjectKind: desk.OfGift},
		TellGiver: {Kind: desk.RingToTell, SubjectKind: desk.OfGift},
		TellAsker: {Kind: desk.RingToTell, SubjectKind: desk.OfPotAsk},
	}
}

func (s *Service) ofGift(words func(Seen) message.Words) message.Render {
	return func(ctx context.Context, tx bun.IDB, b bank.Bank, _ member.Member, subject uuid.UUID) (message.Words, error) {
		var rows []Gift
		if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", b.ID).Where("id = ?", subject).Scan(ctx); err != nil {
			return message.Words{}, fmt.Errorf("find gift: %w", err)
		}
		all, err := named(ctx, tx, b.ID, rows)
		if err != nil || len(all) == 0 || all[0].ToID == nil {
			return message.Words{}, err
		}
		return words(all[0]), nil
	}
}

func askByID(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Ask, error) {
	var k Ask
	err := tx.NewSelect().Model(&k).Where("bank_id = ?", bank).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return k, ErrNoAsk
	}
	if err != nil {
		return k, fmt.Errorf("find ask: %w", err)
	}
	return k, nil
}

const potDesk = "/broker/pot"

// DescribeGifts words gifts for the desk: whom to ring, and what about.
func DescribeGifts(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []Gift
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read gifts: %w", err)
	}
	all, err := named(ctx, tx, bank, rows)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]desk.Line{}
	for _, g := range all {
		hours := exchange.Spoken(g.Minutes)
		l := desk.Line{Who: g.From, What: fmt.Sprintf("%s has answered the gift of %s (%s)", potOr(g.To), hours, g.State), Link: potDesk, Member: &g.FromID}
		if g.State == Offered {
			l = desk.Line{Who: g.To, What: fmt.Sprintf("%s would like to give them %s", g.From, hours), Link: potDesk, Member: g.ToID}
		}
		out[g.ID] = l
	}
	return out, nil
}

// DescribeAsks words what members ask the pot for.
func DescribeAsks(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []Ask
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read asks: %w", err)
	}
	var who []uuid.UUID
	for _, k := range rows {
		who = append(who, k.MemberID)
	}
	people, err := member.Some(ctx, tx, bank, who)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]desk.Line{}
	for _, k := range rows {
		what := "Asks the community pot for " + exchange.Spoken(k.Minutes)
		switch k.State {
		case Granted:
			what = "The pot gives them " + exchange.Spoken(*k.Granted)
		case Declined:
			what = "The pot can’t give them hours just now"
		}
		out[k.ID] = desk.Line{Who: people[k.MemberID].Called, What: what, Link: potDesk, Member: &k.MemberID}
	}
	return out, nil
}

// ExpireGifts is the job that gives back what nobody answered.
type ExpireGifts struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (ExpireGifts) Kind() string { return "expire-gifts" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) {
	job.Handle(q, func(ctx context.Context, j ExpireGifts) error { return s.Expire(ctx, j.BankID) })
}
