package identity

import (
	"context"
	"log/slog"
	"slices"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/job"
	"timebank/app/platform/mail"
	"timebank/app/platform/seal"
	"timebank/app/platform/sms"
	"timebank/app/platform/words"
)

// Service is the use cases of signing in.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
	Box   *seal.Box
	Queue *job.Queue
	Mail  mail.Sender
	Keys  *Keys
	// Member finds a person's membership of a bank; uuid.Nil when there is none.
	Member func(ctx context.Context, tx bun.IDB, bankID, person uuid.UUID) (uuid.UUID, error)
	// PersonOf finds who a member of a bank is. Refuses a member who does not exist.
	PersonOf func(ctx context.Context, tx bun.IDB, bankID, member uuid.UUID) (uuid.UUID, error)
	// Standings lists for whom a person may act in a bank.
	Standings func(ctx context.Context, tx bun.IDB, bankID, person uuid.UUID) ([]Standing, error)
	Secure    bool // reached by https: cookies say so
	// RelyingParty is who passkeys are made for; nil: there are none.
	RelyingParty *webauthn.WebAuthn
	Log          *slog.Logger // nil: the standard one
	// SMS sends codes to people who have a mobile number and no e-mail; nil: nobody
	// is sent any. SMSADay is the most that is paid for, SMSTo where to.
	SMS     sms.Sender
	SMSADay int
	SMSTo   []string
}

// Knock is what is known of whoever asks to come in.
type Knock struct {
	IP      string
	Agent   string         // what the browser calls itself
	Refresh string         // the session this browser has now, if any; a new one takes its place
	Browser string         // what this browser is known by; empty: it keeps nothing
	Chosen  words.Language // on this device; empty: none was
}

var (
	// ErrTooMany refuses more tries than a person needs.
	ErrTooMany = fault.New(fault.TooMany, "too-many-tries", "That was a lot of tries. Please wait ten minutes, or ring us.")
	// ErrContact refuses what is neither an e-mail address nor a phone number.
	ErrContact = fault.New(fault.Invalid, "contact", "Write your e-mail address, like ada@example.org, or your phone number, like 07700 900 982.")
	// ErrOwnSignIn refuses to read a code out for somebody whose sign-in opens more than a membership of this bank.
	ErrOwnSignIn = fault.New(fault.Conflict, "own-sign-in", "They also sign in as staff or at another time bank, so a code can only go to their own e-mail.")
	// ErrNoContact refuses a code for somebody who has nothing to type it in with.
	ErrNoContact = fault.New(fault.Conflict, "no-contact", "To sign in they need a phone number or an e-mail address in their record.")
)

// Place is one bank a person may enter, and as what.
type Place struct {
	Bank         bank.Bank
	Roles        []Role
	Member       uuid.UUID
	Organisation uuid.UUID
	StandsFor    []Standing
}

// Places lists where a person belongs.
func (s *Service) Places(ctx context.Context, person uuid.UUID) (Person, []Place, error) {
	var who Person
	var out []Place
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		out = nil
		var err error
		if who, err = PersonByID(ctx, tx, person); err != nil {
			return err
		}
		all, err := grants(ctx, tx, person)
		if err != nil {
			return err
		}
		at := map[uuid.UUID]int{}
		for _, g := range all {
			i, ok := at[g.BankID]
			if !ok {
				b, err := bank.ByID(ctx, tx, g.BankID)
				if err != nil {
					return err
				}
				i, at[g.BankID] = len(out), len(out)
				out = append(out, Place{Bank: b})
			}
			out[i].Roles = append(out[i].Roles, g.Role)
			if g.OrganisationID != nil {
				out[i].Organisation = *g.OrganisationID
			}
		}
		return nil
	})
	if err != nil {
		return who, nil, err
	}
	for i := range out {
		bankID := out[i].Bank.ID
		err := db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) (err error) {
			if out[i].Member, err = s.Member(ctx, tx, bankID, person); err != nil || !slices.Contains(out[i].Roles, StandIn) {
				return err
			}
			out[i].StandsFor, err = s.Standings(ctx, tx, bankID, person)
			return err
		})
		if err != nil {
			return who, nil, err
		}
	}
	return who, out, nil
}

func parseContact(s string) (email, phone string, err error) {
	if e, ok := CleanEmail(s); ok {
		return e, "", nil
	}
	if p, ok := CleanPhone(s); ok {
		return "", p, nil
	}
	return "", "", ErrContact.At("/contact")
}

func ifFalse(ok bool, err error) error {
	if ok {
		return nil
	}
	return err
}
