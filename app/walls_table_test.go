package app_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app"
	"timebank/app/bank"
	"timebank/app/concern"
	"timebank/app/exchange"
	"timebank/app/gathering"
	"timebank/app/gift"
	"timebank/app/identity"
	"timebank/app/joining"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/seal"
	"timebank/app/platform/web"
	"timebank/app/referral"
)

// wall is what the walls answer to each role about three objects: one's own (the
// member's, the surgery's; for staff any of the bank), another member's or
// surgery's of the same bank, and another bank's.
//
//	y  may: whatever follows is the use case's answer
//	n  not allowed, and may know so
//	h  hidden: answered like what does not exist
//
// An operation on no object has one letter.
type wall struct{ member, broker, coordinator, surgery string }

var (
	everybody = wall{"y", "y", "y", "y"}
	parting   = wall{"y", "y", "y", "n"}         // taking part
	desking   = wall{"n", "y", "y", "n"}         // the desk, on no object
	governing = wall{"n", "n", "y", "n"}         // the coordinator, on no object
	referring = wall{"n", "n", "n", "y"}         // the surgery, on no object
	ofMember  = wall{"yhh", "yyh", "yyh", "nnn"} // a member's own things; staff sees the bank's
	ofBank    = wall{"yyh", "yyh", "yyh", "nnn"} // every member may, in their own bank
	ofKeeper  = wall{"hhh", "yyh", "yyh", "nnn"} // staff, and a member who leads; this one does not
	ofDesk    = wall{"nnn", "yyh", "yyh", "nnn"} // staff only
	ofPolicy  = wall{"nnn", "nnn", "yyh", "nnn"} // the coordinator only
	ofSurgery = wall{"nnn", "nnn", "nnn", "yhh"} // the surgery's own
	ofOneself = wall{"yhh", "yhh", "yhh", "yhh"} // nobody else's, staff or not
)

