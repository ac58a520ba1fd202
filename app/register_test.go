package app_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/fault"
)

func TestJoiningRefusesAllThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, err := h.app.Member.Add(t.Context(), h.broker(), uuid.Nil, member.Joining{Name: "\u202eEvil", Email: "nobody", Phone: "12", Area: string(make([]rune, 61)), ReachBy: member.ByEmail})
	f := fault.As(err)
	if f == nil || f.Kind != fault.Invalid {
		t.Fatalf("refused with %v", err)
	}
	var at []string
	for _, x := range f.Fields {
		at = append(at, x.Pointer)
	}
	if want := []string{"/name", "/email", "/phone", "/area"}; !slices.Equal(at, want) {
		t.Errorf("wrong at %v, want %v", at, want)
	}
	if n := h.count("member"); n != 0 {
		t.Errorf("%d members", n)
	}
}

func TestNobodyIsAMemberTwice(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria Santos", "maria@example.org")
	if _, err := h.app.Member.Add(t.Context(), h.broker(), uuid.Nil, member.Joining{Name: "M. Santos", Email: "MARIA@example.org"}); !errors.Is(err, member.ErrAlreadyMember) {
		t.Errorf("a second membership: %v", err)
	}
	if n := h.count("member"); n != 1 {
		t.Errorf("%d members", n)
	}
	other := h.openBank("elsewhere", "Elsewhere Time Bank")
	there := h.joins(other, "Maria Santos", "maria@example.org")
	if there.PersonID != maria.PersonID || there.ID == maria.ID {
		t.Error("one person in two banks is two people, or one membership")
	}
}

func TestJoiningNeedsNeitherEmailNorPhone(t *testing.T) {
	t.Parallel()
	h := open(t)
	key := uuid.New()
	broker := h.broker()
	first, err := h.app.Member.Add(t.Context(), broker, key, member.Joining{Name: "Edna Marsh"})
	h.must(err)
	again, err := h.app.Member.Add(t.Context(), broker, key, member.Joining{Name: "Edna Marsh"})
	if err != nil || again != first {
		t.Errorf("sent again: %v, %v", again == first, err)
	}
	r, err := h.app.Member.See(t.Context(), broker, first)
	h.must(err)
	if r.ReachBy != member.ByPost || r.Called != "Edna" || r.Email != "" || *r.Balance.Limits.Floor != -720 {
		t.Errorf("record: %+v", r)
	}
	if n := h.count("audit where action = 'see-member' and object_id = ?", first); n != 1 {
		t.Error("nobody can tell who looked at the record")
	}
	if _, _, err := h.app.Member.ReadOutCode(t.Context(), broker, first); !errors.Is(err, identity.ErrNoContact) {
		t.Errorf("a code that cannot be typed in: %v", err)
	}
}

func TestPhoneSharedByAHouseholdJoinsTwoPeople(t *testing.T) {
	t.Parallel()
	h := open(t)
	if a, b := h.joins(h.bank, "Edna Marsh", ""), h.joins(h.bank, "Joan Marsh", ""); a.PersonID == b.PersonID {
		t.Error("a shared number made two people one")
	}
}

