package joining

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
)

type invitation struct {
	bun.BaseModel `bun:"table:invitation"`

	BankID    uuid.UUID `bun:"bank_id"`
	ID        uuid.UUID `bun:"id"`
	Hash      []byte    `bun:"hash"`
	UsesLeft  int       `bun:"uses_left"`
	MadeBy    uuid.UUID `bun:"made_by"`
	CreatedAt time.Time `bun:"created_at"`
	ExpiresAt time.Time `bun:"expires_at"`
}

// ErrInvitation refuses a code that is wrong, used up or too old.
var ErrInvitation = fault.New(fault.Invalid, "wrong-invitation", "This code does not work. Check the letters, or apply without it.")

// inviteLife is how long a printed code works.
const inviteLife = 60 * 24 * time.Hour

// Invite makes a code to print, for so many people whom a broker has met. The code
// is shown once.
func (s *Service) Invite(ctx context.Context, a identity.Actor, uses int) (code string, until time.Time, err error) {
	now := s.Clock.Now()
	code = id.NewReference('J')
	i := invitation{BankID: a.Bank.ID, ID: id.New(), Hash: s.Box.Blind("invitation.hash", code), UsesLeft: min(max(uses, 1), 50), MadeBy: a.Person, CreatedAt: now, ExpiresAt: now.Add(inviteLife)}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.NewInsert().Model(&i).Exec(ctx); err != nil {
			return fmt.Errorf("make invitation: %w", err)
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "invite", ObjectKind: "invitation", ObjectID: i.ID})
	})
	return code, i.ExpiresAt, err
}

// joinInvited uses a code up and makes its bearer a member. Somebody with a
// member's address is kept as an application instead, and told the same: a code
// must not tell who is a member. Refuses with ErrInvitation.
func (s *Service) joinInvited(ctx context.Context, tx bun.IDB, b bank.Bank, w Wish, typed string, now time.Time) error {
	code, err := id.ParseReference(typed)
	if err != nil {
		return ErrInvitation.At("/invitation")
	}
	res, err := tx.NewUpdate().Model((*invitation)(nil)).Set("uses_left = uses_left - 1").Where("bank_id = ?", b.ID).
		Where("hash in (?)", bun.List(s.Box.Blinds("invitation.hash", code))).Where("uses_left > 0").Where("expires_at > ?", now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("use invitation: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return ErrInvitation.Wrap(err).At("/invitation")
	}
	if w.Email != "" {
		_, err := identity.PersonByEmail(ctx, tx, w.Email)
		if err == nil {
			return s.keep(ctx, tx, b, w, now)
		}
		if fault.As(err) == nil {
			return err
		}
	}
	m, err := member.Join(ctx, tx, identity.System(b), id.New(), w.joining(), now)
	if err != nil {
		return err
	}
	return s.welcome(ctx, tx, b, m)
}
