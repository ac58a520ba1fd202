package identity

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/web"
)

// Cookies that a browser holds. Over https their names carry the prefixes that
// stop other hosts and plain http from setting them.
func cookieNames(secure bool) (access, refresh string) {
	if secure {
		return "__Host-timebank", "__Secure-timebank-refresh"
	}
	return "timebank", "timebank-refresh"
}

const refreshPath = "/api/session"

// Enter implements web.Gate: it reads the token, finds the bank of the address,
// and lets in who has the permission that the operation names. A bank that the
// person does not belong to is answered like one that does not exist.
func (s *Service) Enter(ctx context.Context, c web.Caller) (context.Context, error) {
	token, err := s.Keys.parse(s.token(c.Request))
	if err != nil {
		return nil, err
	}
	in, err := s.enter(ctx, c, token)
	if f := fault.As(err); f != nil && f.Kind != fault.Unauthenticated {
		s.tell(ctx, "refused", Knock{IP: c.IP}, "operation", web.Operation(ctx), "needs", c.Who, "person", token.Subject, "refused", f.Code)
	}
	return in, err
}

func (s *Service) enter(ctx context.Context, c web.Caller, token claims) (context.Context, error) {
	var err error
	person, session := uuid.MustParse(token.Subject), token.Session
	if len(token.May) > 0 {
		return s.enterProgram(ctx, c, person, token.May)
	}
	a := Actor{Person: person, Session: session}
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error { return a.read(ctx, tx, c) })
	if err != nil {
		return nil, err
	}
	if c.Bank != "" {
		if len(a.Roles) == 0 {
			return nil, bank.ErrNoBank
		}
		err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
			if a.Member, err = s.Member(ctx, tx, a.Bank.ID, person); err != nil || !slices.Contains(a.Roles, StandIn) {
				return err
			}
			a.StandsFor, err = s.Standings(ctx, tx, a.Bank.ID, person)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if c.Who != web.SignedIn && c.Who != HalfSignedIn && !a.May(c.Who) {
		return nil, ErrNotAllowed
	}
	if c.Who == Refer && a.Organisation == uuid.Nil {
		return nil, ErrNotAllowed // a referrer without a surgery refers for nobody
	}
	return context.WithValue(ctx, actorKey{}, a), nil
}

// read fills in who the token's bearer is now: name, bank and roles. Refuses with
// ErrSignIn a session that has ended, and what passed refuses.
func (a *Actor) read(ctx context.Context, tx bun.IDB, c web.Caller) error {
	a.Roles = nil
	var second string
	err := tx.NewSelect().Model((*Session)(nil)).Column("second").Where("id = ?", a.Session).Where("ended_at is null").Scan(ctx, &second)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrSignIn
	}
	if err != nil {
		return err
	}
	p, err := PersonByID(ctx, tx, a.Person)
	if err != nil {
		return err
	}
	if p.ErasedAt != nil {
		return ErrSignIn
	}
	a.Called = p.Called
	if c.Bank == "" {
		if c.Who == RunPlatform {
			if err := a.operator(ctx, tx); err != nil {
				return err
			}
		}
		return passed(ctx, tx, second, c.Who, *a)
	}
	if a.Bank, err = bank.BySlug(ctx, tx, c.Bank); err != nil {
		return err
	}
	all, err := grants(ctx, tx, a.Person)
	for _, g := range all {
		if g.BankID != a.Bank.ID {
			continue
		}
		a.Roles = append(a.Roles, g.Role)
		if g.OrganisationID != nil {
			a.Organisation = *g.OrganisationID
		}
	}
	if err != nil {
		return err
	}
	return passed(ctx, tx, second, c.Who, *a)
}

func (s *Service) token(r *http.Request) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	name, _ := cookieNames(s.Secure)
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
