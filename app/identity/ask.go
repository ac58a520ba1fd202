package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/seal"
	"timebank/app/platform/sms"
	"timebank/app/platform/words"
)

// AskCode sends a sign-in code to whoever has this address, or by text message
// this number and no address; it counts in the browser that asked. It says the same
// when nobody has it, so it cannot be used to find out who is a member. Refuses with ErrContact and
// ErrTooMany.
func (s *Service) AskCode(ctx context.Context, contact string, from Knock) error {
	email, phone, err := parseContact(contact)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		people, err := byContact(ctx, tx, email, phone)
		if err != nil {
			return err
		}
		known, err := s.known(ctx, tx, from.Browser, idsOf(people)...)
		if err != nil {
			return err
		}
		for _, b := range askLimits(email+phone, from, known) {
			ok, err := s.take(ctx, tx, b.name, b.burst, b.gap, now)
			if err != nil || !ok {
				return errors.Join(err, ifFalse(ok, ErrTooMany))
			}
		}
		channel := "email"
		if email == "" {
			channel = "sms"
			if people, err = s.texted(ctx, tx, phone, people, from, known, now); err != nil {
				return err
			}
		}
		if len(people) == 0 {
			// The same work as for somebody we know, so that the time it takes tells nothing: a job that finds nothing to do.
			return s.Queue.Enqueue(ctx, tx, SendCode{CodeID: id.New(), Language: words.Of(ctx)})
		}
		for _, p := range people { // one has the address; a household may share the number
			code, _, err := s.makeCode(ctx, tx, p.ID, channel, nil, s.asked(from.Browser), now)
			if err != nil {
				return err
			}
			if err := s.Queue.Enqueue(ctx, tx, SendCode{CodeID: code.ID, Language: words.Of(ctx)}); err != nil {
				return err
			}
		}
		return nil
	})
	s.tell(ctx, "code asked for", from, "refused", codeOf(err))
	return err
}

// texted are the people whom a code is sent to by text message: those who have no
// e-mail, at a number that takes one. Each costs money, so there are limits of
// their own, which refuse with ErrTooMany, and one for a whole day, after which nobody
// is sent any and people ring.
func (s *Service) texted(ctx context.Context, tx bun.IDB, phone string, people []Person, from Knock, known *knownDevice, now time.Time) ([]Person, error) {
	if s.SMS == nil || s.SMSADay <= 0 || !sms.Mobile(phone, s.SMSTo) {
		return nil, nil
	}
	for _, b := range textLimits(phone, from, known) {
		ok, err := s.take(ctx, tx, b.name, b.burst, b.gap, now)
		if err != nil || !ok {
			return nil, errors.Join(err, ifFalse(ok, ErrTooMany))
		}
	}
	var out []Person
	for _, p := range people {
		if p.Email != nil || len(out) == 3 {
			continue
		}
		ok, err := s.take(ctx, tx, "sms-all", s.SMSADay, 24*time.Hour/time.Duration(s.SMSADay), now)
		if err != nil {
			return nil, err
		}
		if !ok {
			s.tell(ctx, "no more text messages today: SMS_A_DAY is reached", from)
			return out, nil
		}
		out = append(out, p)
	}
	return out, nil
}

type limit struct {
	name  string
	burst int
	gap   time.Duration
}

// askLimits are the buckets that asking for a code takes from. A browser known at
// the address has one of its own: strangers who use up the address's do not shut
// its owner out.
func askLimits(contact string, from Knock, known *knownDevice) []limit {
	if known != nil {
		return []limit{{"code-known/" + base64.RawStdEncoding.EncodeToString(known.Hash), 5, 2 * time.Minute}}
	}
	return []limit{
		{"code/" + contact + "/" + network(from.IP), 5, 2 * time.Minute},
		{"code/" + contact, 15, 4 * time.Minute}, // from however many networks: nobody's post is flooded
		{"code-from/" + network(from.IP), 40, 2 * time.Minute},
	}
}

// textLimits are the buckets that a text message takes from: the number's and the
// network's, or that of a browser which is known at the number, so that a stranger who
// asks every few minutes does not keep its owner from theirs.
func textLimits(phone string, from Knock, known *knownDevice) []limit {
	if known != nil {
		return []limit{{"sms-known/" + base64.RawStdEncoding.EncodeToString(known.Hash), 3, 10 * time.Minute}}
	}
	return []limit{{"sms/" + phone, 3, 10 * time.Minute}, {"sms-from/" + network(from.IP), 6, 10 * time.Minute}}
}

func idsOf(people []Person) []uuid.UUID {
	out := make([]uuid.UUID, len(people))
	for i, p := range people {
		out[i] = p.ID
	}
	return out
}

// codeOf names a refusal, or nothing.
func codeOf(err error) string {
	if f := fault.As(err); f != nil {
		return f.Code
	}
	return ""
}

// ReadOut makes a code that a broker reads to a member on the phone or across a
// table. The caller has checked that actor may and that person is of the bank.
// The broker could use the code themselves, so it must open nothing that is not
// theirs to see already: refuses with ErrOwnSignIn whoever is staff, or belongs
// to another bank too, and with ErrNoContact who could not type it in.
func (s *Service) ReadOut(ctx context.Context, tx bun.IDB, actor Actor, person uuid.UUID) (digits string, until time.Time, err error) {
	all, err := grants(ctx, tx, person)
	if err != nil {
		return "", until, err
	}
	for _, g := range all {
		if g.BankID != actor.Bank.ID || g.Role != Member {
			return "", until, ErrOwnSignIn
		}
	}
	p, err := PersonByID(ctx, tx, person)
	if err != nil {
		return "", until, err
	}
	if p.Email == nil && p.Phone == nil {
		return "", until, ErrNoContact
	}
	c, digits, err := s.makeCode(ctx, tx, person, "read-out", &actor.Person, nil, s.Clock.Now())
	return digits, c.ExpiresAt, err
}

func (s *Service) makeCode(ctx context.Context, tx bun.IDB, person uuid.UUID, channel string, by *uuid.UUID, asked []byte, now time.Time) (Code, string, error) {
	digits := newDigits()
	c := Code{
		ID: id.New(), PersonID: person, Channel: channel, MadeBy: by, Asked: asked, CreatedAt: now, ExpiresAt: now.Add(codeLife),
		Hash: s.Box.Blind("sign_in_code.hash", person.String()+digits),
	}
	if channel != "read-out" {
		sealed, err := s.Box.Seal(seal.Place{Column: "sign_in_code.sealed", Row: c.ID}, []byte(digits))
		if err != nil {
			return c, "", err
		}
		c.Sealed = sealed
	}
	if _, err := tx.NewInsert().Model(&c).Exec(ctx); err != nil {
		return c, "", fmt.Errorf("keep code: %w", err)
	}
	return c, digits, nil
}
