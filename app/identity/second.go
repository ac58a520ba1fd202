package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/seal"
)

// HalfSignedIn is the permission of the operations that somebody may call who has
// typed in a code but not yet done the second step.
const HalfSignedIn = "half-signed-in"

// What a session knows of the second step.
const (
	secondNone   = "none" // the person has none
	secondNeeded = "needed"
	secondDone   = "done"
	// secondRemembered: this browser did it within the last thirty days.
	secondRemembered = "remembered"
)

// Rules of the second step: RFC 6238 with what every authenticator app has.
const (
	totpPeriod    = 30 // seconds; one step early or late is taken, for clocks that are off
	recoveryCodes = 10
)

var (
	// ErrSecondStep refuses everything but the second step to a session that needs it.
	ErrSecondStep = fault.New(fault.Unauthenticated, "second-step", "Type in the code from your authenticator app.")
	// ErrSecondNeeded refuses work that the bank lets only people with a second step do.
	ErrSecondNeeded = fault.New(fault.Forbidden, "second-factor-needed", "Your work here needs a second step at sign-in. Set one up first.")
	// ErrSecondCode refuses a code that is wrong, too old, or was used.
	ErrSecondCode = fault.New(fault.Invalid, "wrong-second-code", "That code does not work. Wait for the next one in your app, and type in that.")
	// ErrSecondSet refuses to set up what is set up.
	ErrSecondSet = fault.New(fault.Conflict, "second-factor-set", "An authenticator app is set up already. Remove that one first.")
	// ErrSecondFirst refuses to demand of others what one has not done oneself: nobody could undo it.
	ErrSecondFirst = fault.New(fault.Conflict, "second-factor-first", "Set up your own second step first, and sign in with it.")
)

type authenticator struct {
	bun.BaseModel `bun:"table:directory.totp"`

	PersonID    uuid.UUID  `bun:"person_id,pk"`
	Sealed      []byte     `bun:"sealed"`
	CreatedAt   time.Time  `bun:"created_at"`
	ConfirmedAt *time.Time `bun:"confirmed_at"`
	LastStep    int64      `bun:"last_step"`
}

func (a authenticator) place() seal.Place {
	return seal.Place{Column: "totp.sealed", Row: a.PersonID}
}

// authenticatorOf locks and reads a person's authenticator; false when there is none.
func authenticatorOf(ctx context.Context, tx bun.IDB, person uuid.UUID) (authenticator, bool, error) {
	var a authenticator
	err := tx.NewSelect().Model(&a).Where("person_id = ?", person).For("update").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return a, false, nil
	}
	if err != nil {
		return a, false, fmt.Errorf("read authenticator: %w", err)
	}
	return a, true, nil
}

// secondOf is with what a new session of a person begins.
func secondOf(ctx context.Context, tx bun.IDB, person uuid.UUID) (string, error) {
	on, err := tx.NewSelect().Model((*authenticator)(nil)).Where("person_id = ?", person).Where("confirmed_at is not null").Exists(ctx)
	if err != nil {
		return "", fmt.Errorf("read authenticator: %w", err)
	}
	if on {
		return secondNeeded, nil
	}
	return secondNone, nil
}

// BeginAuthenticator makes a secret for an authenticator app; it counts when a
// code from it comes back. Refuses with ErrSecondSet and ErrProve.
func (s *Service) BeginAuthenticator(ctx context.Context, a Actor) (secret, uri string, err error) {
	var raw [20]byte
	_, _ = rand.Read(raw[:])
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Time bank", AccountName: a.Called, Secret: raw[:], Period: totpPeriod})
	if err != nil {
		return "", "", fmt.Errorf("make authenticator: %w", err)
	}
	row := authenticator{PersonID: a.Person, CreatedAt: s.Clock.Now()}
	if row.Sealed, err = s.Box.Seal(row.place(), []byte(key.Secret())); err != nil {
		return "", "", err
	}
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if err := s.Proved(ctx, tx, a); err != nil {
			return err
		}
		old, ok, err := authenticatorOf(ctx, tx, a.Person)
		if err != nil {
			return err
		}
		if ok && old.ConfirmedAt != nil {
			return ErrSecondSet
		}
		_, err = tx.NewInsert().Model(&row).On("conflict (person_id) do update").Set("sealed = excluded.sealed").Set("created_at = excluded.created_at").Exec(ctx)
		return err
	})
	return key.Secret(), key.URL(), err
}

