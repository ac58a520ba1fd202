package exchange

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/member"
	"timebank/app/platform/db"
)

func lock(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Exchange, error) {
	var e Exchange
	err := tx.NewSelect().Model(&e).Where("bank_id = ?", bank).Where("id = ?", id).For("update").Scan(ctx)
	return e, found(err)
}

// beside is what a move needs to know besides the exchange.
type beside struct {
	By      member.Party `bun:"embed:by_"` // the helper
	To      member.Party `bun:"embed:to_"` // the helped
	Awaited bool         // a referral of one of the two waits for them to take part
	FromBy  int          // lines of the helper that the helped has not seen
	FromTo  int          // and the other way round
}

// unread is how many lines somebody has not seen.
func (b beside) unread(e Exchange, who uuid.UUID) int {
	switch who {
	case e.HelperID:
		return b.FromTo
	case e.HelpedID:
		return b.FromBy
	}
	return b.FromBy + b.FromTo
}

// take locks an exchange for an act and reads, in the same question, what is beside it.
func (s *Service) take(ctx context.Context, x *act, id uuid.UUID) error {
	var row struct {
		Exchange
		beside
	}
	bank := x.a.Bank.ID
	letters := unseen(x.tx.NewSelect().Model((*Letter)(nil)), bank).Where("exchange_id = exchange.id").
		ColumnExpr("count(*) filter (where from_id = exchange.helper_id) as from_by").ColumnExpr("count(*) filter (where from_id = exchange.helped_id) as from_to")
	q := x.tx.NewSelect().Model((*Exchange)(nil)).ColumnExpr("?TableColumns").ColumnExpr("letters.*").
		ColumnExpr("exists (?) as awaited", s.Awaited(x.tx, bank, "exchange.helper_id", "exchange.helped_id"))
	q = member.Beside(member.Beside(q, "by", "helper_id"), "to", "helped_id")
	err := q.Join("cross join lateral (?) as letters", letters).Where("exchange.bank_id = ?", bank).Where("exchange.id = ?", id).For("update of exchange").Scan(ctx, &row)
	x.e, x.also = row.Exchange, row.beside
	return found(err)
}

func byID(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Exchange, error) {
	var e Exchange
	err := tx.NewSelect().Model(&e).Where("bank_id = ?", bank).Where("id = ?", id).Scan(ctx)
	return e, found(err)
}

func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNoExchange
	}
	if err != nil {
		return fmt.Errorf("find exchange: %w", err)
	}
	return nil
}

func insert(ctx context.Context, tx bun.IDB, e Exchange, by Event) error {
	if _, err := tx.NewInsert().Model(&e).Exec(ctx); err != nil {
		return fmt.Errorf("add exchange: %w", err)
	}
	by.BankID, by.ExchangeID, by.Seq, by.From, by.To = e.BankID, e.ID, 1, New, e.State
	return insertEvent(ctx, tx, by)
}

// save writes the columns that moves change, and the event of the move. The row
// is locked by the caller; seq is the version before.
func save(ctx context.Context, tx bun.IDB, e Exchange, by Event) error {
	e.Version++
	_, err := tx.NewUpdate().Model(&e).
		Column("state", "starts_at", "place", "note", "helper_said", "helped_said", "minutes", "happened_on", "done_by", "done_at", "settles_on", "transfer_id",
			"arrangement_id", "new_starts_at", "new_by", "asked_at", "thanks", "version").
		Where("bank_id = ?", e.BankID).Where("id = ?", e.ID).Exec(db.Later(ctx))
	if err != nil {
		return fmt.Errorf("save exchange: %w", err)
	}
	if by.From == by.To && !by.Noted {
		return nil // one side has agreed, the other has not yet: no move
	}
	by.BankID, by.ExchangeID, by.Seq = e.BankID, e.ID, e.Version
	return insertEvent(ctx, tx, by)
}

func insertEvent(ctx context.Context, tx bun.IDB, by Event) error {
	if _, err := tx.NewInsert().Model(&by).Returning("NULL").Exec(db.Later(ctx)); err != nil {
		return fmt.Errorf("note move: %w", err)
	}
	return nil
}

// ofMember lists a member's exchanges in these states, soonest meeting first,
// then newest. The states stand in the text, as they do in the index that finds what
// is not over among all that the member ever did.
func ofMember(ctx context.Context, tx bun.IDB, bank, member uuid.UUID, states []State, limit int) ([]Exchange, error) {
	in := make([]string, len(states))
	for i, s := range states {
		in[i] = "'" + string(s) + "'"
	}
	var out []Exchange
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("helper_id = ? or helped_id = ?", member, member).
		Where("state in (?)", bun.Safe(strings.Join(in, ", "))).OrderExpr("starts_at asc nulls last, created_at desc, id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list exchanges: %w", err)
	}
	return out, nil
}

// OfListing lists what came of a listing, newest first.
func OfListing(ctx context.Context, tx bun.IDB, bank, listing uuid.UUID) ([]Exchange, error) {
	var out []Exchange
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("listing_id = ?", listing).Order("created_at DESC", "id").Limit(50).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list exchanges: %w", err)
	}
	return out, nil
}

// startingBetween lists the agreed meetings that begin in [from, to).
func startingBetween(ctx context.Context, tx bun.IDB, bank uuid.UUID, from, to time.Time) ([]Exchange, error) {
	var out []Exchange
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("state = 'agreed'").
		Where("starts_at >= ?", from).Where("starts_at < ?", to).Order("starts_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list meetings: %w", err)
	}
	return out, nil
}

// silentSince lists what nobody has answered by the day on which silence settles.
func silentSince(ctx context.Context, tx bun.IDB, bank uuid.UUID, today time.Time) ([]uuid.UUID, error) {
	var out []uuid.UUID
	err := tx.NewSelect().Model((*Exchange)(nil)).Column("id").Where("bank_id = ?", bank).Where("state = 'done'").
		Where("settles_on <= ?", today).Order("settles_on", "id").Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list unanswered hours: %w", err)
	}
	return out, nil
}

// unanswered lists the proposals that are older than a day, or whose meeting
// would have begun.
func unanswered(ctx context.Context, tx bun.IDB, bank uuid.UUID, day, now time.Time) ([]Exchange, error) {
	var out []Exchange
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("state = 'proposed'").
		Where("coalesce(asked_at, created_at) < ? or starts_at <= ?", day, now).Order("created_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list proposals: %w", err)
	}
	return out, nil
}

// given sums the minutes a member gave in settled exchanges since a day.
func given(ctx context.Context, tx bun.IDB, bank, member uuid.UUID, since time.Time) (int64, error) {
	var sum int64
	err := tx.NewSelect().Model((*Exchange)(nil)).ColumnExpr("coalesce(sum(minutes), 0)").Where("bank_id = ?", bank).
		Where("helper_id = ?", member).Where("state = 'settled'").Where("happened_on >= ?", since).Scan(ctx, &sum)
	if err != nil {
		return 0, fmt.Errorf("sum hours given: %w", err)
	}
	return sum, nil
}

// haveMet tells whether two members have settled hours with each other, whoever
// helped.
func haveMet(ctx context.Context, tx bun.IDB, bank, one, other uuid.UUID) (bool, error) {
	met, err := tx.NewSelect().Model((*Exchange)(nil)).Where("bank_id = ?", bank).Where("state = 'settled'").
		Where("(helper_id = ? and helped_id = ?) or (helper_id = ? and helped_id = ?)", one, other, other, one).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for hours of two: %w", err)
	}
	return met, nil
}
