package identity

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/job"
	"timebank/app/platform/mail"
	"timebank/app/platform/seal"
	"timebank/app/platform/sms"
	"timebank/app/platform/words"
)

// SendCode is the job that mails a sign-in code.
type SendCode struct {
	CodeID   uuid.UUID      `json:"code_id"`
	Language words.Language `json:"language,omitempty"` // of the page where it was asked for, for who has not chosen one
}

// Kind implements job.Args.
func (SendCode) Kind() string { return "send-sign-in-code" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) {
	job.Handle(q, s.sendCode)
	job.Handle(q, func(ctx context.Context, _ Forget) error {
		_, err := s.ForgetOld(ctx)
		return err
	})
	job.Handle(q, s.sendEmailCode)
	job.Handle(q, s.tellOldEmail)
	job.Handle(q, s.mailFactor)
}

// sendCode sends the digits and then forgets them. Run twice it sends nothing
// more, and a code that was used or is too old is not sent at all.
func (s *Service) sendCode(ctx context.Context, j SendCode) error {
	var c Code
	var to Person
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		err := tx.NewSelect().Model(&c).Where("id = ?", j.CodeID).Scan(ctx)
		if err != nil {
			return err
		}
		to, err = PersonByID(ctx, tx, c.PersonID)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || (err == nil && (c.Sealed == nil || !c.live(s.Clock.Now()))) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read code: %w", err)
	}
	to.Language = cmp.Or(to.Language, j.Language)
	digits, err := s.Box.Open(seal.Place{Column: "sign_in_code.sealed", Row: c.ID}, c.Sealed)
	if err != nil {
		return err
	}
	if c.Channel == "sms" {
		err = s.textCode(ctx, c, to, string(digits))
	} else {
		err = s.mailCode(ctx, c, to, string(digits))
	}
	if err != nil && !errors.Is(err, mail.ErrAddress) && !errors.Is(err, sms.ErrNumber) {
		return err
	}
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewUpdate().Model((*Code)(nil)).Set("sealed = null").Where("id = ?", c.ID).Exec(ctx)
		return err
	})
}

// textCode sends a code by text message. The last line lets phones fill it in, on
// our page only (the form that Apple and Android read).
func (s *Service) textCode(ctx context.Context, c Code, to Person, digits string) error {
	if s.SMS == nil || to.Phone == nil || to.Email != nil {
		return nil
	}
	text := to.Reads().Say("{who}, your code is {code}\nIt works for ten minutes. Nobody will ever ask you for it.", "who", to.Called, "code", digits[:3]+" "+digits[3:])
	if s.RelyingParty != nil {
		text += fmt.Sprintf("\n\n@%s #%s", s.RelyingParty.Config.RPID, digits)
	}
	return s.SMS.Send(ctx, sms.Text{To: *to.Phone, ID: c.ID.String(), Text: text})
}

func (s *Service) mailCode(ctx context.Context, c Code, to Person, digits string) error {
	if to.Email == nil {
		return nil
	}
	return s.Mail.Send(ctx, letter(*to.Email, c.ID.String(), to.Reads(), "Your sign-in code",
		"Hello {who},\n\nYour code is {code}\n\nIt works for ten minutes. If you did not ask for it, you can forget this message.\nNobody from the time bank will ever ask you for this code.\n",
		"who", to.Called, "code", digits[:3]+" "+digits[3:]))
}
