package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/mail"
	"timebank/app/platform/seal"
	"timebank/app/platform/words"
)

// emailChange is a new address that waits for its code.
type emailChange struct {
	bun.BaseModel `bun:"table:directory.email_change"`

	ID        uuid.UUID  `bun:"id,pk"`
	PersonID  uuid.UUID  `bun:"person_id"`
	Hash      []byte     `bun:"hash"`
	Sealed    []byte     `bun:"sealed"`
	CreatedAt time.Time  `bun:"created_at"`
	ExpiresAt time.Time  `bun:"expires_at"`
	Tries     int        `bun:"tries"`
	UsedAt    *time.Time `bun:"used_at"`
}

// newAddress is what stands sealed in a change.
type newAddress struct {
	Email  string `json:"email"`
	Digits string `json:"digits,omitempty"`
}

func (e emailChange) place() seal.Place {
	return seal.Place{Column: "email_change.sealed", Row: e.ID}
}

// ErrEmail refuses what no mail can be sent to.
var ErrEmail = fault.New(fault.Invalid, "email", "Enter an e-mail address, like ada@example.org.")

// AskEmailChange sends a code to a new address of the actor's. It says the same
// when somebody else has the address, who then gets no code. Refuses with
// ErrEmail, ErrProve and ErrTooMany.
func (s *Service) AskEmailChange(ctx context.Context, a Actor, email string) error {
	email, ok := CleanEmail(email)
	if !ok {
		return ErrEmail.At("/email")
	}
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if err := s.Proved(ctx, tx, a); err != nil {
			return err
		}
		if ok, err := s.take(ctx, tx, "email-change/"+a.Person.String(), 5, 2*time.Minute, now); err != nil || !ok {
			return errors.Join(err, ifFalse(ok, ErrTooMany))
		}
		e := emailChange{ID: id.New(), PersonID: a.Person, CreatedAt: now, ExpiresAt: now.Add(codeLife)}
		digits := newDigits()
		e.Hash = s.Box.Blind("email_change.hash", e.ID.String()+digits)
		if err := s.sealAddress(&e, newAddress{email, digits}); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&e).Exec(ctx); err != nil {
			return fmt.Errorf("keep new address: %w", err)
		}
		return s.Queue.Enqueue(ctx, tx, SendEmailCode{ChangeID: e.ID})
	})
}

// ConfirmEmail makes the newest address the actor asked for theirs. The old one
// is told. Refuses with ErrCode, whatever was wrong, and with ErrEmailTaken.
func (s *Service) ConfirmEmail(ctx context.Context, a Actor, typed string) error {
	typed = cleanCode(typed)
	now := s.Clock.Now()
	wrong := false
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		wrong = true
		var e emailChange
		err := tx.NewSelect().Model(&e).Where("person_id = ?", a.Person).Order("created_at DESC", "id DESC").Limit(1).For("update").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find new address: %w", err)
		}
		if e.UsedAt != nil || e.Tries >= codeTries || !now.Before(e.ExpiresAt) {
			return nil
		}
		if !s.Box.IsBlind(e.Hash, "email_change.hash", e.ID.String()+typed) {
			_, err := tx.NewUpdate().Model((*emailChange)(nil)).Set("tries = tries + 1").Where("id = ?", e.ID).Exec(ctx)
			return err
		}
		wrong = false
		return s.changeEmail(ctx, tx, e, now)
	})
	if err == nil && wrong {
		err = ErrCode.At("/code")
	}
	return err
}

