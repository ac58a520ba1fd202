package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/fault"
)

// BeginPasskeySignIn makes a challenge for whoever answers it. It knows nobody, so
// it tells nothing of anybody. Refuses with ErrTooMany and ErrNoPasskeys.
func (s *Service) BeginPasskeySignIn(ctx context.Context, ip string) (uuid.UUID, *protocol.PublicKeyCredentialRequestOptions, error) {
	if s.RelyingParty == nil {
		return uuid.Nil, nil, ErrNoPasskeys
	}
	options, data, err := s.RelyingParty.BeginDiscoverableLogin()
	if err != nil {
		return uuid.Nil, nil, fmt.Errorf("begin sign-in: %w", err)
	}
	var which uuid.UUID
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if err := s.Limit(ctx, tx, "passkey-from", ip, 60, 10*time.Second); err != nil {
			return err
		}
		var err error
		which, err = s.keepChallenge(ctx, tx, nil, data)
		return err
	})
	return which, &options.Response, err
}

// SignInWithPasskey opens a session for whoever's passkey answers. It has both
// steps: what they have, and the finger, face or PIN that the device asked for.
// Refuses with ErrPasskey, whatever was wrong, ErrTooMany and ErrNoPasskeys.
func (s *Service) SignInWithPasskey(ctx context.Context, which uuid.UUID, answer []byte, from Knock) (Session, Tokens, error) {
	var out Session
	var tokens Tokens
	if s.RelyingParty == nil {
		return out, tokens, ErrNoPasskeys
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return out, tokens, ErrPasskey.Wrap(err)
	}
	now := s.Clock.Now()
	refused := error(nil)
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		refused = nil
		if err := s.Limit(ctx, tx, "try-from", from.IP, triesBurst, triesGap); err != nil {
			return err
		}
		data, err := s.useChallenge(ctx, tx, which, nil)
		if err != nil {
			refused = err // the try counts
			return ifNotFault(err)
		}
		var h holder
		_, used, err := s.RelyingParty.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			person, err := uuid.FromBytes(handle)
			if err != nil {
				return nil, ErrPasskey
			}
			h, err = s.holderOf(ctx, tx, person)
			if err == nil && h.ErasedAt != nil {
				err = ErrPasskey
			}
			return h, err
		}, data, parsed)
		// A counter that went back: two devices hold a key that was never to be copied.
		if err != nil || used.Authenticator.CloneWarning {
			refused = ErrPasskey.Wrap(err)
			return nil
		}
		if err := s.usePasskey(ctx, tx, h, used, now); err != nil {
			return err
		}
		if out, tokens, err = s.open(ctx, tx, h.ID, wayPasskey, from, now); err != nil {
			return err
		}
		return s.giveBack(ctx, tx, "try-from/"+network(from.IP), triesGap)
	})
	err = errors.Join(err, refused)
	s.tellSignIn(ctx, out, from, err)
	return out, tokens, err
}

func (s *Service) usePasskey(ctx context.Context, tx bun.IDB, h holder, used *webauthn.Credential, now time.Time) error {
	for _, k := range h.keys {
		if string(k.Credential) != string(used.ID) {
			continue
		}
		if err := s.sealPasskey(&k, used); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*Passkey)(nil)).Set("sealed = ?", k.Sealed).Set("used_at = ?", now).Where("id = ?", k.ID).Exec(ctx); err != nil {
			return fmt.Errorf("note passkey: %w", err)
		}
	}
	return nil
}

// ifNotFault drops a refusal, so that what was counted is committed.
func ifNotFault(err error) error {
	if fault.As(err) != nil {
		return nil
	}
	return err
}
