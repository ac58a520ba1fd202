package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Closing closes a bank's books for a period.
type Closing struct {
	Bank    uuid.UUID
	Through Date // the last day that is closed, in the bank's own zone
	Actor   uuid.UUID
	Reason  string
	At      time.Time
}

// ErrNotAfter: the books are closed through a later day already, or through this
// one by somebody else.
type ErrNotAfter struct{ Asked, Through Date }

func (e ErrNotAfter) Error() string {
	return fmt.Sprintf("ledger: the books are closed through %s already, this asks for %s", e.Through, e.Asked)
}

// CloseBooks lets no transfer take effect on or before a day any more, and writes
// down what every account stood at by the transfers that took effect until then.
// A mistake in a closed period is answered by a reversal in an open one. Posting
// waits while it runs. The same closing again answers nil again.
//
// Refusals: ErrInvalid, ErrNotAfter, ErrFuture for a day that has ended nowhere
// on earth.
func CloseBooks(ctx context.Context, db bun.IDB, c Closing) error {
	if err := checkChange(c.Bank, c.Bank, c.Actor, c.Reason, c.At); err != nil {
		return err
	}
	if !c.Through.valid() {
		return ErrInvalid{"last day", "is not a day"}
	}
	// Where days begin first they end 10 hours into the day of UTC.
	if c.Through.time().Add(10 * time.Hour).After(c.At.UTC()) {
		return ErrFuture{c.Through, c.At}
	}
	var outcome, latest string
	err := db.NewRaw("select outcome, latest::text from ledger.close_books(?, ?, ?, ?, ?)", c.Bank, c.Through.String(), c.Actor, c.Reason,
		stamp(c.At)).Scan(ctx, &outcome, &latest)
	if err != nil {
		return fmt.Errorf("ledger: close books: %w", err)
	}
	switch outcome {
	case "closed", "replayed":
		return nil
	case "not-after":
		day, err := ParseDate(latest)
		if err != nil {
			return fmt.Errorf("ledger: close books: %w", err)
		}
		return ErrNotAfter{Asked: c.Through, Through: day}
	}
	return fmt.Errorf("ledger: unknown outcome %q", outcome)
}

// Closings is a bank's closings, oldest first.
func Closings(ctx context.Context, db bun.IDB, bank uuid.UUID) ([]Closing, error) {
	rows, err := db.QueryContext(ctx, "select through::text, actor, reason, closed_at from ledger.closing where bank_id = ? order by through", bank)
	if err != nil {
		return nil, fmt.Errorf("ledger: closings: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Closing
	for rows.Next() {
		c := Closing{Bank: bank}
		var day string
		if err := rows.Scan(&day, &c.Actor, &c.Reason, &c.At); err != nil {
			return nil, fmt.Errorf("ledger: closings: %w", err)
		}
		if c.Through, err = ParseDate(day); err != nil {
			return nil, fmt.Errorf("ledger: closings: %w", err)
		}
		c.At = c.At.UTC()
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("ledger: closings: %w", err)
	}
	return out, nil
}

// ClosingBalances is what each account stood at when the books were closed through
// a day; empty where no closing ends on it.
func ClosingBalances(ctx context.Context, db bun.IDB, bank uuid.UUID, through Date) (map[uuid.UUID]Minutes, error) {
	rows, err := db.QueryContext(ctx, "select account_id, balance from ledger.closing_balance where bank_id = ? and through = ?", bank, through.String())
	if err != nil {
		return nil, fmt.Errorf("ledger: closing balances: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[uuid.UUID]Minutes{}
	for rows.Next() {
		var id uuid.UUID
		var m Minutes
		if err := rows.Scan(&id, &m); err != nil {
			return nil, fmt.Errorf("ledger: closing balances: %w", err)
		}
		out[id] = m
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("ledger: closing balances: %w", err)
	}
	return out, nil
}
