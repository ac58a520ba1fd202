package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/exchange"
	"timebank/app/exchangefile"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
	"timebank/app/platform/mail/mailsink"
	"timebank/app/platform/sms/smssink"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
	"timebank/app/referral"
)

const demoSlug = "hilltop"

// The people one can sign in as in the demo.
const (
	demoMember       = "maria@example.org"
	demoBroker       = "sam@example.org"
	demoReceptionist = "priya@example.org"
)

func demoHelp(url string) string {
	return fmt.Sprintf(`
  Sign in at %[1]s/sign-in with one of these addresses; the code arrives at %[1]s/demo/mail

    %-20[2]s a member, 74
    %-20[3]s the broker
    %-20[4]s a GP surgery's receptionist

  Stop with Ctrl-C. Everything stays for the next start.`, url, demoMember, demoBroker, demoReceptionist)
}

// seedDemo makes the demo bank once: its books come through the importer, from
// files in the form that another system exports, and the rest through the same
// use cases that people use. Every step is keyed, so that a start that was cut
// off is finished by the next one.
func (a *App) seedDemo(ctx context.Context, say func(string)) error {
	var b bank.Bank
	seeded := false
	err := db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		b, err = bank.BySlug(ctx, tx, demoSlug)
		return err
	})
	if err == nil {
		err = db.InTx(ctx, a.Pool, b.ID, func(ctx context.Context, tx bun.IDB) (err error) {
			seeded, err = tx.NewSelect().Model((*audit.Entry)(nil)).Where("bank_id = ?", b.ID).Where("object_id = ?", b.ID).Where("action = 'seed-demo'").Exists(ctx)
			return err
		})
	}
	if seeded || (err != nil && !errors.Is(err, bank.ErrNoBank)) {
		return err
	}
	say("making the demo bank: forty members, two years of help (a few seconds, once)")
	if b.ID == uuid.Nil {
		b = NewBank(demoSlug, "Hilltop Time Bank", a.Clock.Now())
		b.Phone, b.PhoneHours, b.Email = "01632 960 100", "Monday to Friday, 9am to 5pm", "hello@example.org"
		b.PhoneHoursIn = map[words.Language]string{"cy": "Dydd Llun i ddydd Gwener, 9yb i 5yp", "ur": "پیر سے جمعہ، صبح 9 سے شام 5 بجے تک"}
	}
	if err := a.OpenBank(ctx, b); err != nil {
		return err
	}
	if err := a.demoBooks(ctx); err != nil {
		return err
	}
	broker, surgery, err := a.demoStaff(ctx, b)
	if err != nil {
		return err
	}
	if err := a.demoLife(ctx, b, broker, surgery); err != nil {
		return err
	}
	if err := a.demoGatherings(ctx, b, broker); err != nil {
		return err
	}
	if err := errors.Join(a.Books.Seal(ctx, b.ID), a.Books.Prove(ctx, b.ID)); err != nil {
		return err
	}
	return db.InTx(ctx, a.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
		return audit.Record(ctx, tx, audit.Entry{BankID: b.ID, At: a.Clock.Now(), ActorID: identity.SystemPerson, Action: "seed-demo", ObjectKind: "bank", ObjectID: b.ID})
	})
}

func (a *App) demoBooks(ctx context.Context) error {
	o := exchangefile.Options{Bank: demoSlug, Shift: demoShift(a.Clock.Now())}
	for name, into := range map[string]*io.Reader{"users.csv": &o.Users, "posts.csv": &o.Posts, "transfers.csv": &o.Transfers} {
		f, err := exchangefile.Demo.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		*into = f
	}
	return exchangefile.Import(ctx, Importing(a.Pool, a.Clock), o, io.Discard)
}

// demoShift moves the books' dates so that the newest is from last week, in whole
// weeks, so that a Monday drop-in stays on Mondays.
func demoShift(now time.Time) int {
	last := time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)
	return 7 * int(math.Floor(now.Sub(last).Hours()/(24*7)))
}

