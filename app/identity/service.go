package identity

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/job"
	"timebank/app/platform/mail"
	"timebank/app/platform/seal"
	"timebank/app/platform/sms"
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
	Agent   string // what the browser calls itself
	Refresh string // the session this browser has now, if any; a new one takes its place
	Browser string // what this browser is known by; empty: it keeps nothing
}

// Tries from one network: so many at once, then one every gap.
const (
	triesBurst = 60
	triesGap   = 20 * time.Second
)

// Tries at one address from browsers that nobody has signed in with there: at most
// 98 on a first day and 48 on each after, of a million codes. A browser that is
// known, a passkey and a code that is read out do not count here: strangers who
// use these up do not shut anybody out.
const (
	strangersBurst = 50
	strangersGap   = 30 * time.Minute
)

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
			if people, err = s.texted(ctx, tx, phone, people, from, now); err != nil {
				return err
			}
		}
		if len(people) == 0 {
			// The same work as for somebody we know, so that the time it takes tells nothing: a job that finds nothing to do.
			return s.Queue.Enqueue(ctx, tx, SendCode{CodeID: id.New()})
		}
		for _, p := range people { // one has the address; a household may share the number
			code, _, err := s.makeCode(ctx, tx, p.ID, channel, nil, s.asked(from.Browser), now)
			if err != nil {
				return err
			}
			if err := s.Queue.Enqueue(ctx, tx, SendCode{CodeID: code.ID}); err != nil {
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
// their own: for the number and the network, which refuse with ErrTooMany, and for
// a whole day, after which nobody is sent any and people ring.
func (s *Service) texted(ctx context.Context, tx bun.IDB, phone string, people []Person, from Knock, now time.Time) ([]Person, error) {
	if s.SMS == nil || s.SMSADay <= 0 || !sms.Mobile(phone, s.SMSTo) {
		return nil, nil
	}
	for _, b := range []limit{{"sms/" + phone, 3, 10 * time.Minute}, {"sms-from/" + network(from.IP), 6, 10 * time.Minute}} {
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
		Hash: s.codeHash(person, digits),
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

func (s *Service) codeHash(person uuid.UUID, digits string) []byte {
	return s.Box.Blind("sign_in_code.hash", person.String()+digits)
}

// SignIn trades a code for a session. Refuses with ErrCode, whatever was wrong,
// and with ErrTooMany.
func (s *Service) SignIn(ctx context.Context, contact, typed string, from Knock) (Session, Tokens, error) {
	var out Session
	var tokens Tokens
	email, phone, err := parseContact(contact)
	if err != nil {
		return out, tokens, err
	}
	typed = cleanCode(typed)
	now := s.Clock.Now()
	var refused error
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		refused = nil
		if err := s.Limit(ctx, tx, "try-from", from.IP, triesBurst, triesGap); err != nil {
			return err
		}
		people, err := byContact(ctx, tx, email, phone)
		if err != nil {
			return err
		}
		codes, open, err := s.triable(ctx, tx, people, email+phone, from, now)
		if err != nil {
			return err
		}
		code, err := s.spend(ctx, tx, codes, typed, now)
		if err != nil {
			return err
		}
		if code == nil {
			refused = ErrCode.At("/code") // the tries that were counted must be kept: no error, so that it commits
			if !open {
				refused = ErrTooMany
			}
			return nil
		}
		if out, tokens, err = s.open(ctx, tx, code.PersonID, code.Channel, from, now); err != nil {
			return err
		}
		// A whole sheltered house signs in from one network: only wrong tries count.
		return s.giveBack(ctx, tx, "try-from/"+network(from.IP), triesGap)
	})
	if err == nil {
		err = refused
	}
	s.tellSignIn(ctx, out, from, err)
	return out, tokens, err
}

func (s *Service) tellSignIn(ctx context.Context, x Session, from Knock, err error) {
	if err != nil {
		s.tell(ctx, "sign-in refused", from, "refused", codeOf(err))
		return
	}
	s.tell(ctx, "signed in", from, "way", x.Way, "second", x.Second, "person", x.PersonID, "session", x.ID)
}

// triable lists the codes that a try counts for: those that this browser asked
// for, and those that were read out. open is false when strangers have used up the
// tries at this address; then only the latter are left.
func (s *Service) triable(ctx context.Context, tx bun.IDB, people []Person, contact string, from Knock, now time.Time) (out []Code, open bool, err error) {
	known, err := s.known(ctx, tx, from.Browser, idsOf(people)...)
	if err != nil {
		return nil, false, err
	}
	open = known != nil
	if !open {
		if open, err = s.take(ctx, tx, "try-at/"+contact, strangersBurst, strangersGap, now); err != nil {
			return nil, false, err
		}
	}
	all, err := liveCodes(ctx, tx, people, now)
	if err != nil {
		return nil, false, err
	}
	asked := s.asked(from.Browser)
	for _, c := range all {
		ok := open && asked != nil && string(c.Asked) == string(asked)
		if c.Channel == "read-out" {
			if ok, err = s.take(ctx, tx, "read-out/"+c.ID.String()+"/"+network(from.IP), codeTries, codeLife, now); err != nil {
				return nil, false, err
			}
		}
		if ok {
			out = append(out, c)
		}
	}
	return out, open, nil
}

// spend uses up the code that fits and returns it; when none does, each has lost a try.
func (s *Service) spend(ctx context.Context, tx bun.IDB, codes []Code, typed string, now time.Time) (*Code, error) {
	for _, c := range codes {
		if !c.live(now) || !c.fits(s.codeHash(c.PersonID, typed)) {
			continue
		}
		_, err := tx.NewUpdate().Model((*Code)(nil)).Set("used_at = ?", now).Set("sealed = null").
			Where("person_id = ?", c.PersonID).Where("used_at is null").Exec(ctx) // one sign-in ends every open code
		return &c, err
	}
	for _, c := range codes {
		if _, err := tx.NewUpdate().Model((*Code)(nil)).Set("tries = tries + 1").Where("id = ?", c.ID).Exec(ctx); err != nil {
			return nil, fmt.Errorf("count try: %w", err)
		}
	}
	return nil, nil
}

// Tokens is what a device holds.
type Tokens struct{ Access, Refresh string }

// open begins a session, in place of the one that this browser had: somebody who
// signs in again, or the next person at a shared computer, leaves none behind.
func (s *Service) open(ctx context.Context, tx bun.IDB, person uuid.UUID, way string, from Knock, now time.Time) (Session, Tokens, error) {
	if from.Refresh != "" {
		if err := endRefresh(ctx, tx, from.Refresh, now); err != nil {
			return Session{}, Tokens{}, err
		}
	}
	refresh, hash := newRefresh()
	out := Session{ID: id.New(), PersonID: person, RefreshHash: hash, Device: from.Agent[:min(len(from.Agent), 200)], CreatedAt: now, RenewedAt: now,
		ProvedAt: &now, Way: way, Second: secondDone}
	remembered, err := s.meet(ctx, tx, from.Browser, person, now)
	if err != nil {
		return out, Tokens{}, err
	}
	if way != wayPasskey {
		if out.Second, err = secondOf(ctx, tx, person); err != nil {
			return out, Tokens{}, err
		}
		if out.Second == secondNeeded && remembered {
			out.Second = secondRemembered
		}
	}
	works, err := worksSomewhere(ctx, tx, person)
	if err != nil {
		return out, Tokens{}, err
	}
	ends := now.Add(memberLife)
	if works {
		ends = now.Add(staffLife)
	}
	out.EndsAt, out.ExpiresAt = &ends, earlier(now.Add(refreshLife), ends)
	if _, err := tx.NewInsert().Model(&out).Exec(ctx); err != nil {
		return out, Tokens{}, fmt.Errorf("open session: %w", err)
	}
	access, err := s.Keys.Sign(person, out.ID)
	return out, Tokens{access, refresh}, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// grace is how long the token before the newest one still renews, counted from
// its first use: a phone that lost the answer asks again with what it has, and
// two tabs ask at once.
const grace = 20 * time.Second

// Renew trades a refresh token for new ones. A token that was already traded
// gets the same answer again within the grace; after it, it ends the whole
// session: two devices hold it, so one of them stole it. Refuses with ErrSignIn.
func (s *Service) Renew(ctx context.Context, token string) (Session, Tokens, error) {
	var out Session
	var tokens Tokens
	stolen := false
	now := s.Clock.Now()
	hash := hashRefresh(token)
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		stolen = false
		err := tx.NewSelect().Model(&out).Where("refresh_hash = ? or previous_hash = ?", hash, hash).
			Where("ended_at is null").Where("expires_at > ?", now).For("update").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrSignIn
		}
		if err != nil {
			return fmt.Errorf("find session: %w", err)
		}
		traded := string(out.RefreshHash) != string(hash)
		if traded && now.Sub(out.RenewedAt) > grace {
			stolen = true
			_, err := tx.NewUpdate().Model((*Session)(nil)).Set("ended_at = ?", now).Where("id = ?", out.ID).Exec(ctx)
			return err
		}
		refresh := nextRefresh(s.Box, token)
		if !traded {
			if _, err := tx.NewUpdate().Model((*Session)(nil)).Set("refresh_hash = ?", hashRefresh(refresh)).Set("previous_hash = ?", hash).
				Set("renewed_at = ?", now).Set("expires_at = ?", out.until(now)).Where("id = ?", out.ID).Exec(ctx); err != nil {
				return fmt.Errorf("renew session: %w", err)
			}
		}
		access, err := s.Keys.Sign(out.PersonID, out.ID)
		tokens = Tokens{access, refresh}
		return err
	})
	if err == nil && stolen {
		s.tell(ctx, "session ended: an old token came back", Knock{}, "person", out.PersonID, "session", out.ID)
		err = ErrSignIn
	}
	return out, tokens, err
}

// until is when a session that is renewed now ends without another renewal.
func (x Session) until(now time.Time) time.Time {
	ends := x.CreatedAt.Add(memberLife)
	if x.EndsAt != nil {
		ends = *x.EndsAt
	}
	return earlier(now.Add(refreshLife), ends)
}

// SignOut ends the session that a refresh token, the newest or the one before,
// belongs to; an unknown one is no error, since the wish is fulfilled.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		return endRefresh(ctx, tx, token, s.Clock.Now())
	})
}

func endRefresh(ctx context.Context, tx bun.IDB, token string, now time.Time) error {
	hash := hashRefresh(token)
	_, err := tx.NewUpdate().Model((*Session)(nil)).Set("ended_at = ?", now).
		Where("refresh_hash = ? or previous_hash = ?", hash, hash).Where("ended_at is null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

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
