package identity

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/id"
	"timebank/app/platform/job"
	"timebank/app/platform/mail"
	"timebank/app/platform/seal"
	"timebank/app/platform/web"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// door is the slice on a database of its own, with a clock that moves when told
// to and a post box in place of a mail server.
type door struct {
	*Service
	t     *testing.T
	db    *dbtest.DB
	clock *clock.Fake
	post  *postBox
	bank  bank.Bank
}

type postBox struct {
	mu   sync.Mutex
	mail []mail.Mail
}

func (p *postBox) Send(_ context.Context, m mail.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mail = append(p.mail, m)
	return nil
}

// phone is the browser that asks and signs in, unless a test says otherwise.
var phone = Knock{IP: "192.0.2.1", Agent: "a phone", Browser: "a browser"}

const issuer = "https://timebank.test"

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, db: dbtest.New(t), clock: clock.NewFake(noon), post: &postBox{}}
	d.Service = d.replica(newBox(t))
	d.bank = d.opens("hilltop")
	return d
}

func newBox(t *testing.T) *seal.Box {
	t.Helper()
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// replica is one more instance of the service on the same database.
func (d *door) replica(box *seal.Box) *Service {
	d.t.Helper()
	q, err := job.New(d.db.Bun, slog.New(slog.DiscardHandler))
	if err != nil {
		d.t.Fatal(err)
	}
	s := &Service{Pool: d.db.Bun, Clock: d.clock, Box: box, Queue: q, Mail: d.post, Secure: true, Log: slog.New(slog.DiscardHandler),
		Member: func(context.Context, bun.IDB, uuid.UUID, uuid.UUID) (uuid.UUID, error) { return uuid.Nil, nil }}
	if s.RelyingParty, err = NewRelyingParty(issuer); err != nil {
		d.t.Fatal(err)
	}
	d.in(func(ctx context.Context, tx bun.IDB) (err error) {
		s.Keys, err = LoadKeys(ctx, tx, box, d.clock, issuer)
		return err
	})
	return s
}

func (d *door) in(fn func(ctx context.Context, tx bun.IDB) error) {
	d.t.Helper()
	if err := db.InTx(d.t.Context(), d.db.Bun, db.NoBank, fn); err != nil {
		d.t.Fatal(err)
	}
}

func (d *door) opens(slug string) bank.Bank {
	d.t.Helper()
	b := bank.Bank{ID: id.New(), Slug: slug, Name: slug, Zone: "Europe/London", Nation: "england-wales", Phone: "1", PhoneHours: "9 to 5", Accent: "#0b5a4b",
		ConfirmDays: 7, PotAccount: id.New(), IssueAccount: id.New(), CreatedAt: noon}
	d.in(func(ctx context.Context, tx bun.IDB) error { return bank.Insert(ctx, tx, b) })
	return b
}

// knows adds a person; both contacts may be empty.
func (d *door) knows(name, email, phone string) Person {
	d.t.Helper()
	p := Person{ID: id.New(), Name: name, Called: name, Language: "en", CreatedAt: noon}
	if email != "" {
		p.Email = &email
	}
	if phone != "" {
		p.Phone = &phone
	}
	d.in(func(ctx context.Context, tx bun.IDB) error { return AddPerson(ctx, tx, p) })
	return p
}

func (d *door) grant(p Person, b bank.Bank, r Role) {
	d.t.Helper()
	d.in(func(ctx context.Context, tx bun.IDB) error {
		return GrantRole(ctx, tx, Grant{PersonID: p.ID, BankID: b.ID, Role: r, GrantedAt: noon})
	})
}

var sixDigits = regexp.MustCompile(`\b(\d{3}) (\d{3})\b`)

// asks sends a code by e-mail and returns its digits, or "" when none was sent.
func (d *door) asks(contact string) string {
	d.t.Helper()
	if err := d.AskCode(d.t.Context(), contact, phone); err != nil {
		d.t.Fatal(err)
	}
	var newest Code
	err := d.db.Owner.NewSelect().Model(&newest).Where("sealed is not null").OrderExpr("id desc").Limit(1).Scan(d.t.Context())
	if err != nil {
		return ""
	}
	if err := d.sendCode(d.t.Context(), SendCode{CodeID: newest.ID}); err != nil {
		d.t.Fatal(err)
	}
	m := sixDigits.FindStringSubmatch(d.post.mail[len(d.post.mail)-1].Text)
	if m == nil {
		d.t.Fatal("no code in the mail")
	}
	return m[1] + m[2]
}

// readsOut is a broker of the bank reading a code to somebody.
func (d *door) readsOut(p Person) (digits string, err error) {
	broker := d.knows("Sam", "", "")
	err = db.InTx(d.t.Context(), d.db.Bun, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		digits, _, err = d.ReadOut(ctx, tx, Actor{Person: broker.ID, Bank: d.bank, Roles: []Role{Broker}}, p.ID)
		return err
	})
	return digits, err
}

func (d *door) signsIn(contact, code string) (Tokens, error) {
	_, tokens, err := d.SignIn(d.t.Context(), contact, code, phone)
	return tokens, err
}

// signedIn is somebody with a session.
func (d *door) signedIn() (Person, Tokens) {
	d.t.Helper()
	p := d.knows("Maria", "maria@example.org", "")
	d.grant(p, d.bank, Member)
	t, err := d.signsIn("maria@example.org", d.asks("maria@example.org"))
	if err != nil {
		d.t.Fatal(err)
	}
	return p, t
}

// enters tries an operation with an access token.
func (d *door) enters(access, slug, who string) (Actor, error) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+access)
	ctx, err := d.Enter(d.t.Context(), web.Caller{Request: r, Bank: slug, Who: who})
	if err != nil {
		return Actor{}, err
	}
	return ActorFrom(ctx), nil
}
