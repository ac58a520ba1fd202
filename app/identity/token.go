package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"sync"
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

// The end that no renewal moves: a member is asked once a year, who sees other
// people's records once a month.
const (
	memberLife = 365 * 24 * time.Hour
	staffLife  = 30 * 24 * time.Hour
)

// ErrSignIn refuses a request without a valid token.
var ErrSignIn = fault.New(fault.Unauthenticated, "sign-in", "Please sign in.")

// Keys signs and checks access tokens. Several may be valid at once, so that a
// new one takes over without signing anybody out. See keys.go for how they change.
type Keys struct {
	issuer string
	clock  clock.Clock
	box    *seal.Box

	mu      sync.RWMutex
	newest  string
	keys    map[string]ed25519.PrivateKey
	retired map[string]time.Time // from when a key's tokens are refused
	read    time.Time            // when they were last read again
	pool    *bun.DB              // where to read them again; nil: never
	checked map[[sha256.Size]byte]checked
}

// checked is a token whose signature was found right: that is half of what a request
// costs the program before its work begins, and a device sends the same token for ten
// minutes. When it ends and whether its key still counts is asked every time.
type checked struct {
	claims
	kid string
}

// checkedMost bounds what is remembered; beyond it everything is forgotten.
const checkedMost = 10_000

type claims struct {
	jwt.RegisteredClaims
	Session uuid.UUID `json:"sid"`
	May     []string  `json:"may,omitempty"` // a program's permissions; none: a person's token
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

// Sign returns an access token for ten minutes.
func (k *Keys) Sign(person, session uuid.UUID) (string, error) {
	return k.sign(claims{RegisteredClaims: jwt.RegisteredClaims{Subject: person.String()}, Session: session}, accessLife)
}

func (k *Keys) sign(c claims, life time.Duration) (string, error) {
	now := k.clock.Now()
	c.Issuer, c.Audience = k.issuer, jwt.ClaimStrings{audience}
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(life))
	k.mu.RLock()
	kid, key := k.newest, k.keys[k.newest]
	k.mu.RUnlock()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	t.Header["kid"] = kid
	s, err := t.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return s, nil
}

// Check reads a person's access token. Everything but a token that one of our keys
// signed, for us, now, is refused with ErrSignIn.
func (k *Keys) Check(token string) (person, session uuid.UUID, err error) {
	c, err := k.parse(token)
	if err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	if len(c.May) > 0 {
		return uuid.Nil, uuid.Nil, ErrSignIn
	}
	return uuid.MustParse(c.Subject), c.Session, nil
}

// parse reads any access token. Refuses with ErrSignIn; the subject is a uuid.
func (k *Keys) parse(token string) (claims, error) {
	sum := sha256.Sum256([]byte(token))
	k.mu.RLock()
	known, ok := k.checked[sum]
	k.mu.RUnlock()
	if ok && k.clock.Now().Before(known.ExpiresAt.Time) {
		if _, ok := k.find(known.kid); ok {
			return known.claims, nil
		}
	}
	c, kid, err := k.open(token)
	if err != nil {
		return claims{}, err
	}
	k.mu.Lock()
	if len(k.checked) >= checkedMost || k.checked == nil {
		k.checked = map[[sha256.Size]byte]checked{}
	}
	k.checked[sum] = checked{c, kid}
	k.mu.Unlock()
	return c, nil
}

// open reads a token as parse does, without remembering it, and more mildly where
// options say so. It also answers which key signed it.
func (k *Keys) open(token string, also ...jwt.ParserOption) (claims, string, error) {
	var c claims
	options := append([]jwt.ParserOption{jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithIssuer(k.issuer), jwt.WithAudience(audience), jwt.WithTimeFunc(k.clock.Now), jwt.WithStrictDecoding()}, also...)
	t, err := jwt.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, ok := k.find(kid)
		if !ok {
			return nil, ErrSignIn
		}
		return key.Public(), nil
	}, options...)
	if err == nil {
		_, err = uuid.Parse(c.Subject)
	}
	if err != nil {
		return claims{}, "", ErrSignIn.Wrap(err)
	}
	kid, _ := t.Header["kid"].(string)
	return c, kid, nil
}

// newRefresh returns a session's first refresh token and the hash of it that is kept.
func newRefresh() (token string, hash []byte) {
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	token = base64.RawURLEncoding.EncodeToString(raw[:])
	return token, hashRefresh(token)
}

// nextRefresh are the tokens that a given one is traded for: one, and while the
// box's key changes the one of before. They are made from that token with the box's
// key, so that asking again gets the same, and nobody else can foresee it.
func nextRefresh(box *seal.Box, token string) []string {
	var out []string
	for _, b := range box.Blinds("session.refresh", token) {
		out = append(out, base64.RawURLEncoding.EncodeToString(b))
	}
	slices.Reverse(out)
	return out
}

func hashRefresh(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
