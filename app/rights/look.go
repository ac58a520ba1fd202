package rights

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/words"
	"timebank/app/referral"
)

// Look is one time that somebody read or did something about a member.
type Look struct {
	audit.Entry
	Who  string // what they are called
	As   string // "broker", "the time bank's own computer"
	What string // completes "Sam …": "opened your record"
}

// actWords of the acts that people look up most; the rest is said plainly.
var actWords = map[string]words.Text{
	"see-member": "opened your record", "read-out-code": "read out a sign-in code to you", "add-member": "made you a member",
	"see-referral": "opened what your surgery told us", "refer-person": "handed you over to us", "join-referred": "made you a member",
	"print-statement": "printed your hours for you",
	"who-looked":      "looked at this list with you", "member-data": "printed everything we hold about you",
	"add-request": "asked for help for you", "add-offer": "offered help for you", "propose-exchange": "planned help with you",
	"agree": "said yes for you", "cancel-exchange": "called something off for you", "say-done": "said for you that it happened", "record-help": "wrote down help for you",
	"confirm-hours": "confirmed hours for you", "dispute-hours": "said for you that hours are not right", "change-details": "changed your details for you",
	"pause-membership": "paused your membership for you", "come-back": "ended your pause for you", "leave": "ended your membership for you",
	"change-permission": "wrote down what you allow", "log-attempt": "tried to reach you", "hold-conversation": "wrote down your first conversation",
	"referral-clocks": "noticed that we are late with you", "give-role": "changed your role",
	"add-photo": "added a photo for you", "describe-photo": "said for you what a photo shows", "remove-photo": "took a photo off for you",
	"sign-up": "signed you up for a gathering", "not-coming": "said for you that you can’t come to a gathering", "give-hours": "gave hours for you",
	"accept-gift": "took a gift of hours for you", "decline-gift": "said no to a gift of hours for you", "take-back-gift": "took a gift of hours back for you",
	"ask-pot": "asked the pot for hours for you", "answer-pot-ask": "answered what you asked of the pot",
	"another-time": "asked for another time for you", "keep-time": "said for you that the time stays", "thank": "said thank you for you", "end-repeat": "ended regular help for you",
	"renew-listing": "kept something on the list for you", "tell-complaint": "wrote down for you what you told us about somebody", "unblock": "let you meet somebody again",
	"move-hours":   "moved hours between two banks for you",
	"add-interest": "asked for you to be told about something", "end-interest": "ended for you that you are told about something",
	"withdraw-listing": "took something off the list for you", "add-stand-in": "let somebody act for you", "end-stand-in": "ended that somebody acts for you", "add-organisation": "made you a member",
}

// pageSize is how many looks a page has.
const pageSize = 50

// WhoLooked lists who read or acted on a member's record, newest first; after is
// the last one seen. Members read their own, and a broker with them. What the
// member did themselves is left out. Refuses others with member.ErrNoMember.
func (s *Service) WhoLooked(ctx context.Context, a identity.Actor, who, after uuid.UUID) (out []Look, more bool, err error) {
	if who != a.Member && !a.May(identity.WorkDesk) {
		return nil, false, member.ErrNoMember
	}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		m, err := member.ByID(ctx, tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		rows, err := looksAt(ctx, tx, m, after)
		if err != nil {
			return err
		}
		if more = len(rows) > pageSize; more {
			rows = rows[:pageSize]
		}
		if out, err = s.worded(ctx, tx, a, rows); err != nil || who == a.Member {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: "who-looked", ObjectKind: "member", ObjectID: who})
	})
	return out, more, err
}

func looksAt(ctx context.Context, tx bun.IDB, m member.Member, after uuid.UUID) ([]audit.Entry, error) {
	objects := []uuid.UUID{m.ID, m.PersonID}
	referred, err := referral.OfMember(ctx, tx, m.BankID, m.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range referred {
		objects = append(objects, r.ID)
	}
	var rows []audit.Entry
	q := tx.NewSelect().Model(&rows).Where("bank_id = ?", m.BankID).Where("actor_id <> ?", m.PersonID).
		Where("object_id in (?) or on_behalf_of = ?", bun.List(objects), m.ID).Order("id DESC").Limit(pageSize + 1)
	if after != uuid.Nil {
		q = q.Where("id < ?", after) // ids are made in time's order
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	return rows, nil
}

func (s *Service) worded(ctx context.Context, tx bun.IDB, a identity.Actor, rows []audit.Entry) ([]Look, error) {
	var ids []uuid.UUID
	for _, r := range rows {
		if !slices.Contains(ids, r.ActorID) {
			ids = append(ids, r.ActorID)
		}
	}
	names, err := identity.CalledBy(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	l := words.Of(ctx)
	as := map[uuid.UUID]string{identity.SystemPerson: l.Say("the time bank's own computer")}
	for _, id := range ids {
		if _, ok := as[id]; ok {
			continue
		}
		roles, err := identity.RolesIn(ctx, tx, id, a.Bank.ID)
		if err != nil {
			return nil, err
		}
		as[id] = l.Say(asWords(roles))
	}
	out := make([]Look, len(rows))
	for i, r := range rows {
		out[i] = Look{Entry: r, Who: names[r.ActorID], As: as[r.ActorID], What: l.Say(actWords[r.Action])}
		if out[i].Who == "" {
			out[i].Who = a.Bank.Name
		}
		if out[i].What == "" {
			out[i].What = l.Say("worked on your record ({action})", "action", strings.ReplaceAll(r.Action, "-", " "))
		}
	}
	return out, nil
}

// roleWords are those of the roles that explain why somebody could look, the
// strongest first.
var roleWords = []struct {
	role identity.Role
	text words.Text
}{
	{identity.Coordinator, "coordinator"}, {identity.Broker, "broker"}, {identity.SafeguardingLead, "safeguarding lead"}, {identity.PracticeManager, "practice manager"},
	{identity.Receptionist, "receptionist"}, {identity.StandIn, "stand-in"}, {identity.Member, "member"}, {identity.CoChair, "member"},
}

// asWords is the role that explains why somebody could look.
func asWords(roles []identity.Role) words.Text {
	for _, r := range roleWords {
		if slices.Contains(roles, r.role) {
			return r.text
		}
	}
	return "somebody who does not work here any more"
}
