package bank

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Columns lists what a Bank is read from, for a query that calls directory.bank by
// the name bank: this program's own columns, also where a newer one has added some.
func Columns(pool *bun.DB) string {
	var out []string
	for _, f := range pool.Table(reflect.TypeFor[Bank]()).Fields {
		out = append(out, "bank."+string(f.SQLName))
	}
	return strings.Join(out, ", ")
}

// BySlug finds a bank by its address. Refuses with ErrNoBank.
func BySlug(ctx context.Context, db bun.IDB, slug string) (Bank, error) {
	return one(ctx, db, "slug = ?", slug)
}

// ByID finds a bank. Refuses with ErrNoBank.
func ByID(ctx context.Context, db bun.IDB, id uuid.UUID) (Bank, error) {
	return one(ctx, db, "id = ?", id)
}

func one(ctx context.Context, db bun.IDB, where string, arg any) (Bank, error) {
	var b Bank
	err := db.NewSelect().Model(&b).Where(where, arg).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return b, ErrNoBank
	}
	if err != nil {
		return b, fmt.Errorf("find bank: %w", err)
	}
	return b, nil
}

// All lists the banks by name.
func All(ctx context.Context, db bun.IDB) ([]Bank, error) {
	var out []Bank
	if err := db.NewSelect().Model(&out).Order("name", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list banks: %w", err)
	}
	return out, nil
}

// SetOffice keeps how people reach the bank's office.
func SetOffice(ctx context.Context, tx bun.IDB, b Bank) error {
	if _, err := tx.NewUpdate().Model(&b).Column("phone", "phone_hours").Set("phone_hours_in = ?", b.PhoneHoursIn).Where("id = ?", b.ID).Exec(ctx); err != nil {
		return fmt.Errorf("change office: %w", err)
	}
	return nil
}

// Insert adds a bank; the same id twice is added once. Its ledger accounts are
// opened by the caller.
func Insert(ctx context.Context, db bun.IDB, b Bank) error {
	if _, err := db.NewInsert().Model(&b).On("conflict (id) do nothing").Exec(ctx); err != nil {
		return fmt.Errorf("add bank: %w", err)
	}
	return nil
}
