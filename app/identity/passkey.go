package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/seal"
)

// Rules of passkeys.
const (
	challengeLife = 5 * time.Minute
	passkeyMost   = 20 // a person's
	wayPasskey    = "passkey"
)

var (
	// ErrPasskey refuses an answer of a passkey, whatever is wrong with it.
	ErrPasskey = fault.New(fault.Invalid, "passkey", "That did not work. Try once more, or sign in with a code.")
	// ErrNoPasskeys refuses passkeys where the time bank is reached without a name of its own.
	ErrNoPasskeys = fault.New(fault.Unavailable, "no-passkeys", "Passkeys do not work at this address. Sign in with a code.")
	// ErrNoPasskey refuses one that is not the actor's.
	ErrNoPasskey = fault.New(fault.NotFound, "no-such-passkey", "This passkey is not there any more.")
	// ErrPasskeyName refuses a name that cannot be shown.
	ErrPasskeyName = fault.New(fault.Invalid, "passkey-name", "Give it a name of up to 60 letters, like \"My phone\".")
	// ErrPasskeysFull refuses one more than anybody needs.
	ErrPasskeysFull = fault.New(fault.Conflict, "too-many-passkeys", "You have twenty already. Remove one first.")
)

// Passkey is a key that somebody's device holds, and what we know of it.
type Passkey struct {
	bun.BaseModel `bun:"table:directory.passkey"`

	ID         uuid.UUID  `bun:"id,pk"`
	PersonID   uuid.UUID  `bun:"person_id"`
	Credential []byte     `bun:"credential"`
	Sealed     []byte     `bun:"sealed"`
	Name       string     `bun:"name"`
	CreatedAt  time.Time  `bun:"created_at"`
	UsedAt     *time.Time `bun:"used_at"`
}

func (k Passkey) place() seal.Place { return seal.Place{Column: "passkey.sealed", Row: k.ID} }

// challenge is what a device has to sign, once.
type challenge struct {
	bun.BaseModel `bun:"table:directory.challenge"`

	ID        uuid.UUID       `bun:"id,pk"`
	PersonID  *uuid.UUID      `bun:"person_id"` // none: whoever answers signs in
	Data      json.RawMessage `bun:"data,type:jsonb"`
	ExpiresAt time.Time       `bun:"expires_at"`
}

// NewRelyingParty is who passkeys are made for: the host that people reach us at.
// It is nil, and there are no passkeys, at an address without a name.
func NewRelyingParty(address string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return nil, nil
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Time bank", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		// Discoverable, so that nobody types an address; verified by finger, face or PIN, so that one step is two factors.
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationRequired},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return w, nil
}

// holder is a person as the library sees them.
type holder struct {
	Person
	keys []Passkey
	all  []webauthn.Credential
}

// WebAuthnID is the person's id: random, and no help to anybody.
func (h holder) WebAuthnID() []byte { return h.ID[:] }

// WebAuthnName is what a device shows beside the key.
func (h holder) WebAuthnName() string { return h.Called }

// WebAuthnDisplayName is the same.
func (h holder) WebAuthnDisplayName() string { return h.Called }

// WebAuthnCredentials are the keys that count.
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.all }

func (s *Service) holderOf(ctx context.Context, tx bun.IDB, person uuid.UUID) (holder, error) {
	var h holder
	var err error
	if h.Person, err = PersonByID(ctx, tx, person); err != nil {
		return h, err
	}
	if h.keys, err = passkeysOf(ctx, tx, person); err != nil {
		return h, err
	}
	for _, k := range h.keys {
		plain, err := s.Box.Open(k.place(), k.Sealed)
		if err != nil {
			return h, err
		}
		var c webauthn.Credential
		if err := json.Unmarshal(plain, &c); err != nil {
			return h, fmt.Errorf("read passkey: %w", err)
		}
		h.all = append(h.all, c)
	}
	return h, nil
}

func passkeysOf(ctx context.Context, tx bun.IDB, person uuid.UUID) ([]Passkey, error) {
	var out []Passkey
	if err := tx.NewSelect().Model(&out).Where("person_id = ?", person).Order("created_at", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read passkeys: %w", err)
	}
	return out, nil
}

func (s *Service) keepChallenge(ctx context.Context, tx bun.IDB, person *uuid.UUID, data *webauthn.SessionData) (uuid.UUID, error) {
	j, err := json.Marshal(data)
	if err != nil {
		return uuid.Nil, fmt.Errorf("keep challenge: %w", err)
	}
	c := challenge{ID: id.New(), PersonID: person, Data: j, ExpiresAt: s.Clock.Now().Add(challengeLife)}
	if _, err := tx.NewInsert().Model(&c).Exec(ctx); err != nil {
		return uuid.Nil, fmt.Errorf("keep challenge: %w", err)
	}
	return c.ID, nil
}

// useChallenge takes a challenge away: each is answered once. Refuses with ErrPasskey.
func (s *Service) useChallenge(ctx context.Context, tx bun.IDB, which uuid.UUID, person *uuid.UUID) (webauthn.SessionData, error) {
	var c challenge
	var data webauthn.SessionData
	q := tx.NewDelete().Model(&c).Where("id = ?", which).Where("expires_at > ?", s.Clock.Now())
	if person == nil {
		q = q.Where("person_id is null")
	} else {
		q = q.Where("person_id = ?", *person)
	}
	err := q.Returning("data").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return data, ErrPasskey
	}
	if err != nil {
		return data, fmt.Errorf("use challenge: %w", err)
	}
	return data, json.Unmarshal(c.Data, &data)
}