// NewBank is a bank with the policies that most start with.
func NewBank(slug, name string, now time.Time) bank.Bank {
	return bank.Bank{ID: id.New(), Slug: slug, Name: name, Zone: "Europe/London", Nation: "england-wales", Accent: "#0b5a4b", ConfirmDays: 7,
		FloorMinutes: -12 * 60, SoftMinutes: -5 * 60, PotAccount: id.New(), IssueAccount: id.New(), CreatedAt: now}
}

// OpenBank adds a bank, unless it is there, and opens its own accounts.
func (a *App) OpenBank(ctx context.Context, b bank.Bank) error {
	if err := db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error { return bank.Insert(ctx, tx, b) }); err != nil {
		return err
	}
	return db.InTx(ctx, a.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error { return member.OpenBank(ctx, tx, b, b.CreatedAt) })
}

// AddStaff gives somebody a role, making the person when nobody has the address.
func (a *App) AddStaff(ctx context.Context, b bank.Bank, name, called, email string, role identity.Role, organisation *uuid.UUID) (uuid.UUID, error) {
	var person uuid.UUID
	err := db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		now := a.Clock.Now()
		if person, err = a.personWith(ctx, tx, name, called, email); err != nil {
			return err
		}
		g := identity.Grant{PersonID: person, BankID: b.ID, Role: role, OrganisationID: organisation, GrantedAt: now}
		return errors.Join(identity.GrantRole(ctx, tx, g), identity.EndSessions(ctx, tx, person, now)) // what began with less must not grow
	})
	return person, err
}

// AddOperator lets somebody run the platform, making the person when nobody has
// the address.
func (a *App) AddOperator(ctx context.Context, name, email string) error {
	return db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		called, _, _ := strings.Cut(name, " ")
		person, err := a.personWith(ctx, tx, name, called, email)
		if err != nil {
			return err
		}
		now := a.Clock.Now()
		return errors.Join(identity.GrantOperator(ctx, tx, person, now), identity.EndSessions(ctx, tx, person, now))
	})
}

func (a *App) personWith(ctx context.Context, tx bun.IDB, name, called, email string) (uuid.UUID, error) {
	email, ok := identity.CleanEmail(email)
	if !ok {
		return uuid.Nil, errors.New("that e-mail address cannot be used; write it as ada@example.org")
	}
	p, err := identity.PersonByEmail(ctx, tx, email)
	if errors.Is(err, identity.ErrNoPerson) {
		p = identity.Person{ID: id.New(), Name: name, Called: called, Email: &email, CreatedAt: a.Clock.Now()}
		err = identity.AddPerson(ctx, tx, p)
	}
	return p.ID, err
}

func (a *App) demoStaff(ctx context.Context, b bank.Bank) (broker, receptionist identity.Actor, err error) {
	sam, err := a.AddStaff(ctx, b, "Sam Taylor", "Sam", demoBroker, identity.Coordinator, nil)
	if err != nil {
		return broker, receptionist, err
	}
	broker = identity.Actor{Person: sam, Called: "Sam", Bank: b, Roles: []identity.Role{identity.Coordinator}}
	today := b.Today(a.Clock.Now())
	ref, phone := "Sharing agreement, 3 pages", "01632 960 200"
	org := referral.Organisation{BankID: b.ID, ID: uuid.NewSHA1(b.ID, []byte("surgery")), Name: "Millbrook Surgery", Kind: "surgery", Phone: &phone,
		AgreementRef: &ref, AgreedOn: new(today.AddDate(0, -3, 0)), ReviewOn: new(today.AddDate(0, 9, 0)), CreatedAt: a.Clock.Now()}
	if err := db.InTx(ctx, a.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error { return referral.AddOrganisation(ctx, tx, org) }); err != nil {
		return broker, receptionist, err
	}
	priya, err := a.AddStaff(ctx, b, "Priya Nair", "Priya", demoReceptionist, identity.Receptionist, &org.ID)
	receptionist = identity.Actor{Person: priya, Called: "Priya", Bank: b, Roles: []identity.Role{identity.Receptionist}, Organisation: org.ID}
	return broker, receptionist, err
}

