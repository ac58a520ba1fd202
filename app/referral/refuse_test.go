package referral

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/once"
	"timebank/app/platform/words"
)

func TestFormNeedsAnAgreementInDate(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	for name, c := range map[string]struct {
		set string
		ok  bool
	}{
		"not recorded":            {"agreement_ref = null", false},
		"begins tomorrow":         {"agreement_ref = 'X', agreed_on = '2026-11-24', review_on = '2027-01-01'", false},
		"review was yesterday":    {"agreement_ref = 'X', agreed_on = '2026-01-01', review_on = '2026-11-22'", false},
		"no review date":          {"agreement_ref = 'X', agreed_on = '2026-01-01', review_on = null", false},
		"begins and ends today":   {"agreement_ref = 'X', agreed_on = '2026-11-23', review_on = '2026-11-23'", true},
		"recorded without a name": {"agreement_ref = '', agreed_on = '2026-01-01', review_on = '2027-01-01'", false},
	} {
		if _, err := h.db.Owner.ExecContext(ctx, "update organisation set "+c.set+" where id = ?", h.northgate.ID); err != nil {
			t.Fatal(err)
		}
		_, _, err := h.Refer(ctx, h.jo, sample(), uuid.Nil)
		if c.ok != (err == nil) || err != nil && !errors.Is(err, ErrNoAgreement) {
			t.Errorf("%s: %v", name, err)
		}
		d, err := h.Desk(ctx, h.jo)
		if err != nil || d.InDate != c.ok || d.Surgery.Name != "Northgate Surgery" {
			t.Errorf("%s: the surgery's page says %+v, %v", name, d, err)
		}
	}
}

func TestRefusedFormsLeaveNothing(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	for _, c := range []struct {
		change func(*Form)
		want   *fault.Error
	}{
		{func(f *Form) { f.Agreed = "no" }, ErrCard},
		{func(f *Form) { f.BirthYear = 2015 }, ErrYoung},
		{func(f *Form) { f.Wants = nil }, fault.ErrFields},
	} {
		_, _, err := h.Refer(ctx, h.jo, sample(c.change), uuid.New())
		h.refused(err, c.want)
	}
	_, _, err := h.Refer(ctx, h.sam, sample(), uuid.Nil)
	h.refused(err, identity.ErrNotAllowed)
	for _, table := range []string{"referral", "referral_event", "referral_clock", "referral_permission", "task", "audit", "once"} {
		if n := h.count(table, "true"); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

func TestSurgeriesCannotSeeEachOther(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	ref := h.refer().Referral.ID
	_, err := h.MyReferral(ctx, h.kit, ref)
	h.refused(err, ErrNoReferral)
	_, err = h.Withdraw(ctx, h.kit, ref, uuid.Nil, "by-surgery")
	h.refused(err, ErrNoReferral)
	_, err = h.Answer(ctx, h.kit, ref, uuid.Nil, "Yes.")
	h.refused(err, ErrNoReferral)
	if all, err := h.Mine(ctx, h.kit); err != nil || len(all) != 0 {
		t.Errorf("Southgate sees %d of Northgate's, %v", len(all), err)
	}
	if all, err := h.Mine(ctx, h.jo); err != nil || len(all) != 1 || !all[0].Mine {
		t.Errorf("Northgate sees %d of its own, %v", len(all), err)
	}
	// Nor is the desk theirs, nor the surgery's side the broker's or a member's.
	_, err = h.See(ctx, h.jo, ref)
	h.refused(err, identity.ErrNotAllowed)
	_, err = h.Open(ctx, h.jo, false)
	h.refused(err, identity.ErrNotAllowed)
	_, err = h.Acknowledge(ctx, h.jo, h.target(ref))
	h.refused(err, identity.ErrNotAllowed)
	_, err = h.Mine(ctx, h.sam)
	h.refused(err, identity.ErrNotAllowed)
	member := identity.Actor{Person: uuid.New(), Bank: h.bank, Roles: []identity.Role{identity.Member}, Member: uuid.New()}
	_, err = h.See(ctx, member, ref)
	h.refused(err, identity.ErrNotAllowed)
}

func TestAnotherBankSeesNothing(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	ref := h.refer().Referral.ID
	target := h.target(ref)
	other := h.sam
	other.Bank = h.addBank("valley")
	_, err := h.See(ctx, other, ref)
	h.refused(err, ErrNoReferral)
	_, err = h.Acknowledge(ctx, other, target)
	h.refused(err, ErrNoReferral)
	if list, err := h.Open(ctx, other, false); err != nil || len(list) != 0 {
		t.Errorf("the other bank lists %d, %v", len(list), err)
	}
	if err := h.Tick(ctx, Tick{other.Bank.ID}); err != nil {
		t.Error(err)
	}
	// The second wall: rows stay hidden from a query that forgets the bank.
	h.in(other.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		for _, table := range []string{"referral", "referral_event", "referral_clock", "referral_permission"} {
			if n, err := tx.NewSelect().Table(table).Count(ctx); err != nil || n != 0 {
				t.Errorf("%d rows of %s show, %v", n, table, err)
			}
		}
		return nil
	})
	err = db.InTx(ctx, h.db.Bun, other.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		return AddOrganisation(ctx, tx, Organisation{BankID: h.bank.ID, ID: id.New(), Name: "X", Kind: "surgery", CreatedAt: h.clock.Now()})
	})
	if err == nil {
		t.Error("a row was written into another bank")
	}
}

