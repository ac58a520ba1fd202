package identity

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// elsewhere is a browser of its own, on a network of its own.
func elsewhere(n int) Knock {
	return Knock{IP: fmt.Sprintf("198.51.%d.%d", n/250, 1+n%250), Agent: "a script", Browser: fmt.Sprintf("browser %d", n)}
}

// Six digits are guessed by the thousand, from a thousand networks, each asking
// for codes of its own: fewer than sixty guesses are looked at, and the person
// signs in all the while.
func TestThousandsOfGuessesComeToNothing(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	maria := d.knows("Maria", "maria@example.org", "+447700900982")
	d.grant(maria, d.bank, Member)
	if _, err := d.signsIn("maria@example.org", d.asks("maria@example.org")); err != nil {
		t.Fatal(err)
	}
	looked, asked := 0, 0
	for n := range 2000 {
		k := elsewhere(n / 5)
		if n%5 == 0 && d.AskCode(t.Context(), "maria@example.org", k) == nil {
			asked++
		}
		_, _, err := d.SignIn(t.Context(), "maria@example.org", "000000", k)
		switch {
		case errors.Is(err, ErrCode):
			looked++
		case !errors.Is(err, ErrTooMany):
			t.Fatalf("guess %d: %v", n, err)
		}
	}
	if looked > strangersBurst || asked > 15 {
		t.Errorf("%d guesses were looked at, %d codes were sent", looked, asked)
	}
	if _, err := d.signsIn("maria@example.org", d.asks("maria@example.org")); err != nil {
		t.Errorf("Maria, in her own browser: %v", err)
	}
}

// A stranger who knows an address can use up neither its codes nor its tries for
// whoever signs in there: not in a browser that is known, not with a code that is
// read out, not with a passkey.
func TestNobodyIsLockedOutByAStranger(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	maria := d.actor()
	passkey := d.registers(maria)
	for n := range 400 {
		k := elsewhere(n)
		_ = d.AskCode(t.Context(), "maria@example.org", k)
		_, _, _ = d.SignIn(t.Context(), "maria@example.org", "000000", k)
	}
	if err := d.AskCode(t.Context(), "maria@example.org", elsewhere(999)); !errors.Is(err, ErrTooMany) {
		t.Fatalf("the address is not worn out yet: %v", err)
	}
	if _, err := d.signsIn("maria@example.org", d.asks("maria@example.org")); err != nil {
		t.Errorf("in her own browser: %v", err)
	}
	if _, err := d.knocksWith(passkey); err != nil {
		t.Errorf("with a passkey: %v", err)
	}
	code, err := d.readsOut(Person{ID: maria.Person})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 30 {
		_, _, _ = d.SignIn(t.Context(), "maria@example.org", wrong(code), elsewhere(n/10))
	}
	if _, _, err := d.SignIn(t.Context(), "maria@example.org", code, Knock{IP: "203.0.113.7", Browser: "a new phone"}); err != nil {
		t.Errorf("with a code that the broker read out, on a new phone: %v", err)
	}
}

