package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// Cookies that a browser holds. Over https their names carry the prefix that stops
// other hosts, sisters too, and plain http from setting them: nobody can slip a
// session of theirs into somebody's browser. The price is the path: both go along
// with every request.
func cookieNames(secure bool) (access, refresh string) {
	if secure {
		return "__Host-timebank", "__Host-timebank-renew"
	}
	return "timebank", "timebank-renew"
}

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
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error { return a.read(ctx, tx, c, bank.Columns(s.Pool)) })
	if err != nil {
		return nil, err
	}
	if slices.Contains(a.Roles, StandIn) {
		err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
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

// entered is what the database knows of a token's bearer, at the bank of the address.
type entered struct {
	Second       string
	Called       *string // nil: there is no such person
	Erased       bool
	Roles        string // separated by commas
	Organisation uuid.NullUUID
	Demands      bool // the bank lets its staff work with a second step only
	Member       uuid.NullUUID
	bank.Bank    // all zero: there is no bank at the address
}

// read fills in who the token's bearer is now: name, bank, roles and membership, in
// one round trip. Refuses with ErrSignIn a session that has ended, and what passed
// refuses.
func (a *Actor) read(ctx context.Context, tx bun.IDB, c web.Caller, ofBank string) error {
	if c.Who != RunPlatform { // nothing is asked after it
		ctx = db.Last(ctx)
	}
	var e entered
	err := tx.NewRaw(`select e.second, e.called, e.erased, e.roles, e.organisation, e.demands, e.member, ?
		from directory.enter(?, ?, ?) as e left join directory.bank as bank on bank.id = e.at_bank`, bun.Safe(ofBank), a.Session, a.Person, c.Bank).Scan(ctx, &e)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrSignIn
	case err != nil:
		return fmt.Errorf("read who it is: %w", err)
	case e.Called == nil:
		return ErrNoPerson
	case e.Erased:
		return ErrSignIn
	}
	a.Called, a.Bank, a.Roles, a.Member, a.Organisation = *e.Called, e.Bank, nil, e.Member.UUID, e.Organisation.UUID
	for r := range strings.SplitSeq(e.Roles, ",") {
		if r != "" {
			a.Roles = append(a.Roles, Role(r))
		}
	}
	if c.Bank == "" {
		if c.Who == RunPlatform {
			if err := a.operator(ctx, tx); err != nil {
				return err
			}
		}
		return passed(e.Second, c.Who, *a, false)
	}
	if a.Bank.ID == uuid.Nil {
		return bank.ErrNoBank
	}
	if err := passed(e.Second, c.Who, *a, e.Demands); err != nil {
		return err
	}
	if len(a.Roles) == 0 {
		return bank.ErrNoBank
	}
	return nil
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
