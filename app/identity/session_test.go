package identity

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"timebank/app/bank"
	"timebank/app/platform/web"
)

func (d *door) renews(refresh string) (Tokens, error) {
	_, t, err := d.Renew(d.t.Context(), refresh)
	return t, err
}

func TestRenewRotatesTheToken(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, first := d.signedIn()
	d.clock.Advance(time.Hour)
	if _, err := d.enters(first.Access, "", web.SignedIn); !errors.Is(err, ErrSignIn) {
		t.Errorf("an hour old access token: %v", err)
	}
	second, err := d.renews(first.Refresh)
	if err != nil || second.Refresh == first.Refresh {
		t.Fatalf("renewed to %v: %v", second.Refresh == first.Refresh, err)
	}
	if _, err := d.enters(second.Access, "hilltop", TakePart); err != nil {
		t.Error(err)
	}
	if _, err := d.renews("made up"); !errors.Is(err, ErrSignIn) {
		t.Errorf("a made up token: %v", err)
	}
}

// Two tabs renew at once, or an answer is lost: whoever asks again with the old
// token gets what the first got, so it does not matter whose answer comes last.
func TestOldTokenWithinTheGraceGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, first := d.signedIn()
	a, err := d.renews(first.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(grace)
	b, err := d.renews(first.Refresh)
	if err != nil || a.Refresh != b.Refresh {
		t.Fatalf("the same token %v: %v", a.Refresh == b.Refresh, err)
	}
	if _, err := d.renews(a.Refresh); err != nil {
		t.Errorf("the newest token: %v", err)
	}
}

func TestOldTokenAfterTheGraceEndsTheSession(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, first := d.signedIn()
	second, err := d.renews(first.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(grace)
	if _, err := d.renews(first.Refresh); err != nil {
		t.Fatalf("at the end of the grace: %v", err)
	}
	d.clock.Advance(time.Microsecond) // asking in the grace must not have lengthened it
	if _, err := d.renews(first.Refresh); !errors.Is(err, ErrSignIn) {
		t.Errorf("an old token after the grace: %v", err)
	}
	if _, err := d.renews(second.Refresh); !errors.Is(err, ErrSignIn) {
		t.Errorf("the session goes on for whoever holds the newest token: %v", err)
	}
	if _, err := d.enters(second.Access, "", web.SignedIn); !errors.Is(err, ErrSignIn) {
		t.Errorf("the access token outlives its session: %v", err)
	}
}

func TestSessionEndsWhenNobodyRenewsIt(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, first := d.signedIn()
	d.clock.Advance(refreshLife)
	if _, err := d.renews(first.Refresh); !errors.Is(err, ErrSignIn) {
		t.Errorf("after ninety days: %v", err)
	}
}

func TestSignOutEndsTheSessionAtOnce(t *testing.T) {
	t.Parallel()
	for name, old := range map[string]bool{"with the newest token": false, "with the token whose successor was lost": true} {
		d := newDoor(t)
		_, tokens := d.signedIn()
		newest, err := d.renews(tokens.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		out := newest.Refresh
		if old {
			out = tokens.Refresh
		}
		if err := d.SignOut(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if _, err := d.enters(newest.Access, "hilltop", TakePart); !errors.Is(err, ErrSignIn) {
			t.Errorf("%s: the access token still works: %v", name, err)
		}
		if _, err := d.renews(newest.Refresh); !errors.Is(err, ErrSignIn) {
			t.Errorf("%s: the session can be renewed: %v", name, err)
		}
		if err := d.SignOut(t.Context(), out); err != nil {
			t.Errorf("%s: signing out twice: %v", name, err)
		}
	}
}

func TestRoleThatEndedIsRefusedAtTheNextRequest(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	p, tokens := d.signedIn()
	d.grant(p, d.bank, Broker)
	if a, err := d.enters(tokens.Access, "hilltop", WorkDesk); err != nil || !a.May(WorkDesk) {
		t.Fatal(err)
	}
	if _, err := d.db.Owner.Exec("update directory.role set ended_at = ? where role = 'broker'", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := d.enters(tokens.Access, "hilltop", WorkDesk); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("the desk is still open: %v", err)
	}
	if _, err := d.db.Owner.Exec("update directory.role set ended_at = ?", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := d.enters(tokens.Access, "hilltop", TakePart); !errors.Is(err, bank.ErrNoBank) {
		t.Errorf("who belongs to no bank: %v", err)
	}
}

func TestErasedPersonIsSignedOut(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	_, tokens := d.signedIn()
	if _, err := d.db.Owner.Exec("update directory.person set erased_at = ?", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := d.enters(tokens.Access, "", web.SignedIn); !errors.Is(err, ErrSignIn) {
		t.Errorf("an erased person: %v", err)
	}
}

// Who refers for nobody may not refer, but a missing surgery takes nothing else
// away.
func TestReferrerWithoutASurgeryMayNotRefer(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	p, tokens := d.signedIn()
	d.grant(p, d.bank, Receptionist)
	if _, err := d.enters(tokens.Access, "hilltop", Refer); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("refers for nobody: %v", err)
	}
	if _, err := d.enters(tokens.Access, "hilltop", TakePart); err != nil {
		t.Errorf("takes part as a member: %v", err)
	}
}

func TestCookiesKeepToThemselves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		secure          bool
		access, refresh string
	}{{false, "timebank", "timebank-renew"}, {true, "__Host-timebank", "__Host-timebank-renew"}} {
		s := &Service{Secure: c.secure}
		set := s.cookies(Tokens{"a", "r"}, 60)
		if set[0].Name != c.access || set[0].Path != "/" || set[1].Name != c.refresh || set[1].Path != "/" {
			t.Errorf("secure %v: %v", c.secure, set)
		}
		for _, k := range set {
			if !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Secure != c.secure || k.Domain != "" || k.MaxAge != 60 {
				t.Errorf("secure %v: %s", c.secure, k.String())
			}
		}
		for _, k := range s.cookies(Tokens{}, -1) {
			if !strings.Contains(k.String(), "Max-Age=0") || k.Value != "" {
				t.Errorf("signing out leaves %s", k.String())
			}
		}
	}
}
