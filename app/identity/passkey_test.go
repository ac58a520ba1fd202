package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// device makes and uses one passkey, as a phone does; each field can be turned
// into what an attacker would send.
type device struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	handle  []byte
	origin  string
	rp      string
	flags   byte
	counter uint32
}

const (
	present, verified, attested = 0x01, 0x04, 0x40
)

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	_, _ = rand.Read(id)
	return &device{t: t, key: key, id: id, origin: issuer, rp: "timebank.test", flags: present | verified}
}

var b64 = base64.RawURLEncoding.EncodeToString

func (d *device) client(kind, challenge string) []byte {
	j, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return j
}

func (d *device) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(d.rp))
	d.counter++
	return binary.BigEndian.AppendUint32(append(rp[:], flags), d.counter)
}

func (d *device) answer(response map[string]any) []byte {
	j, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		d.t.Fatal(err)
	}
	return j
}

// creates answers a challenge with a new key.
func (d *device) creates(challenge string) []byte {
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.t.Fatal(err)
	}
	cose, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		d.t.Fatal(err)
	}
	data := append(d.data(d.flags|attested), make([]byte, 16)...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.id))), d.id...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": append(data, cose...)})
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{"clientDataJSON": b64(d.client("webauthn.create", challenge)), "attestationObject": b64(object)})
}