// walls is the policy, operation by operation. One that is not here fails.
var walls = map[string]wall{
	"second-step": everybody, "second-factor": everybody, "begin-authenticator": everybody, "confirm-authenticator": everybody, "remove-authenticator": everybody, "renew-recovery-codes": everybody,
	"my-passkeys": everybody, "begin-passkey": everybody, "add-passkey": everybody, "name-passkey": ofOneself, "remove-passkey": ofOneself,
	"demand-second-factor": governing, "change-my-email": everybody, "confirm-my-email": everybody,
	"my-push": everybody, "push-on": everybody, "push-off": everybody,
	"me": everybody, "my-devices": everybody, "end-other-devices": everybody, "end-device": ofOneself,
	"raise-concern": everybody, "list-concerns": governing, "see-concern": ofPolicy, "note-concern": ofPolicy, "close-concern": ofPolicy,
	"retention": governing, "keep-for": governing,
	"roles": governing, "community-figures": desking, "platform-banks": {"n", "n", "n", "n"},
	"stand-ins": ofMember, "add-stand-in": ofMember, "end-stand-in": ofMember, "add-organisation": desking,
	"staff": governing, "give-role": ofPolicy, "end-role": {"nnn", "nnn", "yhh", "nnn"},

	"my-data": everybody, "my-data-page": everybody, "ask-for-notes": {"y", "h", "h", "h"}, // notes go to members
	"member-details": ofMember, "change-details": ofMember, "pause-membership": ofMember, "come-back": ofMember, "leaving": ofMember, "leave": ofMember,
	"who-looked": ofMember, "member-data-page": ofDesk,

	"set-join-questions": governing, "list-applications": desking, "invite": desking, "accept-application": {"nnn", "yyh", "yyh", "nnn"}, "decline-application": {"nnn", "yyh", "yyh", "nnn"},
	"bank-kinds": parting, "add-kind": governing, "change-kind": ofPolicy,
	"list-help": parting, "offer-help": parting, "ask-for-help": parting, "record-help": parting, "propose-exchange": parting,
	"home": ofMember, "statement": ofMember, "statement-page": ofMember, "statement-pdf": ofMember, "statement-csv": ofMember, "withdraw-listing": ofMember, "list-blocked": ofMember, "tell-complaint": ofBank, "unblock": ofBank, "renew-listing": ofMember,
	"help-of-member": {"yhh", "yyy", "yyy", "nnn"}, // for staff an empty list, as of a member who does not exist
	"see-listing":    {"yyh", "yyh", "yyh", "nnn"}, // what is open is for every member to see
	"see-photo":      {"yyh", "yyh", "yyh", "nnn"}, "add-photo": ofMember, "describe-photo": ofMember, "remove-photo": ofMember,
	"see-exchange": ofMember, "agree": ofMember, "cancel-exchange": ofMember, "confirm-hours": ofMember, "dispute-hours": ofMember, "say-done": ofMember,
	"suggest-time": ofMember, "keep-time": ofMember, "end-regular-help": ofMember, "say-thanks": ofMember,
	"help-again": ofMember, "help-regularly": ofMember, "write-letter": ofMember,

	"list-tasks": desking, "search-members": desking, "add-member": desking, "list-referrals": desking,
	"take-task": {"nnn", "yyh", "yyh", "nnn"}, "finish-task": {"nnn", "hhh", "hhh", "nnn"}, // this task ends by itself only
	"see-member": ofDesk, "read-out-code": ofDesk, "candidates": ofDesk, "resolve-dispute": ofDesk,

	"list-gatherings": parting, "see-gathering": ofBank, "sign-up": ofBank, "not-coming": ofBank, // what is on is for every member
	"see-register": ofKeeper, "mark-register": ofKeeper, "walk-in": ofKeeper, "list-venues": desking, "add-gathering": desking,
	"change-gathering": ofDesk, "cancel-gathering": ofDesk, "preview-gathering-hours": ofDesk, "post-gathering-hours": ofDesk, "gathering-hours": ofDesk, "take-back-hours": ofPolicy,

	"book-checks": governing, "move-hours": ofPolicy,

	"give-hours": parting, "list-gifts": ofMember, "pot": parting, "ask-pot": parting, "pot-desk": desking, "answer-pot-ask": ofDesk,
	"accept-gift": ofMember, "decline-gift": ofMember, "take-back-gift": {"hhh", "yyh", "yyh", "nnn"}, // these gifts are to Maria, not from her

	"surgery-desk": referring, "refer-person": referring, "list-my-referrals": referring,
	"my-referral": ofSurgery, "withdraw-referral": ofSurgery, "answer-question": ofSurgery,
	"see-referral": ofDesk, "accept-referral": ofDesk, "acknowledge-referral": ofDesk, "ask-surgery": ofDesk, "log-attempt": ofDesk,
	"book-conversation": ofDesk, "complete-referral": ofDesk, "could-not-reach": ofDesk, "decline-referral": ofDesk, "hold-conversation": ofDesk,
	"join-referred": ofDesk, "pause-referral": ofDesk, "change-permission": ofDesk, "reroute-referral": ofDesk, "resume-referral": ofDesk,
	"review-referral": ofDesk, "log-safety-call": ofDesk, "void-referral": ofDesk,
}

// wreckers change what the others need, so they come last, in this order.
var wreckers = []string{"remove-passkey", "end-stand-in", "end-device", "end-other-devices", "end-role", "give-role", "leave"}

var braces = regexp.MustCompile(`\{([a-z]+)\}`)

// fill puts values into the braces of a path; {bank} is always ours.
func fill(path string, value func(name string) string) string {
	return braces.ReplaceAllStringFunc(path, func(b string) string {
		if b == "{bank}" {
			return "hilltop"
		}
		return value(b[1 : len(b)-1])
	})
}

// walled is a bank, another bank, and three of every object.
type walled struct {
	*house
	as      map[string]*browser
	objects map[string][3]string
	devices map[string][3]string // by role
	keys    map[string][3]string // passkeys, by role
	spare   string               // a member who does nothing else
	maria   member.Member        // whose objects the first are
}