// A code counts in the browser that asked for it: one that was read over a
// shoulder, or talked out of somebody, opens nothing elsewhere.
func TestCodeCountsOnlyWhereItWasAskedFor(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.knows("Maria", "maria@example.org", "")
	code := d.asks("maria@example.org")
	for name, k := range map[string]Knock{"another browser": elsewhere(1), "no browser": {IP: phone.IP}} {
		for range codeTries + 1 {
			if _, _, err := d.SignIn(t.Context(), "maria@example.org", code, k); !errors.Is(err, ErrCode) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := d.signsIn("maria@example.org", code); err != nil {
		t.Errorf("where it was asked for, after all those: %v", err)
	}
}

// A session that is used every day still ends: a member's after a year, that of
// somebody who works here after a month.
func TestSessionEndsHoweverOftenItIsRenewed(t *testing.T) {
	t.Parallel()
	for role, life := range map[Role]time.Duration{Member: memberLife, Broker: staffLife, Receptionist: staffLife} {
		d := newDoor(t)
		p := d.knows("Maria", "maria@example.org", "")
		d.grant(p, d.bank, role)
		now, err := d.signsIn("maria@example.org", d.asks("maria@example.org"))
		if err != nil {
			t.Fatal(err)
		}
		for left := life; left > 0; left -= 20 * 24 * time.Hour {
			d.clock.Advance(min(left-time.Second, 20*24*time.Hour))
			if left > 20*24*time.Hour || left == life {
				if now, err = d.renews(now.Refresh); err != nil {
					t.Fatalf("%s, %v before the end: %v", role, left, err)
				}
			}
		}
		d.clock.Advance(2 * time.Second)
		if _, err := d.renews(now.Refresh); !errors.Is(err, ErrSignIn) {
			t.Errorf("%s after %v: %v", role, life, err)
		}
	}
}

// Who comes in, who is refused and why stands in the log; addresses, numbers and
// codes do not.
func TestLogTellsWhoCameInAndWhoWasRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	var log bytes.Buffer
	d.Log = slog.New(slog.NewTextHandler(&log, nil))
	maria, tokens := d.signedIn()
	if _, err := d.signsIn("maria@example.org", "123456"); !errors.Is(err, ErrCode) {
		t.Fatal(err)
	}
	if _, err := d.enters(tokens.Access, "hilltop", WorkDesk); !errors.Is(err, ErrNotAllowed) {
		t.Fatal(err)
	}
	for range 6 {
		_ = d.AskCode(t.Context(), "bill@example.org", phone)
	}
	d.clock.Advance(time.Minute)
	if _, err := d.renews(tokens.Refresh); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(time.Minute)
	if _, err := d.renews(tokens.Refresh); !errors.Is(err, ErrSignIn) {
		t.Fatal(err)
	}
	for _, want := range []string{"\"signed in\" way=email second=none person=" + maria.ID.String(), "\"sign-in refused\" refused=wrong-code", "refused=too-many-tries",
		"needs=work-the-desk person=" + maria.ID.String() + " refused=not-allowed", "an old token came back\" person=" + maria.ID.String(), "network=192.0.2.0/24"} {
		if !strings.Contains(strings.ReplaceAll(log.String(), "msg=", ""), strings.ReplaceAll(want, "msg=", "")) {
			t.Errorf("the log has no %s:\n%s", want, log.String())
		}
	}
	for _, secret := range []string{"example.org", "123456", "192.0.2.1", "a browser", tokens.Refresh} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}

// A role that was given or taken ends the sessions that there were, and what the
// browsers had remembered.
func TestBrowserIsForgottenWithTheSessions(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	maria := d.actor()
	if err := d.EndOtherDevices(t.Context(), maria); err != nil {
		t.Fatal(err)
	}
	if n, err := d.db.Owner.NewSelect().Model((*knownDevice)(nil)).Count(t.Context()); err != nil || n != 0 {
		t.Errorf("%d browsers are still known: %v", n, err)
	}
}

// Names and addresses that are made to deceive or to break a message are refused
// before they reach a mail, a log or a list.
func TestHostileNamesAndAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"Maria\r\nBcc: all@example.org", "Maria\x00", "Maria \u202egnp.exe", "\u2066Maria\u2069", "Ma\u200fria", "", " ", "\u00a0", strings.Repeat("x", 101), "Maria\x1b[2J"} {
		if got, ok := CleanName(s); ok {
			t.Errorf("the name %q passes as %q", s, got)
		}
	}
	for _, s := range []string{"a@b.org\r\nBcc: c@d.org", "a@b.org\nX: y", "a@b.org\x00", "\"a\r\n\"@b.org", "a@b.org, c@d.org", "<a@b.org>", "A <a@b.org>", "a@b.org;c@d.org", "a b@c.org", "\u202ea@b.org", "a@b\u202e.org", "a\u200b@b.org"} {
		if got, ok := CleanEmail(s); ok {
			t.Errorf("the address %q passes as %q", s, got)
		}
	}
	for _, s := range []string{"07700 900 982\r\n", "+44\x007700900982", "0770090098२", "07700900982;ext=1", "tel:07700900982"} {
		if got, ok := CleanPhone(s); ok && strings.TrimSpace(s) != "07700 900 982" {
			t.Errorf("the number %q passes as %q", s, got)
		}
	}
}

// The mark of a browser is for the server alone.
func TestBrowserCookieKeepsToItself(t *testing.T) {
	t.Parallel()
	one, other := newBrowser(), newBrowser()
	if browserCookie(true) != "__Host-timebank-browser" || len(one) < 32 || one == other {
		t.Error("the mark of a browser can be guessed or set from elsewhere")
	}
}
