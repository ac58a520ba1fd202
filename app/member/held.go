package member

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/platform/held"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Held is what this slice keeps about a person: the membership, and the hours.
func Held() []held.Section {
	return []held.Section{
		{Name: "membership", Title: "Your membership", Tables: []string{"public.member"}, Read: heldMembership},
		{Name: "stand-ins", Title: "Who may act for you, and for whom you may act", Tables: []string{"public.standing"}, Read: heldStandings},
		{Name: "hours", Title: "Your hours", Tables: []string{"ledger.account", "ledger.account_change", "ledger.transfer", "ledger.entry", "ledger.hold", "ledger.hold_end"}, Read: heldHours},
	}
}

func heldMembership(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	m, err := ByID(ctx, tx, s.Bank, s.Member)
	if err != nil {
		return nil, "", err
	}
	return []held.Item{{held.F("reference", "Reference", m.Reference), held.F("name", "Name", m.Name), held.F("called", "Called", m.Called),
		held.F("status", "Status", m.Status), held.F("stage", "Trust stage", m.Stage), held.F("area", "Area", m.Area), held.Opt("phone", "Phone", m.Phone),
		held.F("reach_by", "Best way to reach you", m.ReachBy), held.F("reach_note", "On reaching you", m.ReachNote), held.F("needs", "What makes meeting easier", m.Needs),
		held.F("free", "When you are free", strings.Join(SlotWords(words.Of(ctx), m.FreeSlots, 21), ", ")), held.Day("joined_on", "Joined", &m.JoinedOn), s.OptT("seen_at", "Last here", m.SeenAt),
		held.Opt("import_key", "Number in the books we took over", m.ImportKey)}}, "", nil
}

func heldStandings(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	var rows []Standing
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("person_id = ? or member_id = ?", s.Person, s.Member).Order("began_at", "id").Scan(ctx)
	if err != nil {
		return nil, "", err
	}
	var out []held.Item
	for _, st := range rows {
		p, err := identity.PersonByID(ctx, tx, st.PersonID)
		if err != nil {
			return nil, "", err
		}
		m, err := ByID(ctx, tx, s.Bank, st.MemberID)
		if err != nil {
			return nil, "", err
		}
		out = append(out, held.Item{held.F("who", "Who acts", p.Name), held.F("for", "For", m.Called), held.F("may", "May", strings.ReplaceAll(strings.Join(st.May, ", "), "-", " ")),
			held.F("how", "Agreed", st.How), s.T("since", "Since", st.BeganAt), s.OptT("until", "Until", st.EndedAt)})
	}
	return out, "", nil
}

func heldHours(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	m, err := ByID(ctx, tx, s.Bank, s.Member)
	if err != nil {
		return nil, "", err
	}
	b, err := bank.ByID(ctx, tx, s.Bank)
	if err != nil {
		return nil, "", err
	}
	var out []held.Item
	for before := int64(0); ; {
		lines, err := ledger.Statement(ctx, tx, s.Bank, m.AccountID, ledger.Page{Before: before, Limit: 500})
		if err != nil {
			return nil, "", err
		}
		all, err := Named(ctx, tx, identity.Actor{Bank: b}, m.AccountID, lines)
		if err != nil {
			return nil, "", err
		}
		for _, l := range all {
			out = append(out, held.Item{held.N("n", "Number", l.N), held.F("on", "Day", l.Record.EffectiveOn.String()), held.N("minutes", "Minutes", l.Minutes), held.N("balance", "Minutes after it", l.Balance),
				held.F("kind", "What", string(l.Record.Kind)), held.F("help", "Kind of help", l.Record.Category), held.F("with", "With", l.With), held.F("reason", "Reason", l.Record.Reason)})
		}
		if len(lines) < 500 {
			return out, "Above zero: you gave help or were given hours. Below zero: you were helped, or gave hours away.", nil
		}
		before = lines[len(lines)-1].N
	}
}

// slotParts complete the name of a weekday.
var slotParts = []words.Text{"{day} morning", "{day} afternoon", "{day} evening"}

// SlotWords says a mask of half days in words, the first most of them; an empty one
// is not known.
func SlotWords(l words.Language, mask, most int) []string {
	var out []string
	for slot := 0; slot < 21 && len(out) < most; slot++ {
		if mask&(1<<slot) != 0 {
			day := time.Weekday((slot/3 + 1) % 7) // a week of slots begins on Monday
			out = append(out, l.Say(slotParts[slot%3], "day", l.Weekday(day)))
		}
	}
	return out
}
