package referral

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person who was referred and became a
// member. Notes that staff wrote are counted and dated here and not shown: they
// may speak of other people or of somebody's safety, so a person goes through
// them before they are given (docs/decisions/0008).
func (s *Service) Held() []held.Section {
	return []held.Section{
		{Name: "referral", Title: "What your surgery told us", Tables: []string{"public.referral"}, Read: s.heldTold},
		{Name: "referral-permissions", Title: "What you allow", Tables: []string{"public.referral_permission"}, Read: s.heldPermissions},
		{Name: "referral-events", Title: "What happened since", Tables: []string{"public.referral_event", "public.referral_clock"}, Read: s.heldEvents},
	}
}

// OfMember lists the referrals that became a membership, oldest first.
func OfMember(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) ([]Referral, error) {
	var rows []Referral
	if member == uuid.Nil {
		return nil, nil
	}
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("member_id = ?", member).Order("submitted_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find referrals of member: %w", err)
	}
	return rows, nil
}

func (s *Service) heldTold(ctx context.Context, tx bun.IDB, who held.Subject) ([]held.Item, words.Text, error) {
	rows, err := OfMember(ctx, tx, who.Bank, who.Member)
	if err != nil {
		return nil, "", err
	}
	names, err := organisationNames(ctx, tx, who.Bank, rows)
	if err != nil {
		return nil, "", err
	}
	var out []held.Item
	for _, r := range rows {
		var t Told
		if err := openJSON(s.Box, r.place(), r.Sealed, &t); err != nil {
			return nil, "", err
		}
		someone := t.SomeoneName
		if t.SomeoneRelation != "" {
			someone += " (" + t.SomeoneRelation + ")"
		}
		out = append(out, held.Item{held.F("reference", "Reference", r.Reference), held.F("from", "From", names[r.OrganisationID]), who.T("at", "Sent", r.SubmittedAt),
			held.F("agreed", "You agreed", t.Agreed), held.F("name", "Name", t.Name), held.F("called", "Called", t.Called),
			held.F("born", "Born", born(t)), held.F("reach_by", "Best way to reach you", t.ReachBy), held.F("reach", "Number or address", t.Reach),
			held.F("someone", "Through", someone), held.F("safe_message", "Safe to leave a message", t.SafeMessage), held.F("wants", "What would help", strings.Join(t.Wants, ", ")),
			held.F("good_at", "What you are good at", t.GoodAt), held.F("easier", "What makes it easier", strings.Join(t.Easier, ", ")), held.F("language", "Interpreter", t.Language),
			held.F("safety", "To keep people safe", t.Safety), held.F("their_reference", "The surgery's own number", t.YourReference), held.F("state", "State", string(r.State)),
			held.Opt("outcome", "How it ended", r.Outcome), who.OptT("closed_at", "Closed", r.ClosedAt)})
	}
	return out, "", nil
}

func born(t Told) string {
	switch {
	case t.BirthYear == 0:
		return ""
	case t.BirthDay == 0:
		return fmt.Sprintf("%04d", t.BirthYear)
	}
	return fmt.Sprintf("%04d-%02d-%02d", t.BirthYear, t.BirthMonth, t.BirthDay)
}

func (s *Service) heldPermissions(ctx context.Context, tx bun.IDB, who held.Subject) ([]held.Item, words.Text, error) {
	rows, err := OfMember(ctx, tx, who.Bank, who.Member)
	if err != nil {
		return nil, "", err
	}
	var out []held.Item
	for _, r := range rows {
		var all []Permission
		err := tx.NewSelect().Model(&all).Where("bank_id = ?", who.Bank).Where("referral_id = ?", r.ID).Order("at", "permission", "seq").Scan(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("read permissions: %w", err)
		}
		for _, p := range all {
			answer := "no"
			if p.Given {
				answer = "yes"
			}
			out = append(out, held.Item{who.T("at", "When", p.At), held.F("permission", "Permission", p.Permission), held.F("answer", "You said", answer), held.F("how", "How", p.How), held.F("wording", "Words", p.Wording)})
		}
	}
	return out, "", nil
}

func (s *Service) heldEvents(ctx context.Context, tx bun.IDB, who held.Subject) ([]held.Item, words.Text, error) {
	rows, err := OfMember(ctx, tx, who.Bank, who.Member)
	if err != nil {
		return nil, "", err
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	events, err := eventsOf(ctx, tx, who.Bank, ids...)
	if err != nil {
		return nil, "", err
	}
	notes := 0
	var out []held.Item
	for _, r := range rows {
		for _, e := range events[r.ID] {
			words := ""
			if e.Sealed != nil {
				notes++
				words = "staff wrote a note"
			}
			out = append(out, held.Item{who.T("at", "When", e.At), held.F("kind", "What", e.Kind), held.F("from", "From", string(e.From)), held.F("to", "To", string(e.To)),
				held.F("by", "By", string(e.ActedAs)), held.Opt("channel", "How", e.Channel), held.Opt("result", "Result", e.Result), held.F("words", "In words", words)})
		}
	}
	if notes == 0 {
		return out, "", nil
	}
	return out, "Staff wrote notes about your referral. Because a note may speak of somebody else too, a person goes through them with you: ask for them, and you get them within a month.", nil
}
