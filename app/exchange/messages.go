package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/message"
)

// Renders are the words of this slice's messages, made from how things stand at
// the moment of sending. Each answers nothing when it is no longer true. Words
// name first names and a time, never an address.
func (s *Service) Renders() map[string]message.Render {
	return map[string]message.Render{
		TellAsked: s.render(func(x told) message.Words {
			if x.e.State != Proposed {
				return message.Words{}
			}
			if x.every != "" {
				return message.Words{Subject: x.other.Called + " would like to meet " + x.every,
					Text: fmt.Sprintf("%s would like this %s: %s. The first time is %s.\n\nTo say yes or no: %s\nEither of you can end it at any time.", x.other.Called, x.every, x.who(), SpokenTime(*x.e.StartsAt, x.bank.Location()), s.link(x.e))}
			}
			if x.to.ID == x.e.HelpedID {
				return message.Words{Subject: x.other.Called + " can help you",
					Text: fmt.Sprintf("%s would like to help you with %s%s.\n\nTo say yes or no: %s", x.other.Called, x.doing, x.when(), s.link(x.e))}
			}
			return message.Words{Subject: "Could you help " + x.other.Called + "?",
				Text: fmt.Sprintf("%s would be glad of your help with %s%s.\n\nTo say yes or no: %s\nNo is fine too. We will ask somebody else.", x.other.Called, x.doing, x.when(), s.link(x.e))}
		}),
		TellAgreed: s.render(func(x told) message.Words {
			if x.e.State != Agreed {
				return message.Words{}
			}
			return message.Words{Subject: "It is agreed: " + x.other.Called,
				Text: fmt.Sprintf("It is agreed: %s%s.\n\nIf you can't come, please say so here, or ring us: %s", x.who(), x.when(), s.link(x.e))}
		}),
		TellRemind: s.render(func(x told) message.Words {
			if x.e.State != Agreed || x.e.StartsAt == nil || x.e.StartsAt.Before(s.Clock.Now()) {
				return message.Words{}
			}
			return message.Words{Subject: "Tomorrow: " + x.other.Called,
				Text: fmt.Sprintf("A reminder for tomorrow: %s%s.\n\nIf you can't come, please say so here, or ring us: %s", x.who(), x.when(), s.link(x.e))}
		}),
		TellConfirm: s.render(func(x told) message.Words {
			if x.e.State != Done || x.e.DoneBy == nil || *x.e.DoneBy == x.to.ID {
				return message.Words{}
			}
			what := fmt.Sprintf("%s says you helped for %s (%s).", x.other.Called, Spoken(*x.e.Minutes), x.doing)
			if x.to.ID == x.e.HelpedID {
				what = fmt.Sprintf("%s says they helped you for %s (%s).", x.other.Called, Spoken(*x.e.Minutes), x.doing)
			}
			otherwise := "If we hear nothing, we will ring you. No hours move before you have said yes."
			if x.e.SettlesOn != nil {
				otherwise = fmt.Sprintf("If we hear nothing by %s, we take it as a yes.", x.e.SettlesOn.Format("Monday 2 January"))
			}
			return message.Words{Subject: "Is " + Spoken(*x.e.Minutes) + " right?",
				Text: fmt.Sprintf("%s\n\nIs that right? One tap says yes: %s/confirm#%s.%s\nIf not: %s\n%s", what, s.URL, x.bank.Slug, s.confirmLink(x.e, x.to.ID), s.link(x.e), otherwise)}
		}),
		TellOff: s.render(calledOff),
		TellTime: s.render(func(x told) message.Words {
			if x.e.State != Agreed || x.e.NewBy == nil || *x.e.NewBy == x.to.ID {
				return message.Words{}
			}
			return message.Words{Subject: x.other.Called + " asks for another time",
				Text: fmt.Sprintf("%s asks to meet at another time: %s, in place of %s.\n\nTo say yes or no: %s", x.other.Called,
					SpokenTime(*x.e.NewStartsAt, x.bank.Location()), x.agreedFor(), s.link(x.e))}
		}),
		TellKept: s.render(func(x told) message.Words {
			if x.e.State != Agreed || x.e.NewBy != nil {
				return message.Words{}
			}
			return message.Words{Subject: "It stays as it was: " + x.other.Called,
				Text: fmt.Sprintf("%s cannot make the other time. It stays %s.\n\nIf you can't come, please say so here, or ring us: %s", x.other.Called, x.agreedFor(), s.link(x.e))}
		}),
		TellEnded: s.render(func(x told) message.Words {
			still := "There is nothing you need do."
			if x.e.State == Agreed && x.e.StartsAt != nil && x.e.StartsAt.After(s.Clock.Now()) {
				still = "The next one still stands: " + x.agreedFor() + "."
			}
			return message.Words{Subject: "No longer regularly: " + x.other.Called,
				Text: fmt.Sprintf("You and %s no longer meet regularly for %s. %s\n\nTo see it: %s", x.other.Called, x.doing, still, s.link(x.e))}
		}),
		TellThanks: s.render(func(x told) message.Words {
			if x.e.Thanks == "" {
				return message.Words{}
			}
			return message.Words{Subject: x.other.Called + " says thank you", Text: fmt.Sprintf("%s has written you a word of thanks for %s.\n\nTo read it: %s", x.other.Called, x.doing, s.link(x.e))}
		}),
		TellLetter: s.render(func(x told) message.Words {
			return message.Words{Subject: x.other.Called + " has written to you", Text: fmt.Sprintf("%s has written to you about %s.\n\nTo read it and to answer: %s", x.other.Called, x.doing, s.link(x.e))}
		}),
		TellRight: s.render(func(x told) message.Words {
			switch x.e.State {
			case Settled:
				return message.Words{Subject: "Put right: " + Spoken(*x.e.Minutes),
					Text: fmt.Sprintf("We have talked to you and %s about %s. It is %s now, and the hours have moved.\n\nTo see it: %s", x.other.Called, x.doing, Spoken(*x.e.Minutes), s.link(x.e))}
			case Cancelled:
				return message.Words{Subject: "Put right: no hours move",
					Text: fmt.Sprintf("We have talked to you and %s about %s. No hours move.\n\nTo see it: %s", x.other.Called, x.doing, s.link(x.e))}
			}
			return message.Words{}
		}),
	}
}

