package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"timebank/app/platform/db"
)

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
	for _, c := range all {
		ok := open && from.Browser != "" && s.Box.IsBlind(c.Asked, "sign_in_code.asked", from.Browser)
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
		if !c.live(now) || !s.Box.IsBlind(c.Hash, "sign_in_code.hash", c.PersonID.String()+typed) {
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