func openWalled(t *testing.T, change ...func(*house)) *walled {
	t.Helper()
	w := &walled{house: open(t, change...), as: map[string]*browser{}, objects: map[string][3]string{}, devices: map[string][3]string{}, keys: map[string][3]string{}}
	h := w.house
	other := h.openBank("elsewhere", "Elsewhere Time Bank")
	maria, bill, paul := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org"), h.joins(h.bank, "Paul Quiet", "paul@example.org")
	stan, fran := h.joins(other, "Stan Ger", "stranger@example.org"), h.joins(other, "Fran Away", "fran@example.org")
	mine, theirs, away := h.surgery(h.bank, "Millbrook Surgery"), h.surgery(h.bank, "Elm Surgery"), h.surgery(other, "Away Surgery")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	h.staff(h.bank, "Priya", "priya@example.org", identity.Receptionist, &mine)
	w.spare, w.maria = paul.ID.String(), maria
	w.objects["member"] = [3]string{maria.ID.String(), bill.ID.String(), stan.ID.String()}
	jo, err := h.app.AddStaff(t.Context(), h.bank, "Jo", "Jo", "jo@example.org", identity.Broker, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.objects["person"] = [3]string{jo.String(), maria.PersonID.String(), stan.PersonID.String()}
	asks := func(b bank.Bank, who uuid.UUID) string { return h.asks(w.broker(b), who, "out.lift").String() }
	w.objects["request"] = [3]string{asks(h.bank, maria.ID), asks(h.bank, bill.ID), asks(other, stan.ID)}
	w.objects["listing"] = [3]string{asks(h.bank, maria.ID), asks(h.bank, bill.ID), asks(other, stan.ID)}
	w.objects["kind"] = [3]string{w.kindOf(h.bank, "Fishing"), "garden.dog", w.kindOf(other, "Sailing")}
	for i, b := range []bank.Bank{h.bank, h.bank, other} {
		photos := w.objects["photo"]
		photos[i] = h.photo(w.broker(b), w.objects["listing"][i])
		w.objects["photo"] = photos
	}
	meets := func(b bank.Bank, helped, helper uuid.UUID) string { return w.proposed(b, helped, helper).String() }
	w.objects["exchange"] = [3]string{meets(h.bank, maria.ID, bill.ID), meets(h.bank, bill.ID, paul.ID), meets(other, stan.ID, fran.ID)}
	w.objects["referral"] = [3]string{w.refers(h.bank, mine), w.refers(h.bank, theirs), w.refers(other, away)}
	w.objects["concern"] = [3]string{w.worries(h.bank), w.worries(h.bank), w.worries(other)}
	w.objects["standing"] = [3]string{w.stands(h.bank, maria), w.stands(h.bank, bill), w.stands(other, stan)}
	w.objects["application"] = [3]string{w.applies(h.bank, "ann"), w.applies(h.bank, "ben"), w.applies(other, "cat")}
	w.objects["task"] = [3]string{w.task(h.bank, w.objects["request"][0]), w.task(h.bank, w.objects["request"][1]), w.task(other, w.objects["request"][2])}
	w.objects["gift"] = [3]string{w.gives(h.bank, bill.ID, maria.ID), w.gives(h.bank, paul.ID, bill.ID), w.gives(other, fran.ID, stan.ID)}
	w.objects["ask"] = [3]string{w.asksPot(h.bank, bill.ID), w.asksPot(h.bank, paul.ID), w.asksPot(other, stan.ID)}
	for i, b := range []bank.Bank{h.bank, h.bank, other} {
		who := [3]uuid.UUID{maria.ID, bill.ID, stan.ID}[i]
		g, part := w.gathers(b, who)
		gatherings, parts := w.objects["gathering"], w.objects["part"]
		gatherings[i], parts[i] = g, part
		w.objects["gathering"], w.objects["part"] = gatherings, parts
	}
	for role, email := range map[string]string{"member": "maria@example.org", "broker": "sam@example.org", "coordinator": "cora@example.org", "surgery": "priya@example.org"} {
		spare := w.device(h.signIn(email))
		w.as[role] = h.signIn(email)
		w.devices[role] = [3]string{spare}
		w.keys[role] = [3]string{w.passkey(email)}
	}
	nobodys, strangers := w.device(h.signIn("bill@example.org")), w.device(h.signIn("stranger@example.org"))
	nobodysKey, strangersKey := w.passkey("bill@example.org"), w.passkey("stranger@example.org")
	for role := range w.as {
		w.devices[role] = [3]string{w.devices[role][0], nobodys, strangers}
		w.keys[role] = [3]string{w.keys[role][0], nobodysKey, strangersKey}
	}
	// Staff with a passkey change how they sign in only where they have used it.
	if _, err := h.db.Owner.Exec("update directory.session set second = 'done'"); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *walled) broker(b bank.Bank) identity.Actor {
	return identity.Actor{Person: uuid.New(), Bank: b, Roles: []identity.Role{identity.Broker}}
}

func (w *walled) device(b *browser) string {
	for _, d := range b.do("GET", "/me/devices", nil, http.StatusOK).list("devices") {
		if d["this"] == true {
			return d.str("id")
		}
	}
	w.t.Fatal("a device that is not signed in")
	return ""
}

// passkey is one of somebody's that never signs.
func (w *walled) passkey(email string) string {
	key := uuid.New()
	sealed, err := w.app.Box.Seal(seal.Place{Column: "passkey.sealed", Row: key}, []byte(`{"id": "AAAA"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.db.Owner.Exec(`insert into directory.passkey (id, person_id, credential, sealed, name, created_at)
		select ?, id, ?, ?, 'A phone', ? from directory.person where email = ?`, key, key[:], sealed, w.clock.Now(), email)
	if err != nil {
		w.t.Fatal(err)
	}
	return key.String()
}

func (w *walled) proposed(b bank.Bank, helped, helper uuid.UUID) uuid.UUID {
	starts := w.clock.Now().Add(24 * time.Hour)
	id, err := w.app.Exchange.Propose(w.t.Context(), w.broker(b), uuid.Nil, exchange.Plan{Listing: w.asks(w.broker(b), helped, "out.shop"), Helper: helper, StartsAt: &starts})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *walled) refers(b bank.Bank, surgery uuid.UUID) string {
	a := identity.Actor{Person: uuid.New(), Bank: b, Roles: []identity.Role{identity.Receptionist}, Organisation: surgery}
	v, _, err := w.app.Referral.Refer(w.t.Context(), a, referral.Form{Agreed: "now", Name: "Ada Whitlock", BirthYear: 1951, ReachBy: "call",
		Reach: "07700 900 461", SafeMessage: "yes", Wants: []string{"company"}}, uuid.New())
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Referral.ID.String()
}

func (w *walled) worries(b bank.Bank) string {
	a := identity.Actor{Person: uuid.New(), Bank: b, Roles: []identity.Role{identity.Member}}
	ref, err := w.app.Concern.Raise(w.t.Context(), a, uuid.Nil, concern.Told{About: "Ada", What: "Has not opened the door"})
	if err != nil {
		w.t.Fatal(err)
	}
	var id string
	w.in(b.ID, func(ctx context.Context, tx bun.IDB) error {
		return tx.NewRaw("select id from concern where bank_id = ? and reference = ?", b.ID, ref).Scan(ctx, &id)
	})
	return id
}

// stands lets a carer of theirs act for a member.
func (w *walled) stands(b bank.Bank, m member.Member) string {
	self := identity.Actor{Person: m.PersonID, Bank: b, Member: m.ID, Roles: []identity.Role{identity.Member}}
	id, err := w.app.Member.Appoint(w.t.Context(), self, uuid.Nil, m.ID, member.StandInWish{Name: "Carer of " + m.Called, Email: "of." + m.ID.String() + "@example.org", May: identity.CarerMay})
	if err != nil {
		w.t.Fatal(err)
	}
	return id.String()
}

func (w *walled) applies(b bank.Bank, name string) string {
	if _, err := w.app.Joining.Apply(w.t.Context(), b.Slug, joining.Wish{Name: name, Email: name + "@example.org"}, "", "192.0.2.1"); err != nil {
		w.t.Fatal(err)
	}
	all, err := w.app.Joining.Waiting(w.t.Context(), w.broker(b))
	if err != nil || len(all) == 0 {
		w.t.Fatal(all, err)
	}
	return all[len(all)-1].ID.String()
}

// gives offers a quarter of an hour, out of some that somebody starts with.
func (w *walled) gives(b bank.Bank, from, to uuid.UUID) string {
	w.opensWith(b, from, 60)
	id, err := w.app.Gift.Give(w.t.Context(), w.broker(b), uuid.Nil, gift.Giving{To: &to, Minutes: 15, OnBehalf: identity.OnBehalf{For: &from, Consent: "phone"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return id.String()
}

func (w *walled) asksPot(b bank.Bank, who uuid.UUID) string {
	id, err := w.app.Gift.AskPot(w.t.Context(), w.broker(b), uuid.Nil, 15, "", identity.OnBehalf{For: &who, Consent: "phone"})
	if err != nil {
		w.t.Fatal(err)
	}
	return id.String()
}

// gathers plans a gathering at which a member has a place.
func (w *walled) gathers(b bank.Bank, who uuid.UUID) (id, part string) {
	a := w.broker(b)
	g, err := w.app.Gathering.Add(w.t.Context(), a, uuid.Nil, gathering.Plan{Title: "Drop-in", Kind: "company.chat", New: gathering.Venue{Name: "Hall"},
		Day: b.Today(w.clock.Now()).AddDate(0, 0, 2), Clock: "10:30", Minutes: 60})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.app.Gathering.SignUp(w.t.Context(), a, g, gathering.SignUp{OnBehalf: identity.OnBehalf{For: &who, Consent: "phone"}}); err != nil {
		w.t.Fatal(err)
	}
	r, err := w.app.Gathering.Register(w.t.Context(), a, g)
	if err != nil || len(r.Lines) != 1 {
		w.t.Fatal(r, err)
	}
	return g.String(), r.Lines[0].ID.String()
}

func (w *walled) task(b bank.Bank, subject string) string {
	var id string
	err := db.InTx(w.t.Context(), w.db.Bun, b.ID, func(ctx context.Context, tx bun.IDB) error {
		return tx.NewRaw("select id from task where bank_id = ? and subject_id = ?", b.ID, subject).Scan(ctx, &id)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// Every operation × every role × own, another's, another bank's object, against
// the table. A new operation without a line in the table fails.
func TestEveryOperationOnEverybodysObjects(t *testing.T) {
	t.Parallel()
	w := openWalled(t)
	sample := samples(t)
	ops := w.app.Web.Ops()
	slices.SortStableFunc(ops, func(a, b web.Op) int { return slices.Index(wreckers, a.ID) - slices.Index(wreckers, b.ID) })
	seen := map[string]bool{}
	for _, op := range ops {
		if op.Who == web.Anyone {
			continue
		}
		row, known := walls[op.ID]
		if !known {
			t.Errorf("%s is not in the table of walls", op.ID)
			continue
		}
		seen[op.ID] = true
		letters := map[string]string{"member": row.member, "broker": row.broker, "coordinator": row.coordinator, "surgery": row.surgery}
		// What is refused is tried before what may change something.
		for _, kind := range "nhy" {
			for _, role := range []string{"surgery", "member", "broker", "coordinator"} {
				for i, letter := range letters[role] {
					if letter == kind {
						w.tries(op, role, i, letter, sample[op.ID])
					}
				}
			}
		}
	}
	for id := range walls {
		if !seen[id] {
			t.Errorf("the table has %s, which is no operation", id)
		}
	}
}

// more is what a schema does not say of a body: that staff names whom they act
// for, and objects that there are.
func (w *walled) more(op, role string) map[string]any {
	out := map[string]any{}
	maria, bill := w.objects["member"][0], w.objects["member"][1]
	switch op {
	case "ask-for-help", "offer-help", "sign-up", "not-coming":
		if role != "member" {
			out["for_member"], out["consent"] = maria, "phone"
		}
	case "add-kind":
		out["name"], out["parent"] = "Fishing with "+role+uuid.NewString()[:6], "garden"
	case "change-kind":
		out["name"] = "Dogs with " + role + uuid.NewString()[:6]
	case "describe-photo", "remove-photo":
		out["consent"] = "phone"
	case "agree", "cancel-exchange", "renew-listing":
		if role == "stand-in" {
			out["for_member"] = maria
		}
	case "move-hours":
		out["to_bank"] = "elsewhere"
	case "tell-complaint", "unblock":
		if role != "member" {
			out["for_member"], out["consent"] = maria, "phone"
		}
		if op == "tell-complaint" {
			out["words"] = "Something odd"
		}
	case "record-help":
		out["helper_id"], out["helped_id"] = maria, bill
	case "propose-exchange":
		out["listing_id"] = w.objects["listing"][0]
	case "dispute-hours":
		out["reason"] = "It took longer"
	case "add-stand-in":
		out["email"], out["may"], out["consent"] = "x"+uuid.NewString()+"@example.org", []string{"read-diary"}, "phone"
	case "name-passkey":
		out["name"] = "My phone"
	case "keep-for":
		out["days"] = 400
	case "note-concern", "close-concern":
		out["words"] = "Rang, and she is well"
	case "change-details", "pause-membership", "come-back", "leave":
		out["consent"] = "phone"
	case "give-hours", "ask-pot":
		if role != "member" {
			out["for_member"], out["consent"] = maria, "phone"
		}
	case "accept-gift", "decline-gift", "take-back-gift":
		out["consent"] = "phone"
	case "change-gathering":
		out["clock"], out["minutes"], out["kind"], out["venue_name"] = "10:30", 60, "company.chat", "Hall"
	case "withdraw-referral":
		out["outcome"] = "by-mistake"
	}
	return out
}

func (w *walled) tries(op web.Op, role string, i int, letter rune, body any) {
	w.t.Helper()
	status, p, raw := w.sends(op, role, i, body)
	ok := status != http.StatusForbidden && status != http.StatusNotFound && status != http.StatusUnauthorized && status < 500
	switch letter {
	case 'n':
		ok = status == http.StatusForbidden && p.str("code") == "not-allowed"
	case 'h':
		ok = status == http.StatusNotFound
	}
	if !ok {
		w.t.Errorf("%s as %s on object %d: want %c, got %d %s (sent %v)", op.ID, role, i, letter, status, raw, body)
	}
}

// sends calls an operation on the i-th of its objects.
func (w *walled) sends(op web.Op, role string, i int, body any) (int, answer, string) {
	w.t.Helper()
	path := fill(op.Path, func(name string) string {
		if name == "device" {
			return w.devices[role][i]
		}
		if name == "passkey" {
			return w.keys[role][i]
		}
		if op.ID == "give-role" && i == 0 {
			return w.spare // Maria would have to sign in again
		}
		if name == "what" {
			return "messages"
		}
		o, ok := w.objects[name]
		if !ok {
			w.t.Fatalf("%s: no object stands for {%s}", op.ID, name)
		}
		return o[i]
	})
	if fields, ok := body.(map[string]any); ok {
		body = maps.Clone(fields)
		maps.Copy(body.(map[string]any), w.more(op.ID, role))
	}
	if op.Method == http.MethodGet || op.Method == http.MethodDelete {
		body = nil
	}
	if op.ID == "member-data-page" {
		path += "?purpose=they+asked"
	}
	return w.as[role].try(op.Method, path, body)
}

// samples makes, from the OpenAPI document, a body for each operation that its
// schema takes.
func samples(t *testing.T) map[string]any {
	t.Helper()
	raw, err := app.Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			RequestBody struct {
				Content map[string]struct{ Schema schema }
			}
		}
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	for _, methods := range doc.Paths {
		for _, op := range methods {
			if c, ok := op.RequestBody.Content["application/json"]; ok {
				out[op.OperationID] = c.Schema.sample(doc.Components.Schemas)
			}
		}
	}
	return out
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Format     string
	Enum       []any
	Required   []string
	Properties map[string]schema
	Items      *schema
	Minimum    *float64
}

func (s schema) sample(all map[string]schema) any {
	if s.Ref != "" {
		return all[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]].sample(all)
	}
	for _, e := range s.Enum {
		if e != "" {
			return e
		}
	}
	kind, _ := s.Type.(string)
	if list, ok := s.Type.([]any); ok {
		kind, _ = list[0].(string)
	}
	switch kind {
	case "object":
		out := map[string]any{}
		for _, name := range s.Required {
			out[name] = s.Properties[name].sample(all)
		}
		return out
	case "array":
		if s.Items == nil {
			return []any{}
		}
		return []any{s.Items.sample(all)}
	case "integer", "number":
		if s.Minimum != nil && *s.Minimum > 1 {
			return *s.Minimum
		}
		return 1
	case "boolean":
		return true
	}
	switch s.Format {
	case "uuid":
		return uuid.NewString()
	case "date":
		return monday.AddDate(0, 0, 3).Format(time.DateOnly)
	case "date-time":
		return monday.AddDate(0, 0, 3).Format(time.RFC3339)
	}
	return "a word"
}
