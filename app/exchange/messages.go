package exchange

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/words"
)

// Renders are the words of this slice's messages, made from how things stand at
// the moment of sending. Each answers nothing when it is no longer true. Words
// name first names and a time, never an address.
func (s *Service) Renders() map[string]message.Render {
	return map[string]message.Render{
		TellAsked: s.render(s.asked),
		TellAgreed: s.render(func(x told) message.Words {
			if x.e.State != Agreed {
				return message.Words{}
			}
			return x.says("It is agreed: {who}", "It is agreed: {what}.\n\nIf you can't come, please say so here, or ring us: {link}")
		}),
		TellRemind: s.render(func(x told) message.Words {
			if x.e.State != Agreed || x.e.StartsAt == nil || x.e.StartsAt.Before(s.Clock.Now()) {
				return message.Words{}
			}
			return x.says("Tomorrow: {who}", "A reminder for tomorrow: {what}.\n\nIf you can't come, please say so here, or ring us: {link}")
		}),
		TellConfirm: s.render(s.isItRight),
		TellOff:     s.render(calledOff),
		TellTime: s.render(func(x told) message.Words {
			if x.e.State != Agreed || x.e.NewBy == nil || *x.e.NewBy == x.to.ID {
				return message.Words{}
			}
			return x.says("{who} asks for another time", "{who} asks to meet at another time: {new}, in place of {time}.\n\nTo say yes or no: {link}",
				"new", x.l.Moment(*x.e.NewStartsAt, x.bank.Location()))
		}),
		TellKept: s.render(func(x told) message.Words {
			if x.e.State != Agreed || x.e.NewBy != nil {
				return message.Words{}
			}
			return x.says("It stays as it was: {who}", "{who} cannot make the other time. It stays {time}.\n\nIf you can't come, please say so here, or ring us: {link}")
		}),
		TellEnded: s.render(func(x told) message.Words {
			still := x.l.Say("There is nothing you need do.")
			if x.e.State == Agreed && x.e.StartsAt != nil && x.e.StartsAt.After(s.Clock.Now()) {
				still = x.l.Say("The next one still stands: {time}.", "time", x.agreedFor())
			}
			return x.says("No longer regularly: {who}", "You and {who} no longer meet regularly for {doing}. {still}\n\nTo see it: {link}", "still", still)
		}),
		TellThanks: s.render(func(x told) message.Words {
			if x.e.Thanks == "" {
				return message.Words{}
			}
			return x.says("{who} says thank you", "{who} has written you a word of thanks for {doing}.\n\nTo read it: {link}")
		}),
		TellLetter: s.render(func(x told) message.Words {
			return x.says("{who} has written to you", "{who} has written to you about {doing}.\n\nTo read it and to answer: {link}")
		}),
		TellRight: s.render(func(x told) message.Words {
			switch x.e.State {
			case Settled:
				return x.says("Put right: {hours}", "We have talked to you and {who} about {doing}. It is {hours} now, and the hours have moved.\n\nTo see it: {link}",
					"hours", words.Minutes(*x.e.Minutes))
			case Cancelled:
				return x.says("Put right: no hours move", "We have talked to you and {who} about {doing}. No hours move.\n\nTo see it: {link}")
			}
			return message.Words{}
		}),
	}
}

func (s *Service) asked(x told) message.Words {
	switch {
	case x.e.State != Proposed:
		return message.Words{}
	case x.every != "":
		return x.says("{who} would like to meet {every}",
			"{who} would like this {every}: {what}. The first time is {time}.\n\nTo say yes or no: {link}\nEither of you can end it at any time.",
			"every", x.every, "what", x.what())
	case x.to.ID == x.e.HelpedID:
		return x.says("{who} can help you", "{who} would like to help you with {doing}{when}.\n\nTo say yes or no: {link}")
	}
	return x.says("Could you help {who}?",
		"{who} would be glad of your help with {doing}{when}.\n\nTo say yes or no: {link}\nNo is fine too. We will ask somebody else.")
}

func (s *Service) isItRight(x told) message.Words {
	if x.e.State != Done || x.e.DoneBy == nil || *x.e.DoneBy == x.to.ID {
		return message.Words{}
	}
	hours := words.Minutes(*x.e.Minutes)
	said := words.Text("{who} says you helped for {hours} ({doing}).")
	if x.to.ID == x.e.HelpedID {
		said = "{who} says they helped you for {hours} ({doing})."
	}
	otherwise := x.l.Say("If we hear nothing, we will ring you. No hours move before you have said yes.")
	if x.e.SettlesOn != nil {
		otherwise = x.l.Say("If we hear nothing by {day}, we take it as a yes.", "day", x.l.Day(*x.e.SettlesOn))
	}
	return x.says("Is {hours} right?", "{said}\n\nIs that right? One tap says yes: {yes}\nIf not: {link}\n{otherwise}", "hours", hours,
		"said", x.l.Say(said, "who", x.other.Called, "hours", hours, "doing", x.doing),
		"yes", fmt.Sprintf("%s/confirm#%s.%s", s.URL, x.bank.Slug, s.confirmLink(x.e, x.to.ID)), "otherwise", otherwise)
}

