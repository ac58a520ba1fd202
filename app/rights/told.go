package rights

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/words"
)

// The messages about acts on somebody's behalf.
const (
	TellDone     = "done-for-you"           // by staff: who has no e-mail agreed on the phone or face to face
	TellStandIn  = "done-by-stand-in"       // by a stand-in: who has no e-mail is rung
	tellBehalfOf = "tell-of-acts-on-behalf" // the job
)

// untold are acts that the member hears of otherwise: both sides are told of what
// is agreed, and of a stand-in when they begin and end; who leaves is forgotten.
var untold = []string{"agree", "add-stand-in", "end-stand-in", "leave"}

// TellBehalf is the job that tells members what was done for them.
type TellBehalf struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (TellBehalf) Kind() string { return tellBehalfOf }

// TellBehalf tells, by each member's own route, what was done for them in the last
// day, each act once. It reads the journal, so an operation on somebody's behalf
// that keeps both names, as every one must, is told without doing anything more.
func (s *Service) TellBehalf(ctx context.Context, bankID uuid.UUID) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		b, err := bank.ByID(ctx, tx, bankID)
		if err != nil {
			return err
		}
		var rows []audit.Entry
		err = tx.NewSelect().Model(&rows).Where("bank_id = ?", bankID).Where("on_behalf_of is not null").Where("at > ?", now.AddDate(0, 0, -1)).
			Where("action not in (?)", bun.List(untold)).
			Where("not exists (select 1 from message m where m.bank_id = entry.bank_id and m.subject_id = entry.id)").Order("at", "id").Limit(500).Scan(ctx)
		if err != nil {
			return fmt.Errorf("read acts on behalf: %w", err)
		}
		for _, e := range rows {
			m, err := member.ByID(ctx, tx, bankID, *e.OnBehalfOf)
			if fault.As(err) != nil || err == nil && m.Status == member.Left {
				continue
			}
			if err != nil {
				return err
			}
			to := message.To{Bank: b, Member: m.ID, Template: TellDone, Subject: e.ID, CallBy: b.AfterWorkingDays(now, 2)}
			if e.Consent != nil && *e.Consent == identity.ByStanding {
				to.Template = TellStandIn
			}
			if err := s.Message.Write(ctx, tx, to); err != nil {
				return err
			}
		}
		return nil
	})
}

// Renders are the words of this slice's messages, and of those about stand-ins.
func (s *Service) Renders() map[string]message.Render {
	return map[string]message.Render{
		TellDone: s.doneForYou, TellStandIn: s.doneForYou,
		member.TellStandIn: func(ctx context.Context, tx bun.IDB, b bank.Bank, to member.Member, subject uuid.UUID) (message.Words, error) {
			who, may, ok, err := s.standing(ctx, tx, b, subject, true)
			if err != nil || !ok {
				return message.Words{}, err
			}
			return says(ctx, "{who} can act for you now", "{who} can now do this for you at {bank}: {may}.\n\nYou can end it at any time: {link}\nOr ring us: {phone}",
				"who", who, "bank", b.Name, "may", may, "link", s.URL+"/me/people", "phone", b.Phone), nil
		},
		member.TellStandInEnded: func(ctx context.Context, tx bun.IDB, b bank.Bank, to member.Member, subject uuid.UUID) (message.Words, error) {
			who, _, _, err := s.standing(ctx, tx, b, subject, false)
			if err != nil {
				return message.Words{}, err
			}
			return says(ctx, "{who} does not act for you any more", "{who} cannot do anything for you at {bank} any more.\n\nIf that is not what you want, ring us: {phone}",
				"who", who, "bank", b.Name, "phone", b.Phone), nil
		},
	}
}

// says makes a message of its two texts.
func says(ctx context.Context, subject, text words.Text, pairs ...any) message.Words {
	l := words.Of(ctx)
	return message.Words{Subject: l.Say(subject, pairs...), Text: l.Say(text, pairs...)}
}

// limitWords says what a stand-in may do so that it completes "They can …".
var limitWords = map[string]words.Text{
	identity.ReadDiary: "read what you have planned", identity.AskHelp: "ask for help for you", identity.OfferHelp: "offer help for you",
	identity.AnswerPlans: "say yes or no for you", identity.SayHours: "write down and confirm hours",
}