// ConfirmAuthenticator switches the second step on with a code from the app, and
// returns recovery codes, which are shown once. Other devices have to sign in
// again. Refuses with ErrSecondCode, ErrSecondSet and ErrTooMany.
func (s *Service) ConfirmAuthenticator(ctx context.Context, a Actor, typed string) ([]string, error) {
	var codes []string
	now := s.Clock.Now()
	err := s.second(ctx, a, typed, func(ctx context.Context, tx bun.IDB, t authenticator) error {
		if t.ConfirmedAt != nil {
			return ErrSecondSet
		}
		if _, err := tx.NewUpdate().Model((*authenticator)(nil)).Set("confirmed_at = ?", now).Where("person_id = ?", a.Person).Exec(ctx); err != nil {
			return fmt.Errorf("confirm authenticator: %w", err)
		}
		var err error
		if codes, err = s.newRecovery(ctx, tx, a.Person); err != nil {
			return err
		}
		if err := s.tellFactor(ctx, tx, a.Person, factorApp); err != nil {
			return err
		}
		if _, err := endSessions(tx, a.Person, now).Where("id <> ?", a.Session).Exec(ctx); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return nil
	})
	return codes, err
}

// newRecovery makes recovery codes, in place of those that there were.
func (s *Service) newRecovery(ctx context.Context, tx bun.IDB, person uuid.UUID) ([]string, error) {
	if _, err := tx.NewDelete().Table("directory.recovery_code").Where("person_id = ?", person).Exec(ctx); err != nil {
		return nil, fmt.Errorf("forget recovery codes: %w", err)
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		var raw [5]byte
		_, _ = rand.Read(raw[:])
		c := strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
		codes[i] = c[:4] + "-" + c[4:]
		if _, err := tx.ExecContext(ctx, "insert into directory.recovery_code (person_id, hash) values (?, ?)", person, s.Box.Blind("recovery_code.hash", person.String()+c)); err != nil {
			return nil, fmt.Errorf("keep recovery code: %w", err)
		}
	}
	return codes, nil
}

// NewRecovery makes new recovery codes, which are shown once; the old ones do not
// work any more. Refuses with ErrSecondCode and ErrTooMany.
func (s *Service) NewRecovery(ctx context.Context, a Actor, typed string) ([]string, error) {
	var codes []string
	err := s.second(ctx, a, typed, func(ctx context.Context, tx bun.IDB, t authenticator) (err error) {
		if t.ConfirmedAt == nil {
			return ErrSecondCode.At("/code")
		}
		if codes, err = s.newRecovery(ctx, tx, a.Person); err != nil {
			return err
		}
		return s.tellFactor(ctx, tx, a.Person, factorRecovery)
	})
	return codes, err
}

// SecondStep finishes a sign-in with a code from the app or a recovery code; with
// remember, this browser is not asked again for thirty days. Refuses with
// ErrSecondCode and ErrTooMany.
func (s *Service) SecondStep(ctx context.Context, a Actor, typed string, remember bool, from Knock) error {
	err := s.second(ctx, a, typed, func(ctx context.Context, tx bun.IDB, t authenticator) error {
		if t.ConfirmedAt == nil {
			return ErrSecondCode.At("/code")
		}
		if !remember {
			return nil
		}
		return s.remember(ctx, tx, from.Browser, a.Person, s.Clock.Now())
	})
	if err == nil {
		s.tell(ctx, "second step done", from, "person", a.Person, "session", a.Session)
	} else {
		s.tell(ctx, "second step refused", from, "person", a.Person, "session", a.Session, "refused", codeOf(err))
	}
	return err
}

// RemoveAuthenticator switches the second step off, with a last code. Refuses with
// ErrSecondCode and ErrTooMany.
func (s *Service) RemoveAuthenticator(ctx context.Context, a Actor, typed string) error {
	return s.second(ctx, a, typed, func(ctx context.Context, tx bun.IDB, _ authenticator) error {
		if err := dropSecond(ctx, tx, a.Person); err != nil {
			return err
		}
		return s.tellFactor(ctx, tx, a.Person, factorNoApp)
	})
}

// dropSecond forgets a person's second step; open sessions go on as they are.
func dropSecond(ctx context.Context, tx bun.IDB, person uuid.UUID) error {
	for _, table := range []string{"directory.totp", "directory.recovery_code"} {
		if _, err := tx.NewDelete().Table(table).Where("person_id = ?", person).Exec(ctx); err != nil {
			return fmt.Errorf("forget second step: %w", err)
		}
	}
	return nil
}

