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
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/job"
	"timebank/app/platform/words"
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
		TellGift: s.ofGift(func(l words.Language, g Seen) message.Words {
			if g.State != Offered {
				return message.Words{}
			}
			said := ""
			if g.Words != "" {
				said = fmt.Sprintf(" “%s”", g.Words)
			}
			pairs := []any{"who", g.From, "hours", words.Minutes(g.Minutes), "said", said, "link", s.URL + "/give", "day", l.Day(*g.AnswerBy)}
			return message.Words{Subject: l.Say("{who} would like to give you {hours}", pairs...),
				Text: l.Say("{who} would like to give you {hours}.{said}\n\nYes or no, as you like: {link}\nIf we hear nothing by {day}, it goes back to {who}.", pairs...)}
		}),
		TellGiver: s.ofGift(func(l words.Language, g Seen) message.Words {
			pairs := []any{"who", g.To, "hours", words.Minutes(g.Minutes)}
			says := func(subject, text words.Text) message.Words {
				return message.Words{Subject: l.Say(subject, pairs...), Text: l.Say(text, pairs...)}
			}
			switch g.State {
			case Accepted:
				return says("{who} says thank you", "{who} took the {hours} that you gave. Thank you.")
			case Declined:
				return says("Your hours are back with you", "{who} does not need the {hours} just now. They are yours again.")
			case Expired:
				return says("Your hours are back with you", "{who} has not answered, so the {hours} are yours again. Ring us if you would like to try once more.")
			}
			return message.Words{}
		}),
		TellAsker: func(ctx context.Context, tx bun.IDB, b bank.Bank, _ member.Member, subject uuid.UUID) (message.Words, error) {
			k, err := askByID(ctx, tx, b.ID, subject)
			if err != nil {
				return message.Words{}, err
			}
			l, answer := words.Of(ctx), ""
			if k.Answer != "" {
				answer = "\n\n" + k.Answer
			}
			switch k.State {
			case Granted:
				return message.Words{Subject: l.Say("{hours} from the community pot", "hours", words.Minutes(*k.Granted)),
					Text: l.Say("The community pot gives you {hours}.", "hours", words.Minutes(*k.Granted)) + answer}, nil
			case Declined:
				return message.Words{Subject: l.Say("Our answer from the community pot"),
					Text: l.Say("The community pot cannot give you hours just now.") + answer + "\n\n" + l.Say("You can still ask for help. Ring us, and we find a way.")}, nil
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

func (s *Service) ofGift(say func(words.Language, Seen) message.Words) message.Render {
	return func(ctx context.Context, tx bun.IDB, b bank.Bank, _ member.Member, subject uuid.UUID) (message.Words, error) {
		var rows []Gift
		if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", b.ID).Where("id = ?", subject).Scan(ctx); err != nil {
			return message.Words{}, fmt.Errorf("find gift: %w", err)
		}
		all, err := named(ctx, tx, b.ID, rows)
		if err != nil || len(all) == 0 || all[0].ToID == nil {
			return message.Words{}, err
		}
		return say(words.Of(ctx), all[0]), nil
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
	l := words.Of(ctx)
	for _, g := range all {
		answered := words.Text("{who} has taken the gift of {hours}")
		switch g.State {
		case Declined:
			answered = "{who} does not need the gift of {hours}"
		case Expired:
			answered = "{who} has not answered the gift of {hours}"
		}
		line := desk.Line{Who: g.From, What: l.Say(answered, "who", potOr(l, g.To), "hours", words.Minutes(g.Minutes)), Link: potDesk, Member: &g.FromID}
		if g.State == Offered {
			line = desk.Line{Who: g.To, What: l.Say("{who} would like to give them {hours}", "who", g.From, "hours", words.Minutes(g.Minutes)), Link: potDesk, Member: g.ToID}
		}
		out[g.ID] = line
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
	l := words.Of(ctx)
	out := map[uuid.UUID]desk.Line{}
	for _, k := range rows {
		what := l.Say("Asks the community pot for {hours}", "hours", words.Minutes(k.Minutes))
		switch k.State {
		case Granted:
			what = l.Say("The pot gives them {hours}", "hours", words.Minutes(*k.Granted))
		case Declined:
			what = l.Say("The pot can’t give them hours just now")
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