func calledOff(x told) message.Words {
	switch {
	case x.e.State == Expired:
		return message.Words{Subject: "No answer yet from " + x.other.Called,
			Text: fmt.Sprintf("We have not heard from %s, so we have stopped waiting. Ring us if you would like to try again, or somebody else.", x.other.Called)}
	case x.e.State != Cancelled:
		return message.Words{}
	case x.e.HelperSaid == "no" || x.e.HelpedSaid == "no":
		return message.Words{Subject: "Not this time: " + x.other.Called,
			Text: fmt.Sprintf("%s can't this time. Ring us if you would like to try again, or somebody else.", x.other.Called)}
	}
	return message.Words{Subject: "Called off: " + x.other.Called,
		Text: fmt.Sprintf("What was planned with %s%s is off. Ring us if you would like another time.", x.other.Called, x.when())}
}

// Calls are the tasks that take a message's place for people without e-mail.
func (s *Service) Calls() map[string]desk.Task {
	calls := map[string]desk.Task{}
	for template, kind := range map[string]string{TellAsked: desk.RingToAsk, TellConfirm: desk.RingToConfirm, TellRemind: desk.RingToRemind,
		TellAgreed: desk.RingToTell, TellOff: desk.RingToTell, TellRight: desk.RingToTell,
		TellTime: desk.RingToAsk, TellKept: desk.RingToTell, TellEnded: desk.RingToTell, TellThanks: desk.RingToTell, TellLetter: desk.RingToRead} {
		calls[template] = desk.Task{Kind: kind, SubjectKind: desk.OfExchange}
	}
	return calls
}

type told struct {
	e         Exchange
	to, other member.Member
	doing     string
	bank      bank.Bank
	every     string // "every week" while it is an arrangement
}

// agreedFor is the time that is agreed.
func (x told) agreedFor() string {
	if x.e.StartsAt == nil {
		return "without a day"
	}
	return SpokenTime(*x.e.StartsAt, x.bank.Location())
}

// who says who helps whom, from the reader's side.
func (x told) who() string {
	if x.to.ID == x.e.HelpedID {
		return fmt.Sprintf("%s helps you with %s", x.other.Called, x.doing)
	}
	return fmt.Sprintf("you help %s with %s", x.other.Called, x.doing)
}

func (x told) when() string {
	if x.e.StartsAt == nil {
		return ""
	}
	return ", " + SpokenTime(*x.e.StartsAt, x.bank.Location())
}

func (s *Service) link(e Exchange) string { return s.URL + "/exchange?id=" + e.ID.String() }