// demoLife is what a weekday morning looks like: somebody has asked for help,
// somebody meets tomorrow, hours wait for a word, a surgery has referred.
func (a *App) demoLife(ctx context.Context, b bank.Bank, broker, surgery identity.Actor) error {
	key := func(step string) uuid.UUID { return uuid.NewSHA1(b.ID, []byte(step)) }
	edna, err := a.demoFor(ctx, b, "Edna Marsh")
	if err != nil {
		return err
	}
	bill, err := a.demoFor(ctx, b, "Bill Okafor")
	if err != nil {
		return err
	}
	maria, err := a.demoFor(ctx, b, "Maria Santos")
	if err != nil {
		return err
	}
	local := a.Clock.Now().In(b.Location())
	tomorrow := time.Date(local.Year(), local.Month(), local.Day()+1, 10, 0, 0, 0, b.Location())
	if _, err := a.Listing.Add(ctx, broker, key("ask lift"), listing.Want{Type: listing.Request, Kind: "out.lift", Note: "To the eye clinic and back", Timing: "this-week", Place: "out", OnBehalf: edna}); err != nil {
		return err
	}
	ask, err := a.Listing.Add(ctx, broker, key("ask bulb"), listing.Want{Type: listing.Request, Kind: "home.bulb", Note: "A kitchen light that flickers", Timing: "this-week", Place: "home", OnBehalf: maria})
	if err != nil {
		return err
	}
	meeting, err := a.Exchange.Propose(ctx, broker, key("propose"), exchange.Plan{Listing: ask, Helper: *bill.For, StartsAt: &tomorrow, Place: "Maria's home"})
	if err != nil {
		return err
	}
	if _, err := a.Exchange.Agree(ctx, broker, uuid.Nil, meeting, bill); err != nil && !errors.Is(err, exchange.ErrMove) {
		return err // agreed already means: by a start that was cut off
	}
	if _, err := a.Exchange.Record(ctx, broker, key("record"), exchange.Past{Helper: *bill.For, Helped: *maria.For, Kind: "out.lift",
		Word: exchange.Word{Minutes: 60, HappenedOn: b.Today(a.Clock.Now()).AddDate(0, 0, -2), OnBehalf: bill}}); err != nil {
		return err
	}
	_, _, err = a.Referral.Refer(ctx, surgery, referral.Form{Agreed: "now", Name: "Ada Whitlock", Called: "Ada", BirthDay: 27, BirthMonth: 3, BirthYear: 1951,
		ReachBy: "call", Reach: "07700 900 461", SafeMessage: "yes", Wants: []string{"company", "something-to-offer"}, GoodAt: "Baking, and a good listener"}, key("refer"))
	return err
}

// demoFor is how the broker acts for a member of the demo.
func (a *App) demoFor(ctx context.Context, b bank.Bank, name string) (identity.OnBehalf, error) {
	var m member.Member
	err := db.InTx(ctx, a.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
		return tx.NewSelect().Model(&m).Where("bank_id = ?", b.ID).Where("name = ?", name).Scan(ctx)
	})
	if err != nil {
		return identity.OnBehalf{}, fmt.Errorf("find %s: %w", name, err)
	}
	return identity.OnBehalf{For: &m.ID, Consent: "phone"}, nil
}

type mailOutput struct {
	Body struct {
		Messages []mailsink.Message `json:"messages" doc:"Newest first"`
	}
}

// demoRoutes shows what was sent. It is there in demo mode only.
func demoRoutes(r *web.Routes, sink *mailsink.Sink, texts *smssink.Sink) {
	web.Register(r, web.Op{ID: "demo-mail", Method: http.MethodGet, Path: "/demo/mail", Room: "demo", Who: web.Anyone, Summary: "What the demo has sent"},
		func(context.Context, *struct{}) (*mailOutput, error) {
			out := &mailOutput{}
			out.Body.Messages = []mailsink.Message{}
			if sink != nil {
				out.Body.Messages = sink.Messages()
			}
			if texts != nil {
				for _, t := range texts.Messages() {
					out.Body.Messages = append(out.Body.Messages, mailsink.Message{ID: t.ID, From: t.From, To: t.To, Subject: "Text message", Text: t.Text, At: t.At})
				}
				slices.SortStableFunc(out.Body.Messages, func(a, b mailsink.Message) int { return b.At.Compare(a.At) })
			}
			return out, nil
		})
}
