package referral

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/seal"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// house is one time bank with two brokers and two surgeries.
type house struct {
	*Service
	t                *testing.T
	db               *dbtest.DB
	clock            *clock.Fake
	bank             bank.Bank
	sam, tess        identity.Actor // brokers
	jo, kit          identity.Actor // receptionists of Northgate, of Southgate
	northgate        Organisation
	joined           []JoinRequest // what Join was asked
	joinFails        error
	memberOfReferral uuid.UUID
}

// setup opens a house on Monday 23 November 2026, 10 o'clock.
func setup(t *testing.T) *house {
	t.Helper()
	d := dbtest.New(t)
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(key, "")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: d, clock: clock.NewFake(at("2026-11-23 10:00"))}
	h.Service = &Service{Pool: d.Bun, Clock: h.clock, Box: box, Join: h.join}
	h.bank = h.addBank("hilltop")
	h.northgate = h.addSurgery("Northgate Surgery")
	h.sam, h.tess = h.person("Sam", identity.Broker, nil), h.person("Tess", identity.Coordinator, nil)
	h.jo = h.person("Jo", identity.Receptionist, &h.northgate.ID)
	southgate := h.addSurgery("Southgate Surgery")
	h.kit = h.person("Kit", identity.Receptionist, &southgate.ID)
	return h
}

func (h *house) in(b uuid.UUID, do func(ctx context.Context, tx bun.IDB) error) {
	h.t.Helper()
	if err := db.InTx(h.t.Context(), h.db.Bun, b, do); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) addBank(slug string) bank.Bank {
	b := bank.Bank{
		ID: id.New(), Slug: slug, Name: slug, Zone: "Europe/London", Nation: "england-wales", Phone: "01632 960 001", PhoneHours: "9 to 5",
		Accent: "#0b5a4b", ConfirmDays: 7, FloorMinutes: -720, SoftMinutes: -300, PotAccount: id.New(), IssueAccount: id.New(), CreatedAt: h.clock.Now(),
	}
	h.in(db.NoBank, func(ctx context.Context, tx bun.IDB) error { return bank.Insert(ctx, tx, b) })
	return b
}

func (h *house) addSurgery(name string) Organisation {
	ref, from, to := "DSA-1", at("2026-01-01 00:00"), at("2027-01-31 00:00")
	o := Organisation{BankID: h.bank.ID, ID: id.New(), Name: name, Kind: "surgery", AgreementRef: &ref, AgreedOn: &from, ReviewOn: &to, CreatedAt: h.clock.Now()}
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error { return AddOrganisation(ctx, tx, o) })
	return o
}

func (h *house) person(called string, role identity.Role, surgery *uuid.UUID) identity.Actor {
	p := identity.Person{ID: id.New(), Name: called, Called: called, Language: "en", CreatedAt: h.clock.Now()}
	h.in(db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if err := identity.AddPerson(ctx, tx, p); err != nil {
			return err
		}
		return identity.GrantRole(ctx, tx, identity.Grant{PersonID: p.ID, BankID: h.bank.ID, Role: role, OrganisationID: surgery, GrantedAt: p.CreatedAt})
	})
	a := identity.Actor{Person: p.ID, Called: called, Bank: h.bank, Roles: []identity.Role{role}}
	if surgery != nil {
		a.Organisation = *surgery
	}
	return a
}

// join stands for the member slice: it writes a membership with what it is told.
func (h *house) join(ctx context.Context, tx bun.IDB, a identity.Actor, j JoinRequest) (uuid.UUID, error) {
	h.joined = append(h.joined, j)
	member := id.New()
	_, err := tx.NewRaw(`insert into member (bank_id, id, person_id, reference, name, called, status, stage, reach_by, account_id, joined_on, created_at)
		values (?, ?, ?, ?, ?, ?, 'active', 'met', ?, ?, ?, ?)`,
		a.Bank.ID, member, id.New(), id.NewReference('M'), j.Name, j.Called, j.ReachBy, id.New(), a.Bank.Today(h.clock.Now()), h.clock.Now()).Exec(ctx)
	if err == nil {
		err = h.joinFails
	}
	h.memberOfReferral = member
	return member, err
}

// must returns a detail, or ends the test.
func (h *house) must(d Detail, err error) Detail {
	h.t.Helper()
	if err != nil {
		h.t.Fatalf("refused: %v", err)
	}
	return d
}

func (h *house) refused(err error, want *fault.Error) {
	h.t.Helper()
	if !errors.Is(err, want) {
		h.t.Fatalf("got %v, want %v", err, want)
	}
}

// refer sends the sample form from Jo's surgery.
func (h *house) refer(change ...func(*Form)) SurgeryView {
	h.t.Helper()
	v, _, err := h.Refer(h.t.Context(), h.jo, sample(change...), uuid.Nil)
	if err != nil {
		h.t.Fatalf("refer: %v", err)
	}
	return v
}

// target names a referral as it is now.
func (h *house) target(id uuid.UUID) Target {
	h.t.Helper()
	var version int
	if err := h.db.Owner.NewSelect().Table("referral").Column("version").Where("id = ?", id).Scan(h.t.Context(), &version); err != nil {
		h.t.Fatal(err)
	}
	return Target{Referral: id, Version: version}
}

// accepted refers somebody and says yes.
func (h *house) accepted(change ...func(*Form)) uuid.UUID {
	h.t.Helper()
	id := h.refer(change...).Referral.ID
	h.must(h.Acknowledge(h.t.Context(), h.sam, h.target(id)))
	h.must(h.Accept(h.t.Context(), h.sam, h.target(id)))
	return id
}

// talkedWith refers somebody and holds the first conversation.
func (h *house) talkedWith(tellJoined, tellProgress bool) uuid.UUID {
	h.t.Helper()
	id := h.accepted()
	h.must(h.Hold(h.t.Context(), h.sam, h.target(id), Held{TellJoined: tellJoined, TellProgress: tellProgress, How: "phone"}))
	return id
}

// surgery is how Jo sees a referral.
func (h *house) surgery(id uuid.UUID) SurgeryView {
	h.t.Helper()
	v, err := h.MyReferral(h.t.Context(), h.jo, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// tasks lists the kinds of open tasks of a referral, with their due times.
func (h *house) openTasks(id uuid.UUID) map[string]time.Time {
	h.t.Helper()
	var rows []desk.Task
	if err := h.db.Owner.NewSelect().Model(&rows).Where("subject_id = ?", id).Where("done_at is null").Scan(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	out := map[string]time.Time{}
	for _, x := range rows {
		out[x.Kind] = x.DueAt
	}
	return out
}

func (h *house) wantTasks(id uuid.UUID, want map[string]string) {
	h.t.Helper()
	got := h.openTasks(id)
	for kind, due := range want {
		if x, ok := got[kind]; !ok || !x.Equal(at(due)) {
			h.t.Errorf("task %s due %v, want %s (open: %v)", kind, x, due, got)
		}
	}
	if len(got) != len(want) {
		h.t.Errorf("open tasks %v, want %v", got, want)
	}
}

func (h *house) count(table, where string, args ...any) int {
	h.t.Helper()
	n, err := h.db.Owner.NewSelect().Table(table).Where(where, args...).Count(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return int(n)
}

func offers(d Detail, op string) bool { return slices.Contains(d.Offered, op) }
