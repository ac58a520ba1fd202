package exchange

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
)

// ErrLink refuses a link that was not made by us, or whose question is answered.
var ErrLink = fault.New(fault.Gone, "link-over", "This link has done its work, or is too old. Sign in to see how it stands.")

// confirmLink is what an e-mail carries so that hours are confirmed with one tap
// and no sign-in: the exchange, the member and a seal over both and over what was
// said. It says yes to just these hours for just this member, so its work is done
// once; afterwards it only shows that it is. It stands behind the # of an address: no server log ever has it.
func (s *Service) confirmLink(e Exchange, who uuid.UUID) string {
	raw := append(e.ID[:], who[:]...)
	raw = append(raw, s.linkSeal(e, who)...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (s *Service) linkSeal(e Exchange, who uuid.UUID) []byte {
	return s.Sign("exchange.confirm-link", fmt.Sprintf("%s %s %s %d %d", e.BankID, e.ID, who, *e.Minutes, e.DoneAt.UnixMicro()))[:16]
}

// opened reads a link: the exchange that waits and the actor who would answer.
func (s *Service) opened(ctx context.Context, tx bun.IDB, b bank.Bank, token string) (Exchange, identity.Actor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 48 {
		return Exchange{}, identity.Actor{}, ErrLink
	}
	e, err := byID(ctx, tx, b.ID, uuid.UUID(raw[:16]))
	if errors.Is(err, ErrNoExchange) {
		return e, identity.Actor{}, ErrLink
	}
	who := uuid.UUID(raw[16:32])
	if err != nil {
		return e, identity.Actor{}, err
	}
	if (e.State != Done && e.State != Settled) || e.DoneAt == nil || e.Minutes == nil || (who != e.HelperID && who != e.HelpedID) || subtle.ConstantTimeCompare(raw[32:], s.linkSeal(e, who)) != 1 {
		return e, identity.Actor{}, ErrLink
	}
	m, err := member.ByID(ctx, tx, b.ID, who)
	if err == nil && m.Status == member.Left {
		err = ErrLink
	}
	return e, identity.Actor{Person: m.PersonID, Called: m.Called, Bank: b, Roles: []identity.Role{identity.Member}, Member: m.ID}, err
}

// LookAtLink shows what a link asks. It changes nothing: mail programs open links
// by themselves.
func (s *Service) LookAtLink(ctx context.Context, slug, token string) (Seen, listing.Kind, error) {
	b, err := s.bank(ctx, slug)
	if err != nil {
		return Seen{}, listing.Kind{}, err
	}
	var out Seen
	var kind listing.Kind
	err = db.InTx(ctx, s.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
		e, a, err := s.opened(ctx, tx, b, token)
		if err != nil {
			return err
		}
		if out, err = see(ctx, tx, a, e); err != nil {
			return err
		}
		kinds, err := listing.KindNames(ctx, tx, b.ID)
		kind = kinds[e.Kind]
		return err
	})
	return out, kind, err
}

// ConfirmByLink says that the hours of a link are right. Refuses with ErrLink, and
// what Confirm refuses.
func (s *Service) ConfirmByLink(ctx context.Context, slug, token string, key uuid.UUID) error {
	b, err := s.bank(ctx, slug)
	if err != nil {
		return err
	}
	var e Exchange
	var a identity.Actor
	err = db.InTx(ctx, s.Pool, b.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		e, a, err = s.opened(ctx, tx, b, token)
		return err
	})
	if err != nil || e.State == Settled { // a second tap on the same yes
		return err
	}
	_, err = s.confirm(ctx, a, turn{key, e.ID, identity.OnBehalf{}, "confirm-by-link", nil})
	return err
}

func (s *Service) bank(ctx context.Context, slug string) (b bank.Bank, err error) {
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		b, err = bank.BySlug(ctx, tx, slug)
		return err
	})
	if errors.Is(err, bank.ErrNoBank) {
		return b, ErrLink
	}
	return b, err
}
