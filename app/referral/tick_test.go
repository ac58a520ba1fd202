package referral

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
)

func (h *house) tick(when string) {
	h.t.Helper()
	h.clock.Set(at(when))
	if err := h.Tick(h.t.Context(), Tick{h.bank.ID}); err != nil {
		h.t.Fatal(err)
	}
}

func TestClocksOverAWeekend(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.clock.Set(at("2026-11-27 15:00")) // Friday
	ref := h.refer().Referral.ID
	escalated := func() int { return h.count("referral_event", "kind = 'escalation' and referral_id = ?", ref) }
	for _, quiet := range []string{"2026-11-28 15:00", "2026-11-29 23:00", "2026-11-30 14:59"} {
		h.tick(quiet)
		if escalated() != 0 || h.surgery(ref).Delayed {
			t.Fatalf("late at %s already", quiet)
		}
	}
	for range 2 { // running it twice does nothing more
		h.tick("2026-11-30 15:00")
		if escalated() != 1 {
			t.Fatalf("%d escalations, want 1", escalated())
		}
	}
	h.wantTasks(ref, map[string]string{desk.AnswerReferral: "2026-11-30 15:00", desk.ReferralOverdue: "2026-11-30 15:00"})
	if v := h.surgery(ref); !v.Delayed || v.Shown.Words != "Received" || v.Shown.Next != "We will ring by Tuesday 1 December." {
		t.Errorf("a day late the surgery sees %+v", v)
	}
	h.tick("2026-12-01 15:00")
	if v := h.surgery(ref); escalated() != 2 || !strings.HasPrefix(v.Shown.Next, "We are sorry") {
		t.Errorf("two days late the surgery sees %+v; %d escalations", v.Shown, escalated())
	}
	seen := h.target(ref)
	if seen.Version != 1 {
		t.Errorf("the system counted the version on to %d, and a broker's open page would be refused", seen.Version)
	}
	d := h.must(h.Acknowledge(t.Context(), h.sam, seen))
	if named(d.Clocks, Acknowledge).state(h.clock.Now()) != "met-late" || !d.Late {
		t.Errorf("said so late: %+v", d.Clocks)
	}
	if _, open := h.openTasks(ref)[desk.ReferralOverdue]; !open {
		t.Error("the first try is still late, and its task is gone")
	}
	h.must(h.Accept(t.Context(), h.sam, h.target(ref)))
	d = h.must(h.LogAttempt(t.Context(), h.sam, h.target(ref), Attempt{Channel: "phone", Result: "no-answer"}))
	if _, open := h.openTasks(ref)[desk.ReferralOverdue]; open || d.Late || h.surgery(ref).Delayed {
		t.Error("nothing is late any more, and the task stays")
	}
	h.tick("2026-12-01 15:01")
	if escalated() != 2 {
		t.Errorf("%d escalations, want 2", escalated())
	}
}

func TestClocksOverChristmas(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.clock.Set(at("2026-12-24 16:00")) // Thursday; the 25th and Monday the 28th are holidays
	ref := h.refer().Referral.ID
	h.tick("2026-12-29 15:59")
	if n := h.count("referral_event", "kind = 'escalation'"); n != 0 {
		t.Fatalf("escalated over Christmas")
	}
	h.tick("2026-12-29 16:00")
	if n := h.count("referral_clock", "escalated_at is not null and clock = 'acknowledge' and referral_id = ?", ref); n != 1 {
		t.Errorf("%d clocks escalated, want 1", n)
	}
}

func TestTheSystemClosesNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ref := h.refer().Referral.ID
	for m := range 12 {
		h.tick(at("2026-11-23 10:00").AddDate(0, m, 0).Format("2006-01-02 15:04"))
	}
	if h.count("referral", "id = ? and closed_at is null and due_at is not null", ref) != 1 || h.count("referral_event", "true") != 4 {
		t.Error("after a year without a broker it must stand open, with three escalations and no more")
	}
}