func (s *Service) render(words func(told) message.Words) message.Render {
	return func(ctx context.Context, tx bun.IDB, b bank.Bank, to member.Member, subject uuid.UUID) (message.Words, error) {
		e, err := byID(ctx, tx, b.ID, subject)
		if errors.Is(err, ErrNoExchange) {
			return message.Words{}, nil
		}
		if err != nil {
			return message.Words{}, err
		}
		otherID := e.HelperID
		if to.ID == e.HelperID {
			otherID = e.HelpedID
		}
		other, err := member.ByID(ctx, tx, b.ID, otherID)
		if err != nil {
			return message.Words{}, err
		}
		kinds, err := listing.KindNames(ctx, tx, b.ID)
		if err != nil {
			return message.Words{}, err
		}
		every, err := rhythms(ctx, tx, b.ID, []Exchange{e})
		if err != nil {
			return message.Words{}, err
		}
		t := told{e: e, to: to, other: other, doing: kinds[e.Kind].Doing, bank: b}
		if e.ArrangementID != nil {
			t.every = map[int]string{7: "every week", 14: "every other week"}[every[*e.ArrangementID]]
		}
		return words(t), nil
	}
}

// Describe words exchanges for the desk.
func (s *Service) Describe(ctx context.Context, tx bun.IDB, bankID uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []Exchange
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bankID).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read exchanges: %w", err)
	}
	var people []uuid.UUID
	for _, e := range rows {
		people = append(people, e.HelperID, e.HelpedID)
	}
	names, err := member.Some(ctx, tx, bankID, people)
	if err != nil {
		return nil, err
	}
	label, err := member.Labels(ctx, tx, bankID, names)
	if err != nil {
		return nil, err
	}
	unheard, err := message.Unheard(ctx, tx, bankID, ids)
	if err != nil {
		return nil, err
	}
	kinds, err := listing.KindNames(ctx, tx, bankID)
	if err != nil {
		return nil, err
	}
	b, err := bank.ByID(ctx, tx, bankID)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]desk.Line{}
	for _, e := range rows {
		ring := toRing(e, names, unheard[e.ID])
		helper, helped := label[e.HelperID], label[e.HelpedID]
		what := fmt.Sprintf("%s helps %s with %s", helper, helped, kinds[e.Kind].Doing)
		switch {
		case e.State == Done || e.State == Disputed || e.State == Settled:
			what = fmt.Sprintf("%s helped %s with %s, %s", helper, helped, kinds[e.Kind].Doing, Spoken(*e.Minutes))
		case e.NewStartsAt != nil:
			what += ", another time: " + SpokenTime(*e.NewStartsAt, b.Location())
		case e.StartsAt != nil:
			what += ", " + SpokenTime(*e.StartsAt, b.Location())
		}
		if e.State == Cancelled || e.State == Expired {
			what = "Called off: " + what
		}
		called := make([]string, len(ring))
		for i, m := range ring {
			called[i] = label[m.ID]
		}
		out[e.ID] = desk.Line{Who: strings.Join(called, " and "), What: what, Link: "/broker/exchange?id=" + e.ID.String(), Member: &ring[0].ID}
	}
	return out, nil
}

// toRing is whom a broker rings about an exchange: whom its newest news did not
// reach by e-mail; else whoever it waits for, or both sides, but nobody who gets
// an e-mail while another does not.
func toRing(e Exchange, names map[uuid.UUID]member.Member, unheard []uuid.UUID) []member.Member {
	var missed []member.Member
	for _, id := range []uuid.UUID{e.HelperID, e.HelpedID} {
		if e.State != Disputed && slices.Contains(unheard, id) {
			missed = append(missed, names[id])
		}
	}
	if len(missed) > 0 {
		return missed
	}
	sides := waitingFor(e)
	if len(sides) == 0 || e.State == Disputed {
		sides = []Side{Helper, Helped}
	}
	var all, calls []member.Member
	for _, side := range sides {
		m := names[e.HelperID]
		if side == Helped {
			m = names[e.HelpedID]
		}
		if all = append(all, m); m.ReachBy != member.ByEmail {
			calls = append(calls, m)
		}
	}
	if len(calls) > 0 {
		return calls
	}
	return all
}

// DescribeMember words members for the desk.
func DescribeMember(ctx context.Context, tx bun.IDB, bankID uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	people, err := member.Some(ctx, tx, bankID, ids)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]desk.Line{}
	for id, m := range people {
		out[id] = desk.Line{Who: m.Called, What: "Has had a good deal more help than given. A friendly word, and a chance to give.", Link: "/broker/member?id=" + id.String(), Member: &id}
	}
	return out, nil
}