func (s *Service) changeEmail(ctx context.Context, tx bun.IDB, e emailChange, now time.Time) error {
	to, err := s.openAddress(e)
	if err != nil {
		return err
	}
	p, err := PersonByID(ctx, tx, e.PersonID)
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*Person)(nil)).Set("email = ?", to.Email).Where("id = ?", p.ID).Exec(ctx)
	if db.Violated(err, "person_email") {
		return ErrEmailTaken.At("/email")
	}
	if err != nil {
		return fmt.Errorf("change address: %w", err)
	}
	e.Sealed = nil
	if p.Email != nil {
		if err := s.sealAddress(&e, newAddress{Email: *p.Email}); err != nil {
			return err
		}
		if err := s.Queue.Enqueue(ctx, tx, TellOldEmail{ChangeID: e.ID}); err != nil {
			return err
		}
	}
	_, err = tx.NewUpdate().Model((*emailChange)(nil)).Set("used_at = ?", now).Set("sealed = ?", e.Sealed).Where("id = ?", e.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("use new address: %w", err)
	}
	return endCodes(ctx, tx, p.ID, now) // codes that went to the old address
}

func (s *Service) sealAddress(e *emailChange, a newAddress) error {
	plain, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("seal address: %w", err)
	}
	e.Sealed, err = s.Box.Seal(e.place(), plain)
	return err
}

func (s *Service) openAddress(e emailChange) (newAddress, error) {
	var a newAddress
	plain, err := s.Box.Open(e.place(), e.Sealed)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(plain, &a)
}

// SendEmailCode is the job that mails a code to a new address.
type SendEmailCode struct {
	ChangeID uuid.UUID `json:"change_id"`
}

// Kind implements job.Args.
func (SendEmailCode) Kind() string { return "send-email-code" }

// TellOldEmail is the job that tells an old address that it is not used any more.
type TellOldEmail struct {
	ChangeID uuid.UUID `json:"change_id"`
}

// Kind implements job.Args.
func (TellOldEmail) Kind() string { return "tell-old-email" }

func (s *Service) sendEmailCode(ctx context.Context, j SendEmailCode) error {
	return s.mailChange(ctx, j.ChangeID, func(l words.Language, e emailChange, taken bool, a newAddress) (mail.Mail, bool) {
		if taken || e.UsedAt != nil || !s.Clock.Now().Before(e.ExpiresAt) || len(a.Digits) != codeDigits {
			return mail.Mail{}, false
		}
		return letter(a.Email, e.ID.String(), l, "Your code for this e-mail address",
			"Your code is {code}\n\nType it in where you changed your e-mail address. It works for ten minutes.\nIf you did not ask for it, you can forget this message.\n", "code", a.Digits[:3]+" "+a.Digits[3:]), true
	})
}

func (s *Service) tellOldEmail(ctx context.Context, j TellOldEmail) error {
	err := s.mailChange(ctx, j.ChangeID, func(l words.Language, e emailChange, _ bool, a newAddress) (mail.Mail, bool) {
		return letter(a.Email, e.ID.String()+"-old", l, "Your e-mail address was changed",
			"You now sign in with another e-mail address.\n\nIf it was not you who changed it, please ring your time bank today.\n"), e.UsedAt != nil
	})
	if err != nil {
		return err
	}
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewUpdate().Model((*emailChange)(nil)).Set("sealed = null").Where("id = ?", j.ChangeID).Exec(ctx)
		return err
	})
}

// mailChange mails what write makes of a change to the sealed address, if it still
// makes anything of it.
func (s *Service) mailChange(ctx context.Context, change uuid.UUID, write func(l words.Language, e emailChange, taken bool, a newAddress) (mail.Mail, bool)) error {
	var e emailChange
	var a newAddress
	var p Person
	taken := false
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		err := tx.NewSelect().Model(&e).Where("id = ?", change).Scan(ctx)
		if err != nil || e.Sealed == nil {
			return err
		}
		if a, err = s.openAddress(e); err != nil {
			return err
		}
		if p, err = PersonByID(ctx, tx, e.PersonID); err != nil {
			return err
		}
		found, err := byContact(ctx, tx, a.Email, "")
		taken = len(found) > 0
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && e.Sealed == nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read new address: %w", err)
	}
	m, ok := write(p.Reads(), e, taken, a)
	if !ok {
		return nil
	}
	if err := s.Mail.Send(ctx, m); err != nil && !errors.Is(err, mail.ErrAddress) {
		return err
	}
	return nil
}
