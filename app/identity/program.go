package identity

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/web"
)

// programLife is the longest life of a token that an operator makes.
const programLife = time.Hour

// Program is what acts in one bank without being a person: an integration with a
// secret, or the bearer of a token that an operator made.
type Program struct {
	bun.BaseModel `bun:"table:directory.client"`

	ID         uuid.UUID  `bun:"id,pk"`
	BankID     uuid.UUID  `bun:"bank_id"`
	Name       string     `bun:"name"`
	SecretHash []byte     `bun:"secret_hash"`
	May        []string   `bun:"may,array"`
	CreatedAt  time.Time  `bun:"created_at"`
	ExpiresAt  *time.Time `bun:"expires_at"`
	EndedAt    *time.Time `bun:"ended_at"`
}

var (
	// ErrProgram refuses a program that we do not know, has ended, or has another secret.
	ErrProgram = fault.New(fault.Unauthenticated, "no-such-program", "This program may not enter. Ask whoever runs the time bank for a new secret.")
	// ErrPermission refuses to give a program what it cannot have.
	ErrPermission = fault.New(fault.Invalid, "permission", "A program may have: work-the-desk, set-policy.")
)

// AddProgram makes an integration and returns its secret, which is shown once and
// not kept. Refuses with ErrPermission.
func (s *Service) AddProgram(ctx context.Context, b bank.Bank, name string, may []string) (Program, string, error) {
	secret, hash := newRefresh()
	p, err := s.addProgram(ctx, b, name, may, hash, nil)
	return p, secret, err
}

// OperatorToken makes a bearer token for an operator: named permissions, one bank,
// at most an hour. Refuses with ErrPermission.
func (s *Service) OperatorToken(ctx context.Context, b bank.Bank, name string, may []string, life time.Duration) (Program, string, error) {
	life = min(life, programLife)
	until := s.Clock.Now().Add(life)
	p, err := s.addProgram(ctx, b, name, may, nil, &until)
	if err != nil {
		return p, "", err
	}
	token, err := s.Keys.sign(programClaims(p), life)
	return p, token, err
}

func programClaims(p Program) claims {
	return claims{RegisteredClaims: jwt.RegisteredClaims{Subject: p.ID.String()}, May: p.May}
}

func (s *Service) addProgram(ctx context.Context, b bank.Bank, name string, may []string, hash []byte, until *time.Time) (Program, error) {
	name, ok := CleanName(name)
	if !ok || len(may) == 0 || slices.ContainsFunc(may, func(m string) bool { return m != WorkDesk && m != SetPolicy }) {
		return Program{}, ErrPermission
	}
	now := s.Clock.Now()
	p := Program{ID: id.New(), BankID: b.ID, Name: name, SecretHash: hash, May: may, CreatedAt: now, ExpiresAt: until}
	return p, db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		// Journals name a person for every act; nobody can sign in as this one.
		if err := AddPerson(ctx, tx, Person{ID: p.ID, Name: name, Called: name, CreatedAt: now}); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&p).Exec(ctx); err != nil {
			return fmt.Errorf("add program: %w", err)
		}
		return nil
	})
}

// EndProgram stops a program with its next request. Refuses with ErrProgram.
func (s *Service) EndProgram(ctx context.Context, program uuid.UUID) error {
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if _, err := s.program(ctx, tx, program); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*Program)(nil)).Set("ended_at = ?", s.Clock.Now()).Where("id = ?", program).Exec(ctx)
		return err
	})
}

// program finds one that may enter now. Refuses with ErrProgram.
func (s *Service) program(ctx context.Context, tx bun.IDB, id uuid.UUID) (Program, error) {
	var p Program
	err := tx.NewSelect().Model(&p).Where("id = ?", id).Where("ended_at is null").
		Where("expires_at is null or expires_at > ?", s.Clock.Now()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrProgram
	}
	if err != nil {
		return p, fmt.Errorf("find program: %w", err)
	}
	return p, nil
}

// ProgramToken trades an integration's secret for a token of ten minutes. Refuses
// with ErrProgram, whatever was wrong, and with ErrTooMany.
func (s *Service) ProgramToken(ctx context.Context, program uuid.UUID, secret, ip string) (token string, may []string, err error) {
	now := s.Clock.Now()
	var p Program
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		ok, err := s.take(ctx, tx, "program-from/"+network(ip), 60, 10*time.Second, now)
		if err != nil || !ok {
			return errors.Join(err, ifFalse(ok, ErrTooMany))
		}
		p, err = s.program(ctx, tx, program)
		if fault.As(err) != nil {
			p, err = Program{}, nil // commit the count; told below
		}
		return err
	})
	if err != nil {
		return "", nil, err
	}
	if subtle.ConstantTimeCompare(p.SecretHash, hashRefresh(secret)) != 1 {
		return "", nil, ErrProgram
	}
	token, err = s.Keys.sign(programClaims(p), accessLife)
	return token, p.May, err
}

// enterProgram lets a program in, in its own bank only, and for what both its
// token and its row allow.
func (s *Service) enterProgram(ctx context.Context, c web.Caller, program uuid.UUID, may []string) (context.Context, error) {
	a := Actor{Person: program}
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		p, err := s.program(ctx, tx, program)
		if err != nil {
			return err
		}
		a.Called, a.granted = p.Name, slices.DeleteFunc(slices.Clone(p.May), func(m string) bool { return !slices.Contains(may, m) })
		if c.Bank == "" {
			return nil
		}
		if a.Bank, err = bank.BySlug(ctx, tx, c.Bank); err != nil {
			return err
		}
		if a.Bank.ID != p.BankID {
			return bank.ErrNoBank
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !a.May(c.Who) { // what is about oneself is not for programs
		return nil, ErrNotAllowed
	}
	return context.WithValue(ctx, actorKey{}, a), nil
}