func calledOff(x told) message.Words {
	switch {
	case x.e.State == Expired:
		return x.says("No answer yet from {who}", "We have not heard from {who}, so we have stopped waiting. Ring us if you would like to try again, or somebody else.")
	case x.e.State != Cancelled:
		return message.Words{}
	case x.e.HelperSaid == "no" || x.e.HelpedSaid == "no":
		return x.says("Not this time: {who}", "{who} can't this time. Ring us if you would like to try again, or somebody else.")
	}
	return x.says("Called off: {who}", "It is off with {who}{when}. Ring us if you would like another time.\n\nTo see it: {link}")
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
	l         words.Language // the reader's
	e         Exchange
	to, other member.Member
	doing     string
	bank      bank.Bank
	every     string // "every week" while it is an arrangement
	link      string
}

// says makes a message of its two texts. What most of them name has its place
// already; pairs fill the rest.
func (x told) says(subject, text words.Text, pairs ...any) message.Words {
	pairs = append(pairs, "who", x.other.Called, "doing", x.doing, "when", x.when(), "time", x.agreedFor(), "link", x.link, "what", x.what()+x.when())
	return message.Words{Subject: x.l.Say(subject, pairs...), Text: x.l.Say(text, pairs...)}
}

// agreedFor is the time that is agreed.
func (x told) agreedFor() string {
	if x.e.StartsAt == nil {
		return x.l.Say("without a day")
	}
	return x.l.Moment(*x.e.StartsAt, x.bank.Location())
}

// what says who helps whom, from the reader's side.
func (x told) what() string {
	if x.to.ID == x.e.HelpedID {
		return x.l.Say("{who} helps you with {doing}", "who", x.other.Called, "doing", x.doing)
	}
	return x.l.Say("you help {who} with {doing}", "who", x.other.Called, "doing", x.doing)
}

func (x told) when() string {
	if x.e.StartsAt == nil {
		return ""
	}
	return x.l.Say(", {time}", "time", x.agreedFor())
}

func (s *Service) link(e Exchange) string { return s.URL + "/exchange?id=" + e.ID.String() }

func (s *Service) render(say func(told) message.Words) message.Render {
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
		t := told{l: words.Of(ctx), e: e, to: to, other: other, doing: kinds[e.Kind].Doing, bank: b, link: s.link(e)}
		if e.ArrangementID != nil {
			t.every = t.l.Say(map[int]words.Text{7: "every week", 14: "every other week"}[every[*e.ArrangementID]])
		}
		return say(t), nil
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
	l := words.Of(ctx)
	out := map[uuid.UUID]desk.Line{}
	for _, e := range rows {
		ring := toRing(e, names, unheard[e.ID])
		pairs := []any{"helper", label[e.HelperID], "helped", label[e.HelpedID], "doing", kinds[e.Kind].Doing}
		what := l.Say("{helper} helps {helped} with {doing}", pairs...)
		switch {
		case e.State == Done || e.State == Disputed || e.State == Settled:
			what = l.Say("{helper} helped {helped} with {doing}, {hours}", append(pairs, "hours", words.Minutes(*e.Minutes))...)
		case e.NewStartsAt != nil:
			what += l.Say(", another time: {time}", "time", l.Moment(*e.NewStartsAt, b.Location()))
		case e.StartsAt != nil:
			what += l.Say(", {time}", "time", l.Moment(*e.StartsAt, b.Location()))
		}
		if e.State == Cancelled || e.State == Expired {
			what = l.Say("Called off: {what}", "what", what)
		}
		called := make([]string, len(ring))
		for i, m := range ring {
			called[i] = label[m.ID]
		}
		out[e.ID] = desk.Line{Who: l.And(called), What: what, Link: "/broker/exchange?id=" + e.ID.String(), Member: &ring[0].ID}
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
		out[id] = desk.Line{Who: m.Called, What: words.Of(ctx).Say("Has had a good deal more help than given. A friendly word, and a chance to give."), Link: "/broker/member?id=" + id.String(), Member: &id}
	}
	return out, nil
}