// BeginPasskey makes the challenge that a new passkey of the actor's signs.
// Refuses with ErrProve, ErrPasskeysFull, ErrTooMany and ErrNoPasskeys.
func (s *Service) BeginPasskey(ctx context.Context, a Actor) (uuid.UUID, *protocol.PublicKeyCredentialCreationOptions, error) {
	if s.RelyingParty == nil {
		return uuid.Nil, nil, ErrNoPasskeys
	}
	var which uuid.UUID
	var options *protocol.CredentialCreation
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if err := s.Proved(ctx, tx, a); err != nil {
			return err
		}
		if ok, err := s.take(ctx, tx, "passkey/"+a.Person.String(), 10, time.Minute, s.Clock.Now()); err != nil || !ok {
			return errors.Join(err, ifFalse(ok, ErrTooMany))
		}
		h, err := s.holderOf(ctx, tx, a.Person)
		if err != nil {
			return err
		}
		if len(h.keys) >= passkeyMost {
			return ErrPasskeysFull
		}
		var data *webauthn.SessionData
		options, data, err = s.RelyingParty.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.all).CredentialDescriptors()))
		if err != nil {
			return fmt.Errorf("begin passkey: %w", err)
		}
		which, err = s.keepChallenge(ctx, tx, &a.Person, data)
		return err
	})
	if err != nil {
		return uuid.Nil, nil, err
	}
	return which, &options.Response, nil
}

// AddPasskey keeps a passkey that a device made for the actor, and tells them.
// Refuses with ErrPasskey, ErrPasskeyName, ErrProve and ErrNoPasskeys.
func (s *Service) AddPasskey(ctx context.Context, a Actor, which uuid.UUID, answer []byte, name string) (Passkey, error) {
	if s.RelyingParty == nil {
		return Passkey{}, ErrNoPasskeys
	}
	name, ok := passkeyName(name)
	if !ok {
		return Passkey{}, ErrPasskeyName.At("/name")
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Passkey{}, ErrPasskey.Wrap(err)
	}
	now := s.Clock.Now()
	k := Passkey{ID: id.New(), PersonID: a.Person, Name: name, CreatedAt: now}
	refused := error(nil)
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		refused = nil
		if err := s.Proved(ctx, tx, a); err != nil {
			return err
		}
		data, err := s.useChallenge(ctx, tx, which, &a.Person)
		if err != nil {
			return err
		}
		h, err := s.holderOf(ctx, tx, a.Person)
		if err != nil {
			return err
		}
		made, err := s.RelyingParty.CreateCredential(h, data, parsed)
		if err != nil {
			refused = ErrPasskey.Wrap(err) // the challenge stays used: no error, so that it commits
			return nil
		}
		if err := s.sealPasskey(&k, made); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&k).Exec(ctx); err != nil {
			if db.Violated(err, "passkey_credential_key") {
				return ErrPasskey
			}
			return fmt.Errorf("keep passkey: %w", err)
		}
		// Made and verified in this session's hands, on a device of their own: as good as the second step.
		if _, err := tx.NewUpdate().Model((*Session)(nil)).Set("second = ?", secondDone).Set("proved_at = ?", now).Where("id = ?", a.Session).Exec(ctx); err != nil {
			return fmt.Errorf("mark session: %w", err)
		}
		return s.tellFactor(ctx, tx, a.Person, factorPasskey)
	})
	return k, errors.Join(err, refused)
}

func (s *Service) sealPasskey(k *Passkey, c *webauthn.Credential) error {
	plain, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("seal passkey: %w", err)
	}
	k.Credential = c.ID
	k.Sealed, err = s.Box.Seal(k.place(), plain)
	return err
}

func passkeyName(name string) (string, bool) {
	name, ok := CleanName(name)
	return name, ok && len([]rune(name)) <= 60
}

// Passkeys lists the actor's.
func (s *Service) Passkeys(ctx context.Context, a Actor) ([]Passkey, error) {
	var out []Passkey
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = passkeysOf(ctx, tx, a.Person)
		return err
	})
	return out, err
}

// NamePasskey gives one of the actor's another name. Refuses with ErrPasskeyName
// and ErrNoPasskey.
func (s *Service) NamePasskey(ctx context.Context, a Actor, key uuid.UUID, name string) error {
	name, ok := passkeyName(name)
	if !ok {
		return ErrPasskeyName.At("/name")
	}
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		res, err := tx.NewUpdate().Model((*Passkey)(nil)).Set("name = ?", name).Where("id = ?", key).Where("person_id = ?", a.Person).Exec(ctx)
		return oneOf(res, err)
	})
}

// RemovePasskey forgets one of the actor's, and tells them. Refuses with
// ErrNoPasskey and ErrProve.
func (s *Service) RemovePasskey(ctx context.Context, a Actor, key uuid.UUID) error {
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		mine, err := tx.NewSelect().Model((*Passkey)(nil)).Where("id = ?", key).Where("person_id = ?", a.Person).Exists(ctx)
		if err != nil || !mine {
			return errors.Join(err, ifFalse(mine, ErrNoPasskey))
		}
		if err := s.Proved(ctx, tx, a); err != nil {
			return err
		}
		res, err := tx.NewDelete().Model((*Passkey)(nil)).Where("id = ?", key).Where("person_id = ?", a.Person).Exec(ctx)
		if err := oneOf(res, err); err != nil {
			return err
		}
		return s.tellFactor(ctx, tx, a.Person, factorNoPasskey)
	})
}

func oneOf(res sql.Result, err error) error {
	if err != nil {
		return fmt.Errorf("change passkey: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrNoPasskey.Wrap(err)
	}
	return nil
}

func dropPasskeys(ctx context.Context, tx bun.IDB, person uuid.UUID) error {
	if _, err := tx.NewDelete().Model((*Passkey)(nil)).Where("person_id = ?", person).Exec(ctx); err != nil {
		return fmt.Errorf("forget passkeys: %w", err)
	}
	return nil
}
