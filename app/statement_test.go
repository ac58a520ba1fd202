package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/ledger"
)

// The screen, the large print, the CSV and the PDF are made from the same lines; a
// broker prints for somebody without a device, and that can be read afterwards.
func TestStatementOnScreenAndPaper(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	s := h.signIn("sam@example.org")
	for _, day := range []string{"2026-10-05", "2026-11-20"} {
		s.do("POST", hilltop+"/help-given", map[string]any{"helper_id": bill.ID, "helped_id": maria.ID, "kind": "out.lift", "minutes": 90, "happened_on": day,
			"both_agree": true, "for_member": bill.ID, "consent": "phone"}, http.StatusCreated)
	}
	b := h.signIn("bill@example.org")
	path := hilltop + "/members/" + bill.ID.String() + "/statement"
	all := b.do("GET", path, nil, http.StatusOK)
	lines := all.list("lines")
	if len(lines) != 2 || lines[0].str("what") != "You helped Maria" || lines[0].str("doing") != "a lift" || lines[0].num("balance") != 180 || all["more"] != false {
		t.Fatalf("screen: %v", all)
	}
	if some := b.do("GET", path+"?from=2026-11-01&until=2026-11-30", nil, http.StatusOK).list("lines"); len(some) != 1 || some[0].str("on") != "2026-11-20" {
		t.Errorf("November: %v", some)
	}
	b.refused("GET", path+"?from=2026-11-02&until=2026-11-01", nil, http.StatusUnprocessableEntity, "period-turned-round")
	for end, kind := range map[string]string{"/page": "text/html", "/csv": "text/csv", "/pdf": "application/pdf"} {
		head, body := b.raw(path + end + "?from=2026-11-01")
		if !strings.HasPrefix(head.Get("Content-Type"), kind) || head.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", end, head)
		}
		if end != "/pdf" && (!strings.Contains(body, "You helped Maria: a lift") || strings.Contains(body, "5 October") || strings.Contains(body, "2026-10-05")) {
			t.Errorf("%s: %s", end, body)
		}
	}
	h.signIn("maria@example.org").refused("GET", path+"/pdf", nil, http.StatusNotFound, "no-such-member")
	s.raw(path + "/page")
	looks := b.do("GET", hilltop+"/members/"+bill.ID.String()+"/looks", nil, http.StatusOK).list("looks")
	if looks[0].str("what") != "printed your hours for you" {
		t.Errorf("looks: %v", looks[0])
	}
}

// Whoever keeps a printed statement keeps a copy of the seal on the books.
func TestPaperBearsTheSealOfTheBooks(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.met(bill, maria)
	b, path := h.signIn("bill@example.org"), hilltop+"/members/"+bill.ID.String()+"/statement/page"
	if _, page := b.raw(path); strings.Contains(page, "Seal ") {
		t.Error("a seal before the first")
	}
	h.must(h.app.Books.Seal(t.Context(), h.bank.ID))
	var head ledger.Block
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		head, err = ledger.Head(ctx, tx, h.bank.ID)
		return err
	})
	if _, page := b.raw(path); !strings.Contains(page, fmt.Sprintf("Seal 1 of the books: %x", head.Hash)) {
		t.Error("the seal is not on the paper")
	}
}

// A page of hours ends where a member's hours end, whatever their number.
func TestStatementPagesHaveEveryLineOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	s := h.signIn("sam@example.org")
	for i := range 31 {
		helper, helped := bill, maria
		if i%2 == 1 {
			helper, helped = maria, bill
		}
		s.do("POST", hilltop+"/help-given", map[string]any{"helper_id": helper.ID, "helped_id": helped.ID, "kind": "out.lift", "minutes": 15,
			"happened_on": h.clock.Now().Add(-time.Duration(i) * 24 * time.Hour).Format(time.DateOnly), "both_agree": true, "for_member": helper.ID, "consent": "phone"}, http.StatusCreated)
	}
	path := hilltop + "/members/" + bill.ID.String() + "/statement"
	first := s.do("GET", path, nil, http.StatusOK)
	if len(first.list("lines")) != 30 || first["more"] != true {
		t.Fatalf("%d lines, more %v", len(first.list("lines")), first["more"])
	}
	rest := s.do("GET", path+"?before=2", nil, http.StatusOK)
	if l := rest.list("lines"); len(l) != 1 || l[0].num("n") != 1 || rest["more"] != false {
		t.Errorf("the rest: %v", rest)
	}
	dated := s.do("GET", path+"?from=2026-01-01", nil, http.StatusOK)
	if len(dated.list("lines")) != 30 || dated["more"] != true {
		t.Errorf("with a period: %d lines, more %v", len(dated.list("lines")), dated["more"])
	}
}
