package exchangefile

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/exchange"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/ledger"
)

// space makes the ids that must come out the same in every import.
var space = uuid.MustParse("6b1f6f0e-6c0a-5d2c-9a51-7d0f3c1e8b42")

// ledgerKey is the idempotency key of what an import posts: the same row can
// never move hours twice, whoever imports it and however often.
func ledgerKey(importKey string) string {
	return "import/" + uuid.NewSHA1(space, []byte(importKey)).String()
}

// clearingID is the account by which a bank keeps hours with another one.
func clearingID(bank uuid.UUID, key string) uuid.UUID {
	return uuid.NewSHA1(space, []byte(bank.String()+" "+key))
}

// idAt is a UUIDv7 of a past instant: lists are shown in the order of their ids.
func idAt(t time.Time) uuid.UUID {
	id := uuid.New()
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(t.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = 0x70 | id[6]&0x0f
	return id
}

// knownMembers lists the members that earlier imports made, by key.
func knownMembers(ctx context.Context, tx bun.IDB, bank uuid.UUID) (map[string]member.Member, error) {
	var rows []member.Member
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("import_key like ?", keyPrefix+"%").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read imported members: %w", err)
	}
	out := make(map[string]member.Member, len(rows))
	for _, m := range rows {
		out[*m.ImportKey] = m
	}
	return out, nil
}

// memberOfPerson finds a person's membership, also one that has ended.
func memberOfPerson(ctx context.Context, tx bun.IDB, bank, person uuid.UUID) (member.Member, bool, error) {
	var rows []member.Member
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("person_id = ?", person).Limit(1).Scan(ctx); err != nil {
		return member.Member{}, false, fmt.Errorf("find membership: %w", err)
	}
	if len(rows) == 0 {
		return member.Member{}, false, nil
	}
	return rows[0], true, nil
}

// knownListings lists the listings that earlier imports made, by key.
func knownListings(ctx context.Context, tx bun.IDB, bank uuid.UUID) (map[string]listing.Listing, error) {
	var rows []listing.Listing
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("import_key like ?", keyPrefix+"%").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read imported listings: %w", err)
	}
	out := make(map[string]listing.Listing, len(rows))
	for _, l := range rows {
		out[*l.ImportKey] = l
	}
	return out, nil
}

// postedTo reads the whole history of these accounts, by idempotency key.
func postedTo(ctx context.Context, tx bun.IDB, bank uuid.UUID, accounts map[string]uuid.UUID) (map[string]ledger.Record, error) {
	const page = 500
	out := map[string]ledger.Record{}
	for _, account := range accounts {
		for before := int64(0); ; {
			lines, err := ledger.Statement(ctx, tx, bank, account, ledger.Page{Before: before, Limit: page})
			if err != nil {
				return nil, fmt.Errorf("read hours: %w", err)
			}
			for _, l := range lines {
				out[l.Record.Key] = l.Record
				before = l.N
			}
			if len(lines) < page || before <= 1 {
				break
			}
		}
	}
	return out, nil
}

// lock lets one import at a time into a bank; a second one waits, and then finds
// what the first has written.
func lock(ctx context.Context, tx bun.IDB, bank uuid.UUID) error {
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(hashtextextended(?, 0))", Action+bank.String()); err != nil {
		return fmt.Errorf("wait for another import: %w", err)
	}
	return nil
}

// addExchanges writes settled exchanges with the moves that led there.
func addExchanges(ctx context.Context, tx bun.IDB, all []exchange.Exchange, events []exchange.Event) error {
	const batch = 200
	for i := 0; i < len(all); i += batch {
		some := all[i:min(i+batch, len(all))]
		if _, err := tx.NewInsert().Model(&some).Exec(ctx); err != nil {
			return fmt.Errorf("add exchanges: %w", err)
		}
	}
	for i := 0; i < len(events); i += batch {
		some := events[i:min(i+batch, len(events))]
		if _, err := tx.NewInsert().Model(&some).Exec(ctx); err != nil {
			return fmt.Errorf("add moves: %w", err)
		}
	}
	return nil
}
