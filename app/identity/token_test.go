package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"timebank/app/platform/clock"
)

func newKeys(t *testing.T, c clock.Clock, kids ...string) *Keys {
	t.Helper()
	k := &Keys{issuer: issuer, clock: c, keys: map[string]ed25519.PrivateKey{}}
	for _, kid := range kids {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		k.keys[kid], k.newest = key, kid
	}
	return k
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(noon)
	ours, theirs := newKeys(t, c, "one", "two"), newKeys(t, c, "one")
	good := func() claims {
		return claims{Session: uuid.New(), RegisteredClaims: jwt.RegisteredClaims{Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(noon), ExpiresAt: jwt.NewNumericDate(noon.Add(accessLife))}}
	}
	sign := func(m jwt.SigningMethod, key any, kid string, change func(*claims)) string {
		x := good()
		if change != nil {
			change(&x)
		}
		tok := jwt.NewWithClaims(m, x)
		tok.Header["kid"] = kid
		s, err := tok.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ed := jwt.SigningMethodEdDSA
	own := ours.keys["one"]
	public := own.Public().(ed25519.PublicKey)
	fine := sign(ed, own, "one", nil)
	if _, _, err := ours.Check(fine); err != nil {
		t.Fatalf("a good token: %v", err)
	}
	for name, token := range map[string]string{
		"empty":                     "",
		"no signature":              sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "one", nil),
		"HMAC with the public key":  sign(jwt.SigningMethodHS256, []byte(public), "one", nil),
		"another's key, our kid":    sign(ed, theirs.keys["one"], "one", nil),
		"another kid of ours":       sign(ed, own, "two", nil),
		"a kid that is a path":      sign(ed, own, "../one", nil),
		"no kid":                    sign(ed, own, "", nil),
		"another issuer":            sign(ed, own, "one", func(c *claims) { c.Issuer = "https://elsewhere.test" }),
		"another audience":          sign(ed, own, "one", func(c *claims) { c.Audience = jwt.ClaimStrings{"other"} }),
		"no audience":               sign(ed, own, "one", func(c *claims) { c.Audience = nil }),
		"expired":                   sign(ed, own, "one", func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(noon) }),
		"never expires":             sign(ed, own, "one", func(c *claims) { c.ExpiresAt = nil }),
		"from the future":           sign(ed, own, "one", func(c *claims) { c.IssuedAt = jwt.NewNumericDate(noon.Add(time.Minute)) }),
		"no person":                 sign(ed, own, "one", func(c *claims) { c.Subject = "" }),
		"cut off":                   fine[:len(fine)-4],
		"without its last part":     fine[:strings.LastIndexByte(fine, '.')],
		"another's claims":          swapClaims(fine, sign(ed, own, "one", nil)),
		"signature with stray bits": fine + "=",
	} {
		if _, _, err := ours.Check(token); !errors.Is(err, ErrSignIn) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// swapClaims puts the claims of one token under the signature of another.
func swapClaims(a, b string) string {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	return x[0] + "." + y[1] + "." + x[2]
}

func TestTokenOfAnEarlierKeyStillWorks(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(noon)
	k := newKeys(t, c, "one")
	person, session := uuid.New(), uuid.New()
	token, err := k.Sign(person, session)
	if err != nil {
		t.Fatal(err)
	}
	k.keys["two"], k.newest = newKeys(t, c, "two").keys["two"], "two"
	p, s, err := k.Check(token)
	if err != nil || p != person || s != session {
		t.Errorf("after a new key came: %v %v %v", p, s, err)
	}
}

func TestReplicasShareTheirKeys(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	other := d.replica(d.Box)
	token, err := d.Keys.Sign(uuid.New(), uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.Keys.Check(token); err != nil {
		t.Errorf("the other replica refuses: %v", err)
	}
}
