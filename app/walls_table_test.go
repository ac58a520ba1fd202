package app_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/app"
	"timebank/app/platform/web"
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
	"retention": governing, "keep-for": governing, "office": governing, "change-office": governing,
	"roles": governing, "community-figures": desking, "platform-banks": {"n", "n", "n", "n"},
	"stand-ins": ofMember, "add-stand-in": ofMember, "end-stand-in": ofMember, "add-organisation": desking,
	"staff": governing, "give-role": ofPolicy, "end-role": {"nnn", "nnn", "yhh", "nnn"},

	"my-data": everybody, "my-data-page": everybody, "ask-for-notes": {"y", "h", "h", "h"}, // notes go to members
	"member-details": ofMember, "change-details": ofMember, "pause-membership": ofMember, "come-back": ofMember, "leaving": ofMember, "leave": ofMember,
	"who-looked": ofMember, "say-why": ofDesk, "member-data-page": ofDesk,

	"set-join-questions": governing, "list-applications": desking, "invite": desking, "accept-application": {"nnn", "yyh", "yyh", "nnn"}, "decline-application": {"nnn", "yyh", "yyh", "nnn"},
	"bank-kinds": parting, "add-kind": governing, "change-kind": ofPolicy,
	"list-help": parting, "offer-help": parting, "ask-for-help": parting, "record-help": parting, "propose-exchange": parting,
	"home": ofMember, "statement": ofMember, "statement-page": ofMember, "statement-pdf": ofMember, "statement-csv": ofMember, "withdraw-listing": ofMember, "list-blocked": ofMember, "tell-complaint": ofBank, "unblock": ofBank, "renew-listing": ofMember,
	"interests": ofMember, "add-interest": parting, "end-interest": ofMember,
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
	case "add-interest":
		out["words"] = "roses"
		if role != "member" {
			out["for_member"], out["consent"] = maria, "phone"
		}
	case "ask-for-help", "offer-help", "sign-up", "not-coming":
		if role != "member" {
			out["for_member"], out["consent"] = maria, "phone"
		}
	case "add-kind":
		out["name"], out["parent"] = "Fishing with "+role+uuid.NewString()[:6], "garden"
	case "change-kind":
		out["name"] = "Dogs with " + role + uuid.NewString()[:6]
	case "describe-photo", "remove-photo", "end-interest":
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
	case "say-why":
		out["purpose"] = "They asked"
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
