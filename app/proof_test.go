package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// told counts the mails with this subject to somebody, and gives the newest.
func (h *house) told(to, subject string) (n int, newest string) {
	for _, m := range h.sink.Messages() {
		if m.To == to && m.Subject == subject {
			if n++; n == 1 {
				newest = m.Text
			}
		}
	}
	return n, newest
}

// An open session that somebody finds must not become theirs for good: how one
// signs in is changed soon after signing in only, and with the second step where
// there is one.
func TestWayInIsChangedOnlySoonAfterSigningIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	m := h.signIn("maria@example.org")
	h.clock.Advance(9 * time.Minute)
	secret := m.do("POST", "/me/authenticator", nil, http.StatusOK).str("secret")
	h.clock.Advance(6 * time.Minute)
	late := h.renewed(m)
	for path, body := range map[string]any{"/me/authenticator": nil, "/me/email": map[string]any{"email": "thief@example.org"}} {
		late.refused("POST", path, body, http.StatusUnauthorized, "sign-in-again")
	}
	code := func() map[string]any {
		h.clock.Advance(time.Minute) // each code counts once
		c, err := totp.GenerateCode(secret, h.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"code": c}
	}
	late.do("POST", "/me/authenticator/confirm", code(), http.StatusOK) // begun in time, with proof in the hand
	late.do("POST", "/me/email", map[string]any{"email": "maria.new@example.org"}, http.StatusAccepted)
	again := h.signIn("maria@example.org")
	again.refused("POST", "/me/email", map[string]any{"email": "thief@example.org"}, http.StatusUnauthorized, "second-step")
}

// Whoever changes how somebody signs in, that person hears of it.
func TestChangedFactorIsToldByMail(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	m := h.signIn("maria@example.org")
	begun := m.do("POST", "/me/authenticator", nil, http.StatusOK)
	if qr := begun.sub("qr"); qr.num("size") < 29 || !strings.HasPrefix(qr.str("path"), "M4 4h7v1h-7z") {
		t.Errorf("the QR code: %v", qr)
	}
	code := func() map[string]any {
		h.clock.Advance(time.Minute)
		c, err := totp.GenerateCode(begun.str("secret"), h.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"code": c}
	}
	const subject = "How you sign in was changed"
	m.refused("POST", "/me/authenticator/recovery", code(), http.StatusUnprocessableEntity, "wrong-second-code") // not confirmed yet
	for i, step := range []struct{ path, says string }{
		{"/me/authenticator/confirm", "was set up"}, {"/me/authenticator/recovery", "The old ones do not work"}, {"/me/authenticator/remove", "was removed"},
	} {
		if status, _, raw := m.try("POST", step.path, code()); status >= 300 {
			t.Fatalf("%s: %d %s", step.path, status, raw)
		}
		h.wait("tell-factor")
		if n, text := h.told("maria@example.org", subject); n != i+1 || !strings.Contains(text, step.says) {
			t.Errorf("after %s: %d mails, the newest says %q", step.path, n, text)
		}
	}
}

// New recovery codes take the place of the old ones.
func TestRecoveryCodesAreReplaced(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	m := h.signIn("maria@example.org")
	secret := m.do("POST", "/me/authenticator", nil, http.StatusOK).str("secret")
	c, err := totp.GenerateCode(secret, h.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	first := m.do("POST", "/me/authenticator/confirm", map[string]any{"code": c}, http.StatusOK)["recovery_codes"].([]any)
	second := m.do("POST", "/me/authenticator/recovery", map[string]any{"code": first[0]}, http.StatusOK)["recovery_codes"].([]any)
	again := h.signIn("maria@example.org")
	again.refused("POST", "/session/second", map[string]any{"code": first[1]}, http.StatusUnprocessableEntity, "wrong-second-code")
	again.do("POST", "/session/second", map[string]any{"code": second[1]}, http.StatusNoContent)
	if f := again.do("GET", "/me/authenticator", nil, http.StatusOK); f.num("recovery_codes_left") != 9 || f["done"] != true || f["demanded"] != false {
		t.Errorf("second factor: %v", f)
	}
}

// A browser that did the second step and was told to remember it is not asked
// again for thirty days; to change how one signs in it is, and so is any other.
func TestRememberedBrowserIsEnoughToWorkOnly(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	m := h.signIn("maria@example.org")
	secret := m.do("POST", "/me/authenticator", nil, http.StatusOK).str("secret")
	code := func() map[string]any {
		h.clock.Advance(time.Minute)
		c, err := totp.GenerateCode(secret, h.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"code": c, "remember": true}
	}
	confirm := code()
	delete(confirm, "remember")
	m.do("POST", "/me/authenticator/confirm", confirm, http.StatusOK)
	first := h.signIn("maria@example.org")
	first.do("POST", "/session/second", code(), http.StatusNoContent)
	again := h.signInAt(&browser{h: h, known: first.known}, "maria@example.org")
	again.do("GET", "/me", nil, http.StatusOK)
	again.refused("POST", "/me/email", map[string]any{"email": "thief@example.org"}, http.StatusUnauthorized, "second-step")
	h.signIn("maria@example.org").refused("GET", "/me", nil, http.StatusUnauthorized, "second-step")
	h.clock.Advance(30 * 24 * time.Hour)
	h.signInAt(&browser{h: h, known: first.known}, "maria@example.org").refused("GET", "/me", nil, http.StatusUnauthorized, "second-step")
}
