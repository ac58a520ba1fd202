package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Asked for somebody or for nobody, what comes back is the same to the letter; how
// long it takes is reported, not asserted.
func TestNothingTellsWhoIsAMember(t *testing.T) {
	t.Parallel()
	h := open(t)
	took, said := map[string][]time.Duration{}, map[string]map[string]bool{}
	for n := range 25 {
		h.joins(h.bank, "Maria Santos", fmt.Sprintf("known%d@example.org", n))
		h.clock.Advance(time.Hour) // tries are rationed
		for _, who := range []string{"known", "unknown"} {
			b := &browser{h: h}
			contact := fmt.Sprintf("%s%d@example.org", who, n)
			for _, step := range []struct {
				what, path string
				body       map[string]any
			}{{"ask", "/session/code", map[string]any{"contact": contact}}, {"try", "/session", map[string]any{"contact": contact, "code": "000000"}}} {
				start := time.Now()
				status, answer, raw := b.try("POST", step.path, step.body)
				took[step.what+" "+who] = append(took[step.what+" "+who], time.Since(start))
				if said[step.what] == nil {
					said[step.what] = map[string]bool{}
				}
				said[step.what][fmt.Sprint(status, strings.ReplaceAll(raw, answer.str("instance"), ""))] = true
			}
		}
	}
	for what, answers := range said {
		if len(answers) != 1 {
			t.Errorf("%s is answered in %d ways: %v", what, len(answers), answers)
		}
	}
	for _, what := range []string{"ask known", "ask unknown", "try known", "try unknown"} {
		all := took[what]
		slices.Sort(all)
		t.Logf("%-12s median %v, nine in ten under %v", what, all[len(all)/2], all[len(all)*9/10])
	}
}

// A body of ten megabytes is refused in words by every operation, and none of it
// reaches the log. One that takes a file asks first who sends it.
func TestHugeBodyIsRefusedAndNotLogged(t *testing.T) {
	t.Parallel()
	h := open(t)
	body := append([]byte(`{"contact": "`), bytes.Repeat([]byte("zz-canary-zz "), 10<<20/13)...)
	for _, op := range h.app.Web.Ops() {
		if op.Method == http.MethodGet || op.Method == http.MethodDelete {
			continue
		}
		want := http.StatusRequestEntityTooLarge
		if op.Upload > 0 {
			want = http.StatusUnauthorized
		}
		path := fill(op.Path, func(string) string { return uuid.NewString() })
		r, err := http.NewRequestWithContext(t.Context(), op.Method, h.web.URL+"/api"+path, bytes.NewReader(append(body, `"}`...)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder() // no socket: what is not read need not be sent
		h.app.Web.ServeHTTP(w, r)
		if w.Code != want || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", op.ID, w.Code, w.Header().Get("Content-Type"))
		}
	}
	if strings.Contains(h.log.String(), "canary") {
		t.Error("the log has what was sent")
	}
}

// Every string of every operation, as its own document lists them: what cannot be
// kept is refused by name with the way out, before anybody is asked who they are.
func TestUnseenCharactersAreRefusedInEveryString(t *testing.T) {
	t.Parallel()
	h := open(t)
	raw, err := h.app.Web.Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths      map[string]map[string]documented
		Components struct{ Schemas map[string]described }
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	const hostile = "zz-canary-zz\x00\x1b[2J\u202e"
	refused := func(id, method, path string, body any, pointer string) {
		status, p, raw := (&browser{h: h}).try(method, path, body)
		if status != http.StatusUnprocessableEntity || !strings.Contains(raw, `"pointer":"`+pointer+`","code":"control-character","message":"There is`) || p.str("detail") == "" || strings.Contains(raw, "canary") {
			t.Errorf("%s %s: %d %s", id, pointer, status, raw)
		}
	}
	n := 0
	for path, methods := range doc.Paths {
		path = strings.TrimPrefix(fill(path, func(string) string { return uuid.NewString() }), "/api")
		for method, op := range methods {
			for _, q := range op.Parameters {
				if q.In == "query" {
					refused(op.OperationID, strings.ToUpper(method), path+"?"+url.Values{q.Name: {hostile}}.Encode(), nil, "/query/"+q.Name)
					n++
				}
			}
			form, ok := op.RequestBody.Content["application/json"]
			if !ok {
				continue
			}
			for pointer, body := range form.Schema.holding(doc.Components.Schemas, hostile) {
				refused(op.OperationID, strings.ToUpper(method), path, body, pointer)
				n++
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d strings were tried", n)
	}
	if strings.Contains(h.log.String(), "canary") {
		t.Error("the log has what was sent")
	}
}

// documented is as much of an operation's description as the test reads.
type documented struct {
	OperationID string
	Parameters  []struct{ Name, In string }
	RequestBody struct {
		Content map[string]struct{ Schema described }
	}
}

type described struct {
	Ref        string `json:"$ref"`
	Type       any
	Properties map[string]described
	Items      *described
}

// holding makes one value for each string of the schema that holds s there and
// nothing else, by the pointer at which s stands.
func (x described) holding(all map[string]described, s string) map[string]any {
	if x.Ref != "" {
		x = all[path.Base(x.Ref)]
	}
	out := map[string]any{}
	for k, v := range x.Properties {
		for at, inner := range v.holding(all, s) {
			out["/"+k+at] = map[string]any{k: inner}
		}
	}
	if x.Items != nil {
		for at, inner := range x.Items.holding(all, s) {
			out["/0"+at] = []any{inner}
		}
	}
	if x.Type == "string" {
		out[""] = s
	}
	return out
}

// Headers are anybody's to write: bytes that are no text sign in like any other
// browser's name, and no address with a NUL in it reaches the database.
func TestHostileHeadersAndAddressesBreakNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	b := h.signInAt(&browser{h: h, agent: "\xff\xfe" + strings.Repeat("ñ", 150) + "\xc3"}, "maria@example.org")
	b.do("GET", "/me", nil, http.StatusOK)
	for _, op := range h.app.Web.Ops() {
		for _, id := range []string{"a%00b", "%ff", "%e2%80%ae", strings.Repeat("x", 4000)} {
			path := fill(op.Path, func(string) string { return id })
			status, p, raw := b.try(op.Method, path, nil)
			if hostile := strings.Contains(path, "%"); status >= 500 || hostile && p.str("code") != "not-here" {
				t.Errorf("%s at %.10s: %d %s", op.ID, id, status, raw)
			}
		}
	}
}