// signs answers a challenge with the key.
func (d *device) signs(challenge string) []byte {
	client := d.client("webauthn.get", challenge)
	data, hash := d.data(d.flags), sha256.Sum256(client)
	sum := sha256.Sum256(append(data, hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, d.key, sum[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(sig), "userHandle": b64(d.handle)})
}

// registers gives the actor a passkey on a new device.
func (d *door) registers(a Actor) *device {
	d.t.Helper()
	which, options, err := d.BeginPasskey(d.t.Context(), a)
	if err != nil {
		d.t.Fatal(err)
	}
	phone := newDevice(d.t)
	phone.handle = a.Person[:]
	if _, err := d.AddPasskey(d.t.Context(), a, which, phone.creates(options.Challenge.String()), "My phone"); err != nil {
		d.t.Fatal(err)
	}
	return phone
}

func (d *door) knocksWith(phone *device) (Session, error) {
	d.t.Helper()
	which, options, err := d.BeginPasskeySignIn(d.t.Context(), "192.0.2.1")
	if err != nil {
		d.t.Fatal(err)
	}
	session, _, err := d.SignInWithPasskey(d.t.Context(), which, phone.signs(options.Challenge.String()), Knock{IP: "192.0.2.1"})
	return session, err
}

func (d *door) actor() Actor {
	d.t.Helper()
	p, _ := d.signedIn()
	var session Session
	if err := d.db.Owner.NewSelect().Model(&session).Where("person_id = ?", p.ID).Scan(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	return Actor{Person: p.ID, Session: session.ID, Called: p.Called}
}

func TestPasskeySignsInWithBothSteps(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	maria := d.actor()
	phone := d.registers(maria)
	session, err := d.knocksWith(phone)
	if err != nil || session.PersonID != maria.Person || session.Second != secondDone || session.Way != wayPasskey {
		t.Fatalf("%+v, %v", session, err)
	}
	keys, err := d.Passkeys(t.Context(), maria)
	if err != nil || len(keys) != 1 || keys[0].UsedAt == nil || keys[0].Name != "My phone" {
		t.Fatalf("%+v, %v", keys, err)
	}
	// A code alone is still a way in for a member, and asks for nothing more.
	if _, err := d.signsIn("maria@example.org", d.asks("maria@example.org")); err != nil {
		t.Error(err)
	}
	if err := d.RemovePasskey(t.Context(), maria, keys[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.knocksWith(phone); !errors.Is(err, ErrPasskey) {
		t.Errorf("a removed passkey: %v", err)
	}
}

func TestPasskeyThatIsNotWhatItSaysIsRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	maria := d.actor()
	bill := d.knows("Bill", "bill@example.org", "")
	for name, change := range map[string]func(*device){
		"another site":             func(p *device) { p.origin = "https://timebank.test.evil.example" },
		"another site's key":       func(p *device) { p.rp = "evil.example" },
		"nobody verified":          func(p *device) { p.flags = present },
		"nobody present":           func(p *device) { p.flags = verified },
		"somebody else's name":     func(p *device) { p.handle = bill.ID[:] },
		"nobody's name":            func(p *device) { p.handle = uuid.Nil.NodeID() },
		"no name":                  func(p *device) { p.handle = nil },
		"another key":              func(p *device) { p.key = newDevice(t).key },
		"another key's id":         func(p *device) { p.id = newDevice(t).id },
		"a counter that went back": func(p *device) { p.counter = 0 },
		"says it can be backed up": func(p *device) { p.flags |= 0x08 },
	} {
		d.clock.Advance(time.Minute) // keys are rationed
		phone := d.registers(maria)
		if _, err := d.knocksWith(phone); err != nil {
			t.Fatal(err)
		}
		change(phone)
		if _, err := d.knocksWith(phone); !errors.Is(err, ErrPasskey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestChallengeIsAnsweredOnceAndSoon(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	maria := d.actor()
	phone := d.registers(maria)
	which, options, err := d.BeginPasskeySignIn(t.Context(), "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	answer := phone.signs(options.Challenge.String())
	if _, _, err := d.SignInWithPasskey(t.Context(), which, answer, Knock{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.SignInWithPasskey(t.Context(), which, answer, Knock{}); !errors.Is(err, ErrPasskey) {
		t.Errorf("the same answer again: %v", err)
	}
	which, options, err = d.BeginPasskeySignIn(t.Context(), "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(challengeLife)
	if _, _, err := d.SignInWithPasskey(t.Context(), which, phone.signs(options.Challenge.String()), Knock{}); !errors.Is(err, ErrPasskey) {
		t.Errorf("an answer after five minutes: %v", err)
	}
	if _, err := d.ForgetOld(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := d.db.Owner.NewSelect().Model((*challenge)(nil)).Count(t.Context()); err != nil || n != 0 {
		t.Errorf("%d challenges are kept for nothing: %v", n, err)
	}
}

// A challenge for a new key of one person's is no use to another, and none to sign in with.
func TestChallengeBelongsToWhoAsked(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	maria := d.actor()
	bill := d.knows("Bill", "bill@example.org", "")
	session, _, err := d.SignIn(t.Context(), "bill@example.org", d.asks("bill@example.org"), Knock{Browser: "a browser"})
	if err != nil {
		t.Fatal(err)
	}
	which, options, err := d.BeginPasskey(t.Context(), maria)
	if err != nil {
		t.Fatal(err)
	}
	phone := newDevice(t)
	if _, err := d.AddPasskey(t.Context(), Actor{Person: bill.ID, Session: session.ID}, which, phone.creates(options.Challenge.String()), "Mine"); !errors.Is(err, ErrPasskey) {
		t.Errorf("Bill answers Maria's challenge: %v", err)
	}
	own := d.registers(maria)
	if _, _, err := d.SignInWithPasskey(t.Context(), which, own.signs(options.Challenge.String()), Knock{}); !errors.Is(err, ErrPasskey) {
		t.Errorf("a challenge for a new key signs in: %v", err)
	}
}

// Where staff have a passkey, a code by e-mail does not let anybody change how
// they sign in; a member's lost phone does not shut them out.
func TestPasskeyGuardsTheWayInOfStaff(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	maria := d.actor()
	d.registers(maria)
	by := func() Actor {
		session, _, err := d.SignIn(t.Context(), "maria@example.org", d.asks("maria@example.org"), Knock{Browser: "a browser"})
		if err != nil {
			t.Fatal(err)
		}
		return Actor{Person: maria.Person, Session: session.ID}
	}
	if _, _, err := d.BeginPasskey(t.Context(), by()); err != nil {
		t.Errorf("a member by code: %v", err)
	}
	d.grant(Person{ID: maria.Person}, d.bank, Broker)
	if _, _, err := d.BeginPasskey(t.Context(), by()); !errors.Is(err, ErrProve) {
		t.Errorf("a broker by code: %v", err)
	}
}

// Whoever can write the database cannot put a key of their own into it.
func TestPasskeyOfAnotherRowDoesNotOpen(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	maria := d.actor()
	phone := d.registers(maria)
	d.in(func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.ExecContext(ctx, "update directory.passkey set id = ?", uuid.New())
		return err
	})
	if _, err := d.knocksWith(phone); err == nil {
		t.Error("a record that was moved still signs in")
	}
}

func TestNoPasskeysWithoutAName(t *testing.T) {
	t.Parallel()
	for address, has := range map[string]bool{"https://hilltop.example": true, "http://localhost:8080": true, "http://127.0.0.1:8080": false, "https://[2001:db8::1]": false, "": false} {
		if w, err := NewRelyingParty(address); err != nil || (w != nil) != has {
			t.Errorf("%s: %v, %v", address, w != nil, err)
		}
	}
}

// Signing in again, or the next person at a shared computer, leaves no session behind.
func TestNewSessionTakesThePlaceOfTheOldOne(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, first := d.signedIn()
	if _, _, err := d.SignIn(t.Context(), "maria@example.org", d.asks("maria@example.org"), Knock{Refresh: first.Refresh, Browser: "a browser"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.renews(first.Refresh); !errors.Is(err, ErrSignIn) {
		t.Errorf("the old session goes on: %v", err)
	}
}
