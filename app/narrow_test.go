package app_test

import (
	"net/http"
	"strings"
	"testing"

	"timebank/app/platform/web"
)

// few is what the roles that see little may do; everything else is refused to
// them: not allowed, or answered like what does not exist. The letters are those
// of the table of walls.
var few = map[string]map[string]string{
	"stand-in": {
		"list-help": "y", "bank-kinds": "y", "see-listing": "yyh", "stand-ins": "hhh", "end-stand-in": "hhh",
		"home": "yhh", "help-of-member": "yhh", "see-exchange": "yhh", "agree": "yhh", "cancel-exchange": "yhh", "withdraw-listing": "yhh", "renew-listing": "yhh",
		"see-photo": "yyh", "add-photo": "yhh", "describe-photo": "yhh", "remove-photo": "yhh",
		"ask-for-help": "y", "propose-exchange": "y", "interests": "yhh", "add-interest": "y",
		"tell-complaint":  "yyh", // for the member, who may let them answer plans
		"pot":             "y",
		"list-gatherings": "y", "see-gathering": "yyh", "sign-up": "yyh", "not-coming": "yyh", // with the member they stand in for
	},
	"safeguarding-lead": {"list-concerns": "y", "see-concern": "yyh", "note-concern": "yyh", "close-concern": "yyh"},
	"co-chair":          {"community-figures": "y"},
	"operator":          {"platform-banks": "y"},
}

// Every operation as the roles that see little: a stand-in within the limits that
// the member set, a safeguarding lead, a co-chair, the operator of the platform.
func TestRolesThatSeeLittle(t *testing.T) {
	t.Parallel()
	w := openWalled(t)
	w.narrow(w.maria)
	emails := map[string]string{"stand-in": "kit@example.org", "safeguarding-lead": "lee@example.org", "co-chair": "chi@example.org", "operator": "op@example.org"}
	for role, email := range emails {
		w.as[role] = w.signIn(email)
		if role == "operator" {
			w.twoSteps(w.as[role])
		}
		w.devices[role] = [3]string{w.device(w.as[role]), w.devices["member"][1], w.devices["member"][2]}
	}
	sample := samples(t)
	allowed := map[string]int{}
	for _, op := range w.app.Web.Ops() {
		if op.Who == web.Anyone || strings.HasPrefix(op.ID, "end-") && op.ID != "end-stand-in" {
			continue
		}
		for role := range emails {
			letters, named := few[role][op.ID]
			mine := (op.Who == web.SignedIn || strings.HasPrefix(op.Who, "half")) && !(role == "operator" && strings.Contains(op.Path, "{bank}"))
			switch {
			case named:
				allowed[role+op.ID]++
				for i, letter := range letters {
					w.tries(op, role, i, letter, sample[op.ID])
				}
			case mine:
			default:
				for i := range max(1, min(3, 3*strings.Count(strings.ReplaceAll(op.Path, "{bank}", ""), "{"))) {
					w.refuses(op, role, i, sample[op.ID])
				}
			}
		}
	}
	for role, ops := range few {
		for id := range ops {
			if allowed[role+id] == 0 {
				t.Errorf("%s may call %s, which is no operation", role, id)
			}
		}
	}
}

// refuses wants a 403 or a 404, and that nothing is told.
func (w *walled) refuses(op web.Op, role string, i int, body any) {
	w.t.Helper()
	status, _, raw := w.sends(op, role, i, body)
	if status != http.StatusForbidden && status != http.StatusNotFound {
		w.t.Errorf("%s as %s on object %d: want a refusal, got %d %s", op.ID, role, i, status, raw)
	}
}
