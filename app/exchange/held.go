package exchange

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person. The other side of an exchange is
// called by the name they like, which the person knows already.
func Held() []held.Section {
	return []held.Section{
		{Name: "exchanges", Title: "Help you gave and had", Tables: []string{"public.exchange"}, Read: heldExchanges},
		{Name: "arrangements", Title: "Whom you meet regularly", Tables: []string{"public.arrangement"}, Read: heldArrangements},
		{Name: "letters", Title: "What you wrote to each other", Tables: []string{"public.letter"}, Read: heldLetters},
		{Name: "exchange-moves", Title: "How each came about", Tables: []string{"public.exchange_event"}, Read: heldMoves},
	}
}

func exchangesOf(ctx context.Context, tx bun.IDB, s held.Subject) ([]Exchange, map[uuid.UUID]member.Member, error) {
	var rows []Exchange
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("helper_id = ? or helped_id = ?", s.Member, s.Member).Order("created_at DESC", "id").Scan(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list exchanges: %w", err)
	}
	var ids []uuid.UUID
	for _, e := range rows {
		ids = append(ids, e.HelperID, e.HelpedID)
	}
	people, err := member.Some(ctx, tx, s.Bank, ids)
	return rows, people, err
}

func heldExchanges(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	rows, people, err := exchangesOf(ctx, tx, s)
	if err != nil {
		return nil, "", err
	}
	kinds, err := listing.KindNames(ctx, tx, s.Bank)
	if err != nil {
		return nil, "", err
	}
	var out []held.Item
	for _, e := range rows {
		side, with := "you helped", people[e.HelpedID].Called
		if e.HelpedID == s.Member {
			side, with = "you were helped", people[e.HelperID].Called
		}
		i := held.Item{s.T("at", "Planned", e.CreatedAt), held.F("side", "Your part", side), held.F("with", "With", with), held.F("kind", "Kind of help", kinds[e.Kind].Name),
			held.F("state", "State", string(e.State)), s.OptT("starts_at", "Meeting", e.StartsAt), held.F("place", "Place", e.Place), held.F("note", "Note", e.Note), held.F("thanks", "Thanks", e.Thanks), s.OptT("new_starts_at", "Another time suggested", e.NewStartsAt), held.Day("happened_on", "Happened on", e.HappenedOn)}
		if e.Minutes != nil {
			i = append(i, held.N("minutes", "Minutes", *e.Minutes))
		} else {
			i = append(i, held.F("minutes", "Minutes", ""))
		}
		out = append(out, i)
	}
	return out, "", nil
}

func heldMoves(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	rows, people, err := exchangesOf(ctx, tx, s)
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	with := map[uuid.UUID]string{}
	ids := make([]uuid.UUID, len(rows))
	for i, e := range rows {
		ids[i], with[e.ID] = e.ID, people[e.HelpedID].Called
		if e.HelpedID == s.Member {
			with[e.ID] = people[e.HelperID].Called
		}
	}
	var events []Event
	err = tx.NewSelect().Model(&events).Where("bank_id = ?", s.Bank).Where("exchange_id in (?)", bun.List(ids)).Order("at DESC", "exchange_id", "seq DESC").Scan(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read moves: %w", err)
	}
	var out []held.Item
	for _, e := range events {
		forYou := ""
		if e.OnBehalfOf != nil && *e.OnBehalfOf == s.Member {
			forYou = "done for you"
		}
		out = append(out, held.Item{s.T("at", "When", e.At), held.F("with", "With", with[e.ExchangeID]), held.F("from", "From", string(e.From)), held.F("to", "To", string(e.To)),
			held.F("by", "By", string(e.ActedAs)), held.F("for_you", "On your behalf", forYou), held.F("reason", "In words", e.Reason)})
	}
	return out, "", nil
}

func heldArrangements(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	var rows []Arrangement
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("helper_id = ? or helped_id = ?", s.Member, s.Member).Order("created_at DESC", "id").Scan(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read arrangements: %w", err)
	}
	var ids []uuid.UUID
	for _, r := range rows {
		ids = append(ids, r.HelperID, r.HelpedID)
	}
	people, err := member.Some(ctx, tx, s.Bank, ids)
	if err != nil {
		return nil, "", err
	}
	var out []held.Item
	for _, r := range rows {
		with := people[r.HelpedID].Called
		if r.HelpedID == s.Member {
			with = people[r.HelperID].Called
		}
		out = append(out, held.Item{s.T("at", "Since", r.CreatedAt), held.F("with", "With", with), held.F("every", "Every", fmt.Sprintf("%d days", r.EveryDays)), s.OptT("ended_at", "Ended", r.EndedAt)})
	}
	return out, "", nil
}

func heldLetters(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	var rows []struct {
		Letter
		HelperID, HelpedID uuid.UUID
	}
	err := tx.NewSelect().Model((*Letter)(nil)).ColumnExpr("letter.*, e.helper_id, e.helped_id").Join("join exchange e on e.bank_id = letter.bank_id and e.id = letter.exchange_id").
		Where("letter.bank_id = ?", s.Bank).Where("e.helper_id = ? or e.helped_id = ?", s.Member, s.Member).Where("letter.words <> ''").Order("letter.at DESC", "letter.id").Scan(ctx, &rows)
	if err != nil {
		return nil, "", fmt.Errorf("read letters: %w", err)
	}
	var ids []uuid.UUID
	for _, r := range rows {
		ids = append(ids, r.HelperID, r.HelpedID)
	}
	people, err := member.Some(ctx, tx, s.Bank, ids)
	if err != nil {
		return nil, "", err
	}
	var out []held.Item
	for _, r := range rows {
		by := "you"
		if r.FromID != s.Member {
			by = people[r.FromID].Called
		}
		out = append(out, held.Item{s.T("at", "When", r.At), held.F("by", "By", by), held.F("words", "In words", r.Words), s.OptT("seen_at", "Read", r.SeenAt)})
	}
	return out, "", nil
}
