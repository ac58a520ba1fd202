package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/mail"
	"timebank/app/platform/words"
)

// proofLife is how long after signing in somebody may change how they sign in: an
// open session that somebody finds must not become theirs for good.
const proofLife = 15 * time.Minute

// ErrProve refuses to change the way in to a session that was opened long ago, or
// without the second step of somebody who has one.
var ErrProve = fault.New(fault.Unauthenticated, "sign-in-again", "To keep you safe, sign in once more before you change this.")

// Proved refuses with ErrProve an actor who did not sign in within the last 15
// minutes, with the second step where they have one, and with ErrSecondStep a browser
// that only remembers it.
func (s *Service) Proved(ctx context.Context, tx bun.IDB, a Actor) error {
	var row Session
	err := tx.NewSelect().Model(&row).Column("proved_at", "second").Where("id = ?", a.Session).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrProve
	}
	if err != nil {
		return fmt.Errorf("read session: %w", err)
	}
	if row.Second == secondRemembered {
		return ErrSecondStep // a browser's memory is enough to work, not to change how one signs in
	}
	if row.ProvedAt == nil || s.Clock.Now().Sub(*row.ProvedAt) >= proofLife {
		return ErrProve
	}
	strong, err := strongOf(ctx, tx, a.Person)
	if err != nil {
		return err
	}
	if strong && row.Second != secondDone {
		return ErrProve
	}
	return nil
}

// strongOf tells whether a code alone is too little to change how a person signs
// in: they have an authenticator app, or work here and have a passkey. A member's
// passkey is a comfort beside the code; a lost phone must not shut them out.
func strongOf(ctx context.Context, tx bun.IDB, person uuid.UUID) (bool, error) {
	second, err := secondOf(ctx, tx, person)
	if err != nil || second == secondNeeded {
		return err == nil, err
	}
	works, err := worksSomewhere(ctx, tx, person)
	if err != nil || !works {
		return false, err
	}
	return tx.NewSelect().Model((*Passkey)(nil)).Where("person_id = ?", person).Exists(ctx)
}

// worksSomewhere tells whether a person has a role that a member does not have by
// joining, in any bank, or runs the platform.
func worksSomewhere(ctx context.Context, tx bun.IDB, person uuid.UUID) (bool, error) {
	works, err := tx.NewSelect().Model((*Grant)(nil)).Where("person_id = ?", person).Where("ended_at is null").Where("role in (?)", bun.List(staffRoles)).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("read roles: %w", err)
	}
	if works {
		return true, nil
	}
	return isOperator(ctx, tx, person)
}

// What a person is told of a change in how they sign in.
const (
	factorApp      = "app-added"
	factorNoApp    = "app-removed"
	factorRecovery = "recovery-renewed"

	factorPasskey   = "passkey-added"
	factorNoPasskey = "passkey-removed"
)

var factorWords = map[string]words.Text{
	factorApp:      "An authenticator app was set up. From now on you are asked for a code from it when you sign in.",
	factorNoApp:    "The authenticator app was removed. From now on you sign in without a code from it.",
	factorRecovery: "New recovery codes were made. The old ones do not work any more.",

	factorPasskey:   "A passkey was added. With it you can sign in by fingerprint, face or screen lock, without a code.",
	factorNoPasskey: "A passkey was removed. You cannot sign in with it any more.",
}

// TellFactor is the job that tells a person that how they sign in was changed.
type TellFactor struct {
	PersonID uuid.UUID `json:"person_id"`
	What     string    `json:"what"`
	Message  uuid.UUID `json:"message"`
}

// Kind implements job.Args.
func (TellFactor) Kind() string { return "tell-factor" }

func (s *Service) tellFactor(ctx context.Context, tx bun.IDB, person uuid.UUID, what string) error {
	return s.Queue.Enqueue(ctx, tx, TellFactor{PersonID: person, What: what, Message: id.New()})
}

// letter is an e-mail to somebody who reads l.
func letter(to, id string, l words.Language, subject, text words.Text, pairs ...any) mail.Mail {
	return mail.Mail{To: to, ID: id, Language: l, Subject: l.Say(subject), Text: l.Lines(l.Say(text, pairs...))}
}

// mailFactor tells by e-mail; somebody without an address cannot be told.
func (s *Service) mailFactor(ctx context.Context, j TellFactor) error {
	var p Person
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		p, err = PersonByID(ctx, tx, j.PersonID)
		return err
	})
	if errors.Is(err, ErrNoPerson) || err == nil && (p.Email == nil || factorWords[j.What] == "") {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.Mail.Send(ctx, letter(*p.Email, j.Message.String(), p.Reads(), "How you sign in was changed",
		"Hello {who},\n\n{what}\n\nIf it was not you, please ring your time bank today.\n", "who", p.Called, "what", factorWords[j.What]))
	if errors.Is(err, mail.ErrAddress) {
		return nil
	}
	return err
}
