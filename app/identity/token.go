package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/clock"
	"timebank/app/platform/fault"
	"timebank/app/platform/seal"
)

// Lives of the two tokens a browser holds.
const (
	accessLife  = 10 * time.Minute
	refreshLife = 90 * 24 * time.Hour
	audience    = "timebank"
)

// ErrSignIn refuses a request without a valid token.
var ErrSignIn = fault.New(fault.Unauthenticated, "sign-in", "Please sign in.")

// Keys signs and checks access tokens. Several may be valid at once, so that a
// new one can take over without signing anybody out.
type Keys struct {
	issuer string
	clock  clock.Clock
	newest string
	keys   map[string]ed25519.PrivateKey
}

type claims struct {
	jwt.RegisteredClaims
	Session uuid.UUID `json:"sid"`
}

type signingKey struct {
	bun.BaseModel `bun:"table:directory.signing_key"`

	Kid       string     `bun:"kid,pk"`
	Sealed    []byte     `bun:"sealed"`
	CreatedAt time.Time  `bun:"created_at"`
	RetiredAt *time.Time `bun:"retired_at"`
}

func keyPlace(kid string) seal.Place {
	return seal.Place{Column: "signing_key.sealed", Row: uuid.NewSHA1(uuid.Nil, []byte(kid))}
}

// LoadKeys reads the signing keys, making the first one where there is none.
func LoadKeys(ctx context.Context, db bun.IDB, box *seal.Box, c clock.Clock, issuer string) (*Keys, error) {
	var rows []signingKey
	// Two first starts at once: the lock makes one of them wait and find the other's key.
	if _, err := db.ExecContext(ctx, "select pg_advisory_xact_lock(hashtext('directory.signing_key'))"); err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	if err := db.NewSelect().Model(&rows).Where("retired_at is null").Order("created_at").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	if len(rows) == 0 {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make signing key: %w", err)
		}
		var kid [6]byte
		_, _ = rand.Read(kid[:])
		row := signingKey{Kid: hex.EncodeToString(kid[:]), CreatedAt: c.Now()}
		if row.Sealed, err = box.Seal(keyPlace(row.Kid), key.Seed()); err != nil {
			return nil, err
		}
		if _, err := db.NewInsert().Model(&row).Exec(ctx); err != nil {
			return nil, fmt.Errorf("keep signing key: %w", err)
		}
		rows = append(rows, row)
	}
	k := &Keys{issuer: issuer, clock: c, keys: map[string]ed25519.PrivateKey{}}
	for _, r := range rows {
		seed, err := box.Open(keyPlace(r.Kid), r.Sealed)
		if err != nil {
			return nil, fmt.Errorf("open signing key; is this the key the database was made with? %w", err)
		}
		k.keys[r.Kid], k.newest = ed25519.NewKeyFromSeed(seed), r.Kid
	}
	return k, nil
}

// Sign returns an access token for ten minutes.
func (k *Keys) Sign(person, session uuid.UUID) (string, error) {
	now := k.clock.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: k.issuer, Audience: jwt.ClaimStrings{audience}, Subject: person.String(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(accessLife)),
		},
		Session: session,
	})
	t.Header["kid"] = k.newest
	s, err := t.SignedString(k.keys[k.newest])
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return s, nil
}

// Check reads an access token. Everything but a token that one of our keys
// signed, for us, now, is refused with ErrSignIn.
func (k *Keys) Check(token string) (person, session uuid.UUID, err error) {
	var c claims
	_, err = jwt.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, ok := k.keys[kid] // an exact look-up: a kid is never a path or a query
		if !ok {
			return nil, ErrSignIn
		}
		return key.Public(), nil
	}, jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithIssuer(k.issuer), jwt.WithAudience(audience), jwt.WithTimeFunc(k.clock.Now), jwt.WithStrictDecoding())
	if err != nil {
		return uuid.Nil, uuid.Nil, ErrSignIn.Wrap(err)
	}
	person, err = uuid.Parse(c.Subject)
	if err != nil {
		return uuid.Nil, uuid.Nil, ErrSignIn.Wrap(err)
	}
	return person, c.Session, nil
}

// newRefresh returns a session's first refresh token and the hash of it that is kept.
func newRefresh() (token string, hash []byte) {
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	token = base64.RawURLEncoding.EncodeToString(raw[:])
	return token, hashRefresh(token)
}

// nextRefresh is the token that a given one is traded for. It is made from that
// one with the box's key, so that asking again gets the same, and nobody else can
// foresee it.
func nextRefresh(box *seal.Box, token string) string {
	return base64.RawURLEncoding.EncodeToString(box.Blind("session.refresh", token))
}

func hashRefresh(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
