package app_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"timebank/app/identity"
)

// The second step: set up, asked for at the next sign-in, each code once, a
// recovery code for a lost phone, and a bank that demands it of its staff.
func TestSecondStep(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	cora, elsewhere := h.signIn("cora@example.org"), h.signIn("cora@example.org")
	const policy = hilltop + "/policy/second-factor"
	cora.refused("PUT", policy, map[string]any{"required": true}, http.StatusConflict, "second-factor-first")
	secret := cora.do("POST", "/me/authenticator", nil, http.StatusOK).str("secret")
	code := func() map[string]any {
		c, err := totp.GenerateCode(secret, h.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return map[string]any{"code": c[:3] + " " + c[3:]}
	}
	cora.refused("POST", "/me/authenticator/confirm", map[string]any{"code": "12345"}, http.StatusUnprocessableEntity, "wrong-second-code")
	recovery := cora.do("POST", "/me/authenticator/confirm", code(), http.StatusOK)["recovery_codes"].([]any)
	elsewhere.refused("GET", "/me", nil, http.StatusUnauthorized, "sign-in")
	cora.do("PUT", policy, map[string]any{"required": true}, http.StatusNoContent)
	cora.do("GET", hilltop+"/desk", nil, http.StatusOK)

	again := h.signIn("cora@example.org")
	again.refused("GET", "/me", nil, http.StatusUnauthorized, "second-step")
	again.refused("GET", hilltop+"/desk", nil, http.StatusUnauthorized, "second-step")
	again.refused("POST", "/me/authenticator/remove", code(), http.StatusUnauthorized, "second-step")
	again.refused("POST", "/session/second", code(), http.StatusUnprocessableEntity, "wrong-second-code") // used when it was confirmed
	h.clock.Advance(time.Minute)
	again.do("POST", "/session/second", code(), http.StatusNoContent)
	again.do("GET", hilltop+"/desk", nil, http.StatusOK)

	lost := h.signIn("cora@example.org")
	lost.do("POST", "/session/second", map[string]any{"code": recovery[0]}, http.StatusNoContent)
	lost.refused("POST", "/session/second", map[string]any{"code": recovery[0]}, http.StatusUnprocessableEntity, "wrong-second-code")
	if f := lost.do("GET", "/me/authenticator", nil, http.StatusOK); f["on"] != true || f.num("recovery_codes_left") != 9 {
		t.Errorf("second factor: %v", f)
	}
	// Staff without one stand outside; members are not asked.
	sam := h.signIn("sam@example.org")
	sam.refused("GET", hilltop+"/desk", nil, http.StatusForbidden, "second-factor-needed")
	sam.do("GET", "/me", nil, http.StatusOK)
	h.signIn("maria@example.org").do("GET", hilltop+"/listings?type=offer", nil, http.StatusOK)
	// Guessing ends long before it can succeed.
	guess := h.signIn("cora@example.org")
	for range 6 {
		guess.try("POST", "/session/second", map[string]any{"code": "000000"})
	}
	guess.refused("POST", "/session/second", map[string]any{"code": "000000"}, http.StatusTooManyRequests, "too-many-tries")
	h.clock.Advance(time.Hour)
	if err := h.app.Identity.ResetSecond(t.Context(), "cora@example.org"); err != nil {
		t.Fatal(err)
	}
	h.signIn("cora@example.org").do("GET", "/me", nil, http.StatusOK)
}

// The platform's operators do the second step whatever a bank demands; without one
// they are let in nowhere but to set it up.
func TestOperatorsNeedTheSecondStep(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.must(h.app.AddOperator(t.Context(), "Op Erator", "op@example.org"))
	op := h.signIn("op@example.org")
	op.refused("GET", "/platform/banks", nil, http.StatusForbidden, "second-factor-needed")
	if f := op.do("GET", "/me/authenticator", nil, http.StatusOK); f["demanded"] != true || f["done"] != false {
		t.Errorf("the page of the second step says: %v", f)
	}
	h.twoSteps(op)
	op.do("GET", "/platform/banks", nil, http.StatusOK)
}

// twoSteps sets the second step up and does it.
func (h *house) twoSteps(b *browser) *browser {
	h.t.Helper()
	c, err := totp.GenerateCode(b.do("POST", "/me/authenticator", nil, http.StatusOK).str("secret"), h.clock.Now())
	h.must(err)
	b.do("POST", "/me/authenticator/confirm", map[string]any{"code": c}, http.StatusOK)
	return b
}