// second checks a typed code, uses it up, runs then, and marks the session as
// done. A wrong code is counted: the error is told after the commit.
func (s *Service) second(ctx context.Context, a Actor, typed string, then func(context.Context, bun.IDB, authenticator) error) error {
	now := s.Clock.Now()
	wrong := false
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		wrong = false
		if ok, err := s.take(ctx, tx, "second/"+a.Person.String(), 6, time.Minute, now); err != nil || !ok {
			return errors.Join(err, ifFalse(ok, ErrTooMany))
		}
		t, ok, err := authenticatorOf(ctx, tx, a.Person)
		if err != nil {
			return err
		}
		if ok {
			ok, err = s.useCode(ctx, tx, t, typed, now)
		}
		if err != nil {
			return err
		}
		if !ok {
			wrong = true
			return nil
		}
		if err := then(ctx, tx, t); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*Session)(nil)).Set("second = ?", secondDone).Set("proved_at = ?", now).Where("id = ?", a.Session).Exec(ctx)
		return err
	})
	if err == nil && wrong {
		err = ErrSecondCode.At("/code")
	}
	return err
}

// useCode tells whether a code fits, and uses it up.
func (s *Service) useCode(ctx context.Context, tx bun.IDB, t authenticator, typed string, now time.Time) (bool, error) {
	typed = strings.ToLower(cleanCode(typed))
	secret, err := s.Box.Open(t.place(), t.Sealed)
	if err != nil {
		return false, err
	}
	step := now.Unix() / totpPeriod
	for _, at := range []int64{step, step - 1, step + 1} {
		code, err := totp.GenerateCodeCustom(string(secret), time.Unix(at*totpPeriod, 0), totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return false, fmt.Errorf("make code: %w", err)
		}
		if at > t.LastStep && subtle.ConstantTimeCompare([]byte(code), []byte(typed)) == 1 {
			_, err := tx.NewUpdate().Model((*authenticator)(nil)).Set("last_step = ?", at).Where("person_id = ?", t.PersonID).Exec(ctx)
			return err == nil, err
		}
	}
	res, err := tx.ExecContext(ctx, "update directory.recovery_code set used_at = ? where person_id = ? and hash in (?) and used_at is null", now, t.PersonID, bun.List(s.Box.Blinds("recovery_code.hash", t.PersonID.String()+typed)))
	if err != nil {
		return false, fmt.Errorf("use recovery code: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// SecondState is how things stand with somebody's second step.
type SecondState struct {
	On       bool  // an authenticator app is set up
	Left     int64 // recovery codes that were not used
	Done     bool  // this session has done it
	Demanded bool  // a bank they work for asks for it, or they run the platform
	Passkeys int64 // each of them does for both steps
}

// SecondFactor tells how things stand with the actor's second step.
func (s *Service) SecondFactor(ctx context.Context, a Actor) (SecondState, error) {
	var out SecondState
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		second, err := secondOf(ctx, tx, a.Person)
		if err != nil {
			return err
		}
		out.On = second == secondNeeded
		if out.Passkeys, err = tx.NewSelect().Model((*Passkey)(nil)).Where("person_id = ?", a.Person).Count(ctx); err != nil {
			return fmt.Errorf("count passkeys: %w", err)
		}
		if out.Done, err = tx.NewSelect().Model((*Session)(nil)).Where("id = ?", a.Session).Where("second in (?, ?)", secondDone, secondRemembered).Exists(ctx); err != nil {
			return fmt.Errorf("read session: %w", err)
		}
		out.Demanded, err = tx.NewSelect().Table("directory.role").Where("person_id = ?", a.Person).Where("ended_at is null").Where("role in (?)", bun.List(staffRoles)).
			Where("bank_id in (select bank_id from directory.bank_policy where second_factor)").Exists(ctx)
		if err != nil {
			return fmt.Errorf("read policy: %w", err)
		}
		operator, err := isOperator(ctx, tx, a.Person)
		if err != nil {
			return err
		}
		out.Demanded = out.Demanded || operator
		out.Left, err = tx.NewSelect().Table("directory.recovery_code").Where("person_id = ?", a.Person).Where("used_at is null").Count(ctx)
		return err
	})
	return out, err
}

// ResetSecond takes the second step from somebody who lost phone and codes; an
// operator has made sure who asks. They are signed out everywhere. Refuses with
// ErrNoPerson.
func (s *Service) ResetSecond(ctx context.Context, email string) error {
	email, _ = CleanEmail(email)
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		p, err := PersonByEmail(ctx, tx, email)
		if err != nil {
			return err
		}
		if err := errors.Join(dropSecond(ctx, tx, p.ID), dropPasskeys(ctx, tx, p.ID)); err != nil {
			return err
		}
		return EndSessions(ctx, tx, p.ID, s.Clock.Now())
	})
}