func TestTheDatabaseHoldsTheRules(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	ref := h.refer().Referral.ID
	for name, sql := range map[string]string{
		"closed without an outcome":        "update referral set state = 'withdrawn', closed_at = now(), due_at = null where id = ?",
		"closed with another's outcome":    "update referral set state = 'withdrawn', closed_at = now(), due_at = null, outcome = 'taking-part' where id = ?",
		"open without a due time":          "update referral set due_at = null where id = ?",
		"taken on by nobody":               "update referral set state = 'acknowledged' where id = ?",
		"joined without a membership":      "update referral set state = 'joined', owner_id = id where id = ?",
		"paused without an end":            "update referral set state = 'paused', owner_id = id where id = ?",
		"booked without a time":            "update referral set state = 'conversation-booked', owner_id = id where id = ?",
		"a move that the table lacks":      "insert into referral_event (bank_id, referral_id, seq, kind, from_state, to_state, actor_id, acted_as, at) select bank_id, id, 9, 'move', 'submitted', 'joined', id, 'broker', now() from referral where id = ?",
		"a note that moves":                "insert into referral_event (bank_id, referral_id, seq, kind, from_state, to_state, actor_id, acted_as, at) select bank_id, id, 9, 'note', 'submitted', 'acknowledged', id, 'broker', now() from referral where id = ?",
		"an attempt without a channel":     "insert into referral_event (bank_id, referral_id, seq, kind, from_state, to_state, actor_id, acted_as, at) select bank_id, id, 9, 'attempt', 'submitted', 'submitted', id, 'broker', now() from referral where id = ?",
		"two events under the same number": "insert into referral_event (bank_id, referral_id, seq, kind, from_state, to_state, actor_id, acted_as, at) select bank_id, id, 1, 'note', 'submitted', 'submitted', id, 'broker', now() from referral where id = ?",
	} {
		_, err := h.db.Owner.ExecContext(ctx, sql, ref)
		if state := db.State(err); state != "23514" && state != "23503" && state != "23505" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The application's role cannot rewrite history.
	for _, sql := range []string{
		"update referral_event set reason = 'x'", "delete from referral_event", "update referral_permission set given = false",
		"delete from referral", "update referral set reference = 'x'", "delete from referral_clock",
	} {
		err := db.InTx(ctx, h.db.Bun, h.bank.ID, func(ctx context.Context, tx bun.IDB) error { _, err := tx.ExecContext(ctx, sql); return err })
		if db.State(err) != "42501" {
			t.Errorf("%s: %v, want it refused", sql, err)
		}
	}
}

func TestMovesAreTheDatabases(t *testing.T) {
	t.Parallel()
	h := setup(t)
	rows, err := h.db.Owner.QueryContext(t.Context(), "select from_state, to_state, array_to_string(by_whom, ',') from directory.referral_move")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	inDB := map[[2]State]string{}
	for rows.Next() {
		var from, to State
		var by string
		if err := rows.Scan(&from, &to, &by); err != nil {
			t.Fatal(err)
		}
		inDB[[2]State{from, to}] = by
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	n := 0
	for from, tos := range moves {
		for to, by := range tos {
			n++
			names := make([]string, len(by))
			for i, b := range by {
				names[i] = string(b)
			}
			if got := inDB[[2]State{from, to}]; got != strings.Join(names, ",") {
				t.Errorf("%s to %s: by %q in the database, by %v here", from, to, got, names)
			}
		}
	}
	if n != len(inDB) {
		t.Errorf("%d moves here, %d in the database", n, len(inDB))
	}
}

func TestDeskSaysWhatToDoAndNoName(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ref := h.refer(func(f *Form) { f.Safety = "ring-me" }).Referral
	s := &desk.Service{Pool: h.db.Bun, Clock: h.clock, Describes: map[string]desk.Describer{desk.OfReferral: h.Describe}}
	h.tick("2026-11-24 10:00")
	items, err := s.Open(t.Context(), h.sam)
	if err != nil || len(items) != 3 {
		t.Fatalf("%d tasks, %v", len(items), err)
	}
	for _, x := range items {
		want := desk.Line{Who: ref.Reference, What: "From Northgate Surgery. Ring the surgery first, about safety. Say that we have it. This is late.", Link: "/broker/referral?id=" + ref.ID.String()}
		if x.Line != want {
			t.Errorf("%s reads %+v, want %+v", x.Kind, x.Line, want)
		}
	}
}

func TestHonestFigures(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	for i := range 10 {
		h.clock.Set(at("2026-11-23 10:00"))
		ref := h.accepted()
		if d, err := h.Desk(ctx, h.jo); err != nil || d.Replies != 0 {
			t.Fatalf("a figure from %d replies, %v", d.Replies, err)
		}
		if i == 9 {
			break // one waits still
		}
		h.clock.Advance(time.Duration(i) * time.Hour) // the last two are answered after hours
		h.must(h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "phone", Result: "no-answer"}))
	}
	h.clock.Set(at("2026-11-26 10:00"))
	d, err := h.Desk(ctx, h.kit)
	if err != nil || d.Replies != 10 || d.MedianHours != 4.5 { // 0 1 2 3 4 | 5 6 7 7 24
		t.Errorf("median %v working hours of %d, %v", d.MedianHours, d.Replies, err)
	}
	h.clock.Set(at("2027-03-01 10:00"))
	if d, err := h.Desk(ctx, h.kit); err != nil || d.Replies != 0 {
		t.Errorf("figures of more than 90 days ago: %+v, %v", d, err)
	}
}

func TestEveryActNeedsItsPermission(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	target := h.target(h.refer().Referral.ID)
	nobody := identity.Actor{Person: uuid.New(), Bank: h.bank, Roles: []identity.Role{identity.Member}}
	for name, err := range map[string]error{
		"acknowledge": second(h.Acknowledge(ctx, nobody, target)), "void": second(h.Void(ctx, nobody, target, "died", "")),
		"safety call": second(h.LogSafetyCall(ctx, nobody, target, "x")), "withdraw": secondView(h.Withdraw(ctx, nobody, target.Referral, uuid.Nil, "by-surgery")),
		"withdraw as a broker": secondView(h.Withdraw(ctx, h.sam, target.Referral, uuid.Nil, "by-surgery")),
	} {
		if f := fault.As(err); f == nil || f.Kind != fault.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ Detail, err error) error          { return err }
func secondView(_ SurgeryView, err error) error { return err }
