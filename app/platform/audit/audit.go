// Package audit keeps, for ever, who did what for whom. Rows are added in the
// transaction of the act itself and can be neither changed nor deleted by the
// application's role.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/id"
)

// Entry is one act.
type Entry struct {
	bun.BaseModel `bun:"table:audit"`

	BankID     uuid.UUID  `bun:"bank_id"`
	ID         uuid.UUID  `bun:"id"`
	At         time.Time  `bun:"at"`
	ActorID    uuid.UUID  `bun:"actor_id"`     // the person, or identity.SystemPerson
	OnBehalfOf *uuid.UUID `bun:"on_behalf_of"` // the member it was done for
	Consent    *string    `bun:"consent"`      // how they agreed: phone, paper, in-person
	Action     string     `bun:"action"`       // an operation's id, or a job's kind
	ObjectKind string     `bun:"object_kind"`
	ObjectID   uuid.UUID  `bun:"object_id"`
	Purpose    *string    `bun:"purpose"` // why staff opened what is not their daily work
}

// Record adds an entry to the caller's transaction.
func Record(ctx context.Context, tx bun.IDB, e Entry) error {
	e.ID = id.New()
	if _, err := tx.NewInsert().Model(&e).Returning("NULL").Exec(db.Later(ctx)); err != nil {
		return fmt.Errorf("record %s: %w", e.Action, err)
	}
	return nil
}