func TestStaleVersionIsRefused(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	seen := h.target(h.refer().Referral.ID)
	h.must(h.Acknowledge(ctx, h.sam, seen))
	_, err := h.Accept(ctx, h.tess, seen)
	h.refused(err, ErrStale)
	if f := fault.As(err); f.Kind != fault.Conflict {
		t.Errorf("kind %v, want a conflict", f.Kind)
	}
	d := h.must(h.See(ctx, h.tess, seen.Referral))
	if d.Referral.State != Acknowledged || d.Owner != "Sam" || len(d.Events) != 2 {
		t.Errorf("the refused act left something: %+v", d.Item)
	}
}

func TestTwoBrokersAtOnce(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	seen := h.target(h.refer().Referral.ID)
	got := make(chan error, 2)
	for _, a := range []identity.Actor{h.sam, h.tess} {
		go func() { _, err := h.Acknowledge(ctx, a, seen); got <- err }()
	}
	one, two := <-got, <-got
	if (one == nil) == (two == nil) || !errors.Is(errors.Join(one, two), ErrStale) {
		t.Errorf("of two at once one wins and one hears of it: %v, %v", one, two)
	}
}

func TestSameKeyTwiceIsOneReferral(t *testing.T) {
	t.Parallel()
	h, ctx, key := setup(t), t.Context(), uuid.New()
	one, _, err := h.Refer(ctx, h.jo, sample(), key)
	if err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(time.Minute)
	two, _, err := h.Refer(ctx, h.jo, sample(), key)
	if err != nil || one.Referral.ID != two.Referral.ID || one.Referral.Reference != two.Referral.Reference {
		t.Errorf("sent again: %v, then %v, %v", one.Referral.ID, two.Referral.ID, err)
	}
	_, _, err = h.Refer(ctx, h.jo, sample(func(f *Form) { f.Name = "Somebody Else" }), key)
	h.refused(err, once.ErrReused)
	if n := h.count("referral", "true"); n != 1 {
		t.Errorf("%d referrals", n)
	}
	// A broker's act too: the repeat comes with the old version and is no conflict.
	seen := h.target(one.Referral.ID)
	seen.Key = uuid.New()
	h.must(h.Acknowledge(ctx, h.sam, seen))
	if d := h.must(h.Acknowledge(ctx, h.sam, seen)); len(d.Events) != 2 {
		t.Errorf("%d events after the repeat, want 2", len(d.Events))
	}
}

func TestActsThatNeedMore(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	ref := h.refer().Referral.ID
	_, err := h.Accept(ctx, h.sam, h.target(ref))
	h.refused(err, ErrMove) // nobody has taken it on
	_, err = h.Answer(ctx, h.jo, ref, uuid.Nil, "Yes.")
	h.refused(err, ErrMove) // nothing was asked
	h.must(h.Acknowledge(ctx, h.sam, h.target(ref)))
	_, err = h.Ask(ctx, h.sam, h.target(ref), "  ")
	h.refused(err, ErrSay)
	_, err = h.Reroute(ctx, h.sam, h.target(ref), "needs-more", " ", "")
	h.refused(err, ErrSay) // nobody is turned away without an alternative
	_, err = h.Reroute(ctx, h.sam, h.target(ref), "because", "The hub", "")
	h.refused(err, ErrOutcome)
	h.must(h.Accept(ctx, h.sam, h.target(ref)))
	_, err = h.GiveUp(ctx, h.sam, h.target(ref), "")
	h.refused(err, ErrMove)
	_, err = h.Book(ctx, h.sam, h.target(ref), at("2026-11-23 09:59"), "")
	h.refused(err, ErrWhen)
	_, err = h.Book(ctx, h.sam, h.target(ref), at("2027-02-24 10:00"), "")
	h.refused(err, ErrWhen)
	for _, when := range []string{"2026-11-23 10:01", "2026-11-22 10:00"} {
		x := at(when)
		_, err = h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "phone", Result: "no-answer", At: &x})
		h.refused(err, ErrTryWhen)
	}
	h.must(h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "phone", Result: "no-answer"}))
	_, err = h.GiveUp(ctx, h.sam, h.target(ref), "")
	h.refused(err, ErrTries)
	if text := fault.As(err).In(words.English); !strings.Contains(text, "2 more tries; a try in another way than by phone") || strings.Contains(text, "{") {
		t.Errorf("the refusal says %q", text)
	}
	_, err = h.MakeMember(ctx, h.sam, h.target(ref), Membership{Consent: "phone"})
	h.refused(err, ErrMove) // nobody has talked with them
	_, err = h.Decline(ctx, h.sam, h.target(ref), "", "")
	h.refused(err, ErrOutcome)
	_, err = h.See(ctx, h.sam, uuid.New())
	h.refused(err, ErrNoReferral)
}

func TestJoiningIsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	ref := h.talkedWith(true, true)
	_, err := h.MakeMember(ctx, h.sam, h.target(ref), Membership{Consent: "phone", Email: "nonsense"})
	h.refused(err, fault.ErrFields)
	h.joinFails = identity.ErrEmailTaken
	_, err = h.MakeMember(ctx, h.sam, h.target(ref), Membership{Consent: "phone"})
	h.refused(err, identity.ErrEmailTaken)
	if d := h.must(h.See(ctx, h.sam, ref)); d.Referral.State != ConversationDone || h.count("member", "true") != 0 {
		t.Errorf("half a membership: %s", d.Referral.State)
	}
}

func TestWaysToEnd(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	end := func(name string, ref uuid.UUID, words string, contact bool, d Detail, err error) {
		t.Helper()
		h.must(d, err)
		if d.Referral.Outcome == nil || d.Referral.ClosedAt == nil || d.SurgerySees.Words != words || len(h.openTasks(ref)) != 0 {
			t.Errorf("%s: %+v, the surgery sees %+v", name, d.Referral, d.SurgerySees)
		}
		if given(d.Permissions, ContactMe) != contact {
			t.Errorf("%s: may still be contacted: %v", name, !contact)
		}
	}
	ref := h.accepted()
	d, err := h.Decline(ctx, h.sam, h.target(ref), "asked-not-to-be-contacted", "")
	end("asked not to be contacted", ref, "Chose not to", false, d, err)
	ref = h.accepted()
	d, err = h.Decline(ctx, h.sam, h.target(ref), "not-now", "")
	end("not now", ref, "Chose not to", true, d, err)
	ref = h.accepted()
	d, err = h.Void(ctx, h.sam, h.target(ref), "died", "")
	end("died", ref, "Withdrawn", true, d, err)
	ref = h.talkedWith(true, false)
	d, err = h.Reroute(ctx, h.sam, h.target(ref), "needs-more", " The  Bereavement Café ", "")
	end("handed on", ref, "Suggested something else", true, d, err)
	if d.SurgerySees.Next != "We suggested The Bereavement Café, and told them ourselves." {
		t.Errorf("with permission the surgery reads %q", d.SurgerySees.Next)
	}
	ref = h.talkedWith(false, false)
	d, err = h.Reroute(ctx, h.sam, h.target(ref), "needs-more", "The Bereavement Café", "")
	end("handed on quietly", ref, "Suggested something else", true, d, err)
	if v := h.surgery(ref); strings.Contains(v.Shown.Next, "Café") {
		t.Errorf("without permission the surgery reads %q", v.Shown.Next)
	}
	ref = h.refer().Referral.ID
	v, err := h.Withdraw(ctx, h.jo, ref, uuid.Nil, "changed-their-mind")
	if err != nil || v.Shown.Words != "Withdrawn" {
		t.Errorf("taken back: %+v, %v", v.Shown, err)
	}
	_, err = h.Withdraw(ctx, h.jo, ref, uuid.Nil, "by-mistake")
	h.refused(err, ErrMove)
	if closed, err := h.Open(ctx, h.sam, true); err != nil || len(closed) != 6 {
		t.Errorf("%d closed, %v", len(closed), err)
	}
	if open, err := h.Open(ctx, h.sam, false); err != nil || len(open) != 0 {
		t.Errorf("%d open, %v", len(open), err)
	}
}
