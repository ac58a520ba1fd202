package app_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/concern"
	"timebank/app/exchange"
	"timebank/app/gathering"
	"timebank/app/gift"
	"timebank/app/identity"
	"timebank/app/joining"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/seal"
	"timebank/app/referral"
)

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
	w.objects["interest"] = [3]string{w.wants(h.bank, maria.ID), w.wants(h.bank, bill.ID), w.wants(other, stan.ID)}
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

func (w *walled) wants(b bank.Bank, who uuid.UUID) string {
	w.t.Helper()
	id, err := w.app.Listing.TellOf(w.t.Context(), w.broker(b), listing.InterestWish{Type: listing.Offer, Words: "roses", OnBehalf: identity.OnBehalf{For: &who, Consent: "phone"}})
	w.must(err)
	return id.String()
}