func (s *Service) standing(ctx context.Context, tx bun.IDB, b bank.Bank, id uuid.UUID, open bool) (who, may string, ok bool, err error) {
	st, err := member.StandingByID(ctx, tx, b.ID, id)
	if err != nil {
		return "", "", false, err
	}
	p, err := identity.PersonByID(ctx, tx, st.PersonID)
	l := words.Of(ctx)
	var all []string
	for _, m := range st.May {
		all = append(all, l.Say(limitWords[m]))
	}
	slices.Sort(all)
	return p.Name, strings.Join(all, l.Say(", ")), !open || st.EndedAt == nil, err
}

func (s *Service) doneForYou(ctx context.Context, tx bun.IDB, b bank.Bank, to member.Member, subject uuid.UUID) (message.Words, error) {
	who, what, err := s.act(ctx, tx, b, subject)
	if err != nil || who == "" {
		return message.Words{}, err
	}
	return says(ctx, "{who} did something for you", "{who} {what}.\n\nYou can read all that was done for you here: {link}\nDid you not want this? Ring us: {phone}",
		"who", who, "what", what, "link", s.URL+"/me/looked", "phone", b.Phone), nil
}

// act words one entry of the journal; nobody's name when there is none.
func (s *Service) act(ctx context.Context, tx bun.IDB, b bank.Bank, id uuid.UUID) (who, what string, err error) {
	var rows []audit.Entry
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", b.ID).Where("id = ?", id).Scan(ctx); err != nil {
		return "", "", fmt.Errorf("read act: %w", err)
	}
	looks, err := s.worded(ctx, tx, identity.Actor{Bank: b}, rows)
	if err != nil || len(looks) == 0 {
		return "", "", err
	}
	return looks[0].Who, looks[0].What, nil
}

// Calls are the tasks that take a message's place for people without e-mail.
func Calls() map[string]desk.Task {
	return map[string]desk.Task{
		TellStandIn:        {Kind: desk.RingToTell, SubjectKind: desk.OfAct},
		member.TellStandIn: {Kind: desk.RingToTell, SubjectKind: desk.OfStanding}, member.TellStandInEnded: {Kind: desk.RingToTell, SubjectKind: desk.OfStanding},
	}
}

// DescribeActs words, for the desk, what a stand-in did for somebody to be rung.
func (s *Service) DescribeActs(ctx context.Context, tx bun.IDB, bankID uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []audit.Entry
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bankID).Where("id in (?)", bun.List(ids)).Where("on_behalf_of is not null").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read acts: %w", err)
	}
	looks, err := s.worded(ctx, tx, identity.Actor{Bank: bank.Bank{ID: bankID}}, rows)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]desk.Line{}
	for _, l := range looks {
		m, err := member.ByID(ctx, tx, bankID, *l.OnBehalfOf)
		if err != nil {
			return nil, err
		}
		out[l.ID] = desk.Line{Who: m.Called, What: words.Of(ctx).Say("Tell them: “{who} {what}.”", "who", l.Who, "what", l.What), Link: "/broker/member?id=" + m.ID.String(), Member: &m.ID}
	}
	return out, nil
}

// DescribeStandings words, for the desk, who acts for somebody to be rung.
func DescribeStandings(ctx context.Context, tx bun.IDB, bankID uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	out := map[uuid.UUID]desk.Line{}
	for _, id := range ids {
		st, err := member.StandingByID(ctx, tx, bankID, id)
		if err != nil {
			return nil, err
		}
		m, err := member.ByID(ctx, tx, bankID, st.MemberID)
		if err != nil {
			return nil, err
		}
		p, err := identity.PersonByID(ctx, tx, st.PersonID)
		if err != nil {
			return nil, err
		}
		what := words.Text("Tell them that {who} can act for them now, and that they can end it.")
		if st.EndedAt != nil {
			what = "Tell them that {who} does not act for them any more."
		}
		out[id] = desk.Line{Who: m.Called, What: words.Of(ctx).Say(what, "who", p.Called), Link: "/broker/member?id=" + m.ID.String(), Member: &m.ID}
	}
	return out, nil
}