func TestMembersAreFoundByTheNumberAsItIsSpoken(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	edna := h.joins(h.bank, "Edna Marsh", "") // 01632 960 021
	for words, want := range map[string]int{"01632 960 021": 1, "960021": 1, "+441632960021": 1, "(01632) 960": 1, "marsh edna": 1, "MAR": 2, "01632 960 999": 0, "%": 0, "_": 0, `\`: 0} {
		found, more, err := h.app.Member.Search(t.Context(), h.broker(), words, uuid.Nil)
		h.must(err)
		if len(found) != want || more {
			t.Errorf("%q finds %d, want %d", words, len(found), want)
		}
		if want == 1 && found[0].ID != edna.ID {
			t.Errorf("%q finds %s", words, found[0].Called)
		}
	}
}

func TestPagesOfTheRegisterShowEverybodyOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
		for range 55 { // all of one name, so that only the id tells them apart
			if _, err := member.Join(ctx, tx, identity.System(h.bank), uuid.New(), member.Joining{Name: "Ann Same"}, monday); err != nil {
				return err
			}
		}
		return nil
	})
	seen := map[uuid.UUID]bool{}
	after, pages := uuid.Nil, 0
	for more := true; more; pages++ {
		var found []member.Member
		var err error
		found, more, err = h.app.Member.Search(t.Context(), h.broker(), "", after)
		h.must(err)
		for _, m := range found {
			if seen[m.ID] {
				t.Errorf("%s twice", m.ID)
			}
			seen[m.ID] = true
		}
		after = found[len(found)-1].ID
	}
	if len(seen) != 55 || pages != 2 {
		t.Errorf("%d members on %d pages", len(seen), pages)
	}
}

func TestStatementsArePagedAndOnesOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	for i := range 32 {
		helper, helped := bill, maria
		if i%2 == 1 {
			helper, helped = maria, bill
		}
		_, err := h.app.Exchange.Confirm(t.Context(), h.as(helped), uuid.Nil, h.said(helper, helped, 15), oneself())
		h.must(err)
	}
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	b, m, s := h.signIn("bill@example.org"), h.signIn("maria@example.org"), h.signIn("sam@example.org")
	path := hilltop + "/members/" + bill.ID.String() + "/statement"
	first := b.do("GET", path, nil, http.StatusOK)
	lines := first.list("lines")
	if len(lines) != 30 || first["more"] != true || lines[0].num("n") != 32 || lines[0].num("balance") != 0 || lines[0].str("with") != "Maria" {
		t.Errorf("first page: %d lines, %v", len(lines), first)
	}
	second := s.do("GET", path+"?before=3", nil, http.StatusOK)
	if l := second.list("lines"); len(l) != 2 || second["more"] != false || l[1].num("minutes") != 15 {
		t.Errorf("second page: %v", second)
	}
	if status, p, _ := m.try("GET", path, nil); status != http.StatusNotFound || p.str("code") != "no-such-member" {
		t.Errorf("Maria reads Bill's hours: %d %v", status, p)
	}
	if status, p, _ := m.try("GET", hilltop+"/members/"+bill.ID.String()+"/home", nil); status != http.StatusNotFound {
		t.Errorf("Maria reads Bill's first page: %d %v", status, p)
	}
	if status, _, _ := m.try("GET", hilltop+"/members/"+bill.ID.String(), nil); status != http.StatusForbidden {
		t.Errorf("Maria reads Bill's record: %d", status)
	}
}

func TestHistoryCountsByWhoHelped(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann, ben, cat := h.joins(h.bank, "Ann", ""), h.joins(h.bank, "Ben", ""), h.joins(h.bank, "Cat", "")
	settled := func(helper, helped member.Member, kind string) {
		_, err := h.app.Exchange.Record(t.Context(), h.broker(), uuid.Nil, exchange.Past{Helper: helper.ID, Helped: helped.ID, Kind: kind, BothAgree: true,
			Word: exchange.Word{Minutes: 15, OnBehalf: identity.OnBehalf{Consent: "phone"}}})
		h.must(err)
	}
	settled(ben, ann, "out.lift")
	settled(ben, cat, "out.lift")
	settled(ben, cat, "food.cook")
	settled(ann, ben, "out.lift") // Ben was helped: knows Ann, but did not drive
	settled(ann, cat, "out.lift")
	var got map[uuid.UUID]exchange.Helping
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		got, err = exchange.History(ctx, tx, h.bank.ID, ann.ID, "out.lift")
		return err
	})
	for id, want := range map[uuid.UUID]exchange.Helping{ben.ID: {Total: 3, OfKind: 2, With: 2}, cat.ID: {With: 1}} {
		g := got[id]
		if g.Total != want.Total || g.OfKind != want.OfKind || g.With != want.With || !g.Last.Equal(h.bank.Today(monday)) {
			t.Errorf("history %+v, want %+v", g, want)
		}
	}
	if _, ok := got[ann.ID]; ok {
		t.Error("the asker is in the list")
	}
}

// How many queries a list of candidates takes must not grow with the bank.
func TestCandidatesTakeAsManyQueriesInAnyBank(t *testing.T) {
	t.Parallel()
	h := open(t)
	asker := h.joins(h.bank, "Maria", "")
	ask := h.asks(h.broker(), asker.ID, "out.lift")
	counter := &queries{}
	//lint:ignore SA1019 the pool is in the services already; a copy with the hook would count nothing
	h.db.Bun.AddQueryHook(counter)
	cost := func() int {
		counter.n.Store(0)
		h.candidates(ask)
		return int(counter.n.Load())
	}
	add := func(n int) {
		h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
			for range n {
				if _, err := member.Join(ctx, tx, identity.System(h.bank), uuid.New(), member.Joining{Name: "Ann", Area: "Northgate"}, monday); err != nil {
					return err
				}
			}
			return nil
		})
	}
	add(1)
	few := cost()
	add(40)
	if many := cost(); many != few || few == 0 {
		t.Errorf("%d queries for two members, %d for forty-two", few, many)
	}
}

func TestTasksAreTakenAndCalledDoneByHandOnlyWhereNothingElseEndsThem(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	h.asks(h.broker(), maria.ID, "out.lift")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	s := h.signIn("sam@example.org")
	task := s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks")[0]
	if task.str("group") != "later" || task["by_hand"] != false || task.str("owner") != "" {
		t.Errorf("task: %v", task)
	}
	s.do("POST", hilltop+"/desk/"+task.str("id")+"/take", nil, http.StatusNoContent)
	if status, p, _ := s.try("POST", hilltop+"/desk/"+task.str("id")+"/done", nil); status != http.StatusNotFound || p.str("code") != "no-such-task" {
		t.Errorf("an open request is called done: %d", status)
	}
	h.clock.Advance(4 * 24 * time.Hour)
	s = h.signIn("sam@example.org")
	if task = s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks")[0]; task.str("group") != "overdue" || task["mine"] != true || task.str("owner") != "Sam" {
		t.Errorf("task: %v", task)
	}
}
