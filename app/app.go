// Package app is the composition root: it builds every slice, hangs their
// operations, jobs and ticks, runs them and stops them in order. It holds no
// rule of its own.
package app

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/books"
	"timebank/app/concern"
	"timebank/app/contact"
	"timebank/app/desk"
	"timebank/app/exchange"
	"timebank/app/exchangefile"
	"timebank/app/figures"
	"timebank/app/gathering"
	"timebank/app/gift"
	"timebank/app/identity"
	"timebank/app/joining"
	"timebank/app/listing"
	"timebank/app/matching"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/clock"
	"timebank/app/platform/config"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
	"timebank/app/platform/job"
	"timebank/app/platform/mail"
	"timebank/app/platform/push"
	"timebank/app/platform/schedule"
	"timebank/app/platform/seal"
	"timebank/app/platform/sms"
	"timebank/app/platform/web"
	"timebank/app/referral"
	"timebank/app/rights"
	"timebank/app/statement"
)

// Deps is what the house stands on; tests bring their own.
type Deps struct {
	Config  config.Config
	Log     *slog.Logger
	Clock   clock.Clock
	Pool    *bun.DB // as the application's role
	Box     *seal.Box
	Mail    mail.Sender
	SMS     sms.Sender // nil: no text messages
	Push    push.Options
	Site    fs.FS // nil: API only
	Version string
}

// App is the built house.
type App struct {
	Deps
	Web       *web.Server
	Queue     *job.Queue
	Identity  *identity.Service
	Member    *member.Service
	Listing   *listing.Service
	Contact   *contact.Service
	Matching  *matching.Service
	Exchange  *exchange.Service
	Referral  *referral.Service
	Message   *message.Service
	Desk      *desk.Service
	Books     *books.Service
	Rights    *rights.Service
	Joining   *joining.Service
	Gathering *gathering.Service
	Gift      *gift.Service
	Figures   *figures.Service
	Concern   *concern.Service
}

// New builds every slice. Nothing runs yet.
func New(ctx context.Context, d Deps) (*App, error) {
	q, err := job.New(d.Pool, d.Log)
	if err != nil {
		return nil, err
	}
	a := &App{Deps: d, Queue: q}
	var keys *identity.Keys
	var pusher *push.Sender
	d.Box.At(d.Clock.Now)
	err = db.InTx(ctx, d.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		if err = d.Box.Load(ctx, tx); err != nil {
			return err
		}
		if keys, err = identity.LoadKeys(ctx, tx, d.Box, d.Clock, d.Config.URL); err != nil {
			return err
		}
		pusher, err = message.LoadPush(ctx, tx, d.Box, d.Clock.Now(), d.Config.PushSubject(), d.Push)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	keys.Follow(d.Pool)
	secure := strings.HasPrefix(d.Config.URL, "https:")
	party, err := identity.NewRelyingParty(d.Config.URL)
	if err != nil {
		return nil, err
	}
	a.Identity = &identity.Service{Pool: d.Pool, Clock: d.Clock, Box: d.Box, Queue: q, Mail: d.Mail, Keys: keys, Member: member.OfPerson, PersonOf: member.PersonOf, Standings: member.StandingsOf, Secure: secure, RelyingParty: party, Log: d.Log,
		SMS: d.SMS, SMSADay: d.Config.SMSADay, SMSTo: d.Config.SMSTo}
	a.Member = &member.Service{Pool: d.Pool, Clock: d.Clock, ReadOut: a.Identity.ReadOut, Tell: a.tell}
	a.Matching = &matching.Service{Pool: d.Pool, Clock: d.Clock}
	a.Message = &message.Service{Pool: d.Pool, Clock: d.Clock, Queue: q, Mail: d.Mail, Push: pusher}
	a.Contact = &contact.Service{Pool: d.Pool, Clock: d.Clock}
	a.Listing = &listing.Service{Pool: d.Pool, Clock: d.Clock, Message: a.Message, URL: d.Config.URL, Limit: a.Identity.Limit}
	a.Referral = &referral.Service{Pool: d.Pool, Clock: d.Clock, Box: d.Box, Join: a.join}
	a.Exchange = &exchange.Service{Pool: d.Pool, Clock: d.Clock, Message: a.Message, URL: d.Config.URL, Sign: d.Box.Blind,
		Asked: a.Matching.Asked, Answered: matching.Answered, TookPart: a.Referral.TookPart, Awaited: referral.Awaited}
	a.Gathering = &gathering.Service{Pool: d.Pool, Clock: d.Clock, Message: a.Message, URL: d.Config.URL, TookPart: a.Referral.TookPart}
	a.Exchange.Gatherings, a.Exchange.Gifts = a.gatherings, gift.Offers
	a.Gift = &gift.Service{Pool: d.Pool, Clock: d.Clock, Message: a.Message, URL: d.Config.URL}
	a.Joining = &joining.Service{Pool: d.Pool, Clock: d.Clock, Box: d.Box, Queue: q, Mail: d.Mail, Message: a.Message, URL: d.Config.URL, Limit: a.Identity.Limit}
	a.Desk = &desk.Service{Pool: d.Pool, Clock: d.Clock, Describes: map[string]desk.Describer{
		desk.OfRequest: listing.Describe, desk.OfListing: listing.DescribeEnding, desk.OfDigest: listing.DescribeNew, desk.OfExchange: a.Exchange.Describe, desk.OfMember: exchange.DescribeMember, desk.OfMessage: message.Describe, desk.OfComplaint: contact.Describe, desk.OfReferral: a.Referral.Describe,
		desk.OfNotes: rights.DescribeNotes, desk.OfApplication: a.Joining.Describe, desk.OfBooks: books.Describe, desk.OfSignUp: a.Gathering.Describe, desk.OfGift: gift.DescribeGifts, desk.OfPotAsk: gift.DescribeAsks,
		desk.OfStanding: rights.DescribeStandings, desk.OfNewMember: joining.DescribeNew,
	}}
	a.Rights = &rights.Service{Pool: d.Pool, Clock: d.Clock, Proved: a.Identity.Proved, Sections: sections(a.Referral), Rules: rules(a.Referral),
		Exchange: a.Exchange, Referral: a.Referral, Message: a.Message, URL: d.Config.URL, Also: []rights.Leaver{a.Gathering.Leaves, a.Gift.Leaves}}
	a.Desk.Describes[desk.OfAct] = a.Rights.DescribeActs
	a.Message.Renders, a.Message.Calls = a.Exchange.Renders(), a.Exchange.Calls()
	maps.Copy(a.Message.Renders, a.Gathering.Renders())
	a.Message.Unsaid = map[string]bool{}
	for template := range a.Gathering.Renders() {
		a.Message.Unsaid[template] = true // the name of a group may say how somebody is
	}
	maps.Copy(a.Message.Renders, a.Gift.Renders())
	maps.Copy(a.Message.Calls, gift.Calls())
	maps.Copy(a.Message.Calls, a.Gathering.Calls())
	maps.Copy(a.Message.Renders, a.Listing.Renders())
	maps.Copy(a.Message.Calls, a.Listing.Calls())
	maps.Copy(a.Message.Renders, a.Rights.Renders())
	maps.Copy(a.Message.Calls, rights.Calls())
	maps.Copy(a.Message.Renders, a.Joining.Renders())
	maps.Copy(a.Message.Calls, joining.Calls())
	a.Figures = &figures.Service{Pool: d.Pool, Clock: d.Clock}
	a.Concern = &concern.Service{Pool: d.Pool, Clock: d.Clock, Box: d.Box, Queue: q, Mail: d.Mail, URL: d.Config.URL}
	job.HandleLong(q, func(ctx context.Context, _ Reseal) error { return a.Reseal(ctx) })
	a.Identity.Work(q)
	a.Message.Work(q)
	a.Listing.Work(q)
	a.Exchange.Work(q)
	a.Gathering.Work(q)
	a.Gift.Work(q)
	a.Referral.Work(q)
	a.Books = &books.Service{Pool: d.Pool, Clock: d.Clock, Queue: q, Log: d.Log}
	a.Books.Work(q)
	a.Rights.Work(q)
	a.Joining.Work(q)
	a.Concern.Work(q)
	a.Web, err = web.New(web.Options{Version: d.Version, Log: d.Log, Gate: a.Identity, Site: d.Site, Face: (&bank.Front{Pool: d.Pool, Clock: d.Clock}).Face, Chosen: a.Identity.Choose, Proxies: d.Config.Proxies, Secure: secure, Ready: a.ready})
	if err != nil {
		return nil, err
	}
	a.hang(a.Web.Routes)
	return a, nil
}

// hang adds every slice's operations.
func (a *App) hang(r *web.Routes) {
	for _, slice := range []interface{ Routes(*web.Routes) }{a.Identity, bank.API{Pool: a.Pool}, a.Member, a.Contact, a.Listing, a.Matching, a.Exchange, a.Referral, a.Message, a.Desk, a.Rights, a.Joining, a.Gathering, &statement.Service{Pool: a.Pool, Clock: a.Clock}, a.Gift, a.Figures, a.Concern, a.Books} {
		slice.Routes(r)
	}
}

// Document is the API's OpenAPI 3.1 document, as the built program serves it. It
// needs no database.
func Document() ([]byte, error) {
	s, err := web.New(web.Options{})
	if err != nil {
		return nil, err
	}
	a := &App{Identity: &identity.Service{}, Member: &member.Service{}, Listing: &listing.Service{}, Contact: &contact.Service{}, Matching: &matching.Service{},
		Exchange: &exchange.Service{}, Referral: &referral.Service{}, Message: &message.Service{}, Desk: &desk.Service{}, Rights: &rights.Service{}, Joining: &joining.Service{}, Gathering: &gathering.Service{}, Gift: &gift.Service{}, Figures: &figures.Service{}, Concern: &concern.Service{}, Books: &books.Service{}}
	a.hang(s.Routes)
	demoRoutes(s.Routes, nil, nil)
	return s.Document()
}

// join lets the referral slice make members without knowing that slice.
func (a *App) join(ctx context.Context, tx bun.IDB, actor identity.Actor, j referral.JoinRequest) (uuid.UUID, error) {
	m, err := member.Join(ctx, tx, actor, id.New(), member.Joining{
		Name: j.Name, Called: j.Called, Email: j.Email, Phone: j.Phone, Area: j.Area, ReachBy: j.ReachBy, ReachNote: j.ReachNote, Needs: j.Needs,
	}, a.Clock.Now())
	return m.ID, err
}

// tell lets the member slice tell somebody something without knowing messages.
func (a *App) tell(ctx context.Context, tx bun.IDB, actor identity.Actor, who uuid.UUID, template string, subject uuid.UUID) error {
	return a.Message.Write(ctx, tx, message.To{Bank: actor.Bank, Member: who, Template: template, Subject: subject, CallBy: actor.Bank.AfterWorkingDays(a.Clock.Now(), 1)})
}

// gatherings lets a member's first page show what they signed up for.
func (a *App) gatherings(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) ([]exchange.Outing, error) {
	rows, err := a.Gathering.Next(ctx, tx, bank, member)
	out := make([]exchange.Outing, len(rows))
	for i, g := range rows {
		out[i] = exchange.Outing(g)
	}
	return out, err
}

// Importing is what an import stands on; imported requests come to the desk like
// any other.
func Importing(pool *bun.DB, c clock.Clock) exchangefile.Deps {
	return exchangefile.Deps{Pool: pool, Clock: c, Requested: func(ctx context.Context, tx bun.IDB, b bank.Bank, l listing.Listing, now time.Time) error {
		return desk.Raise(ctx, tx, desk.Task{BankID: b.ID, Kind: desk.FindHelper, SubjectKind: desk.OfRequest, SubjectID: l.ID,
			DueAt: b.AfterWorkingDays(now, 3), CreatedAt: now})
	}}
}

// ready refuses work when the database cannot be written.
func (a *App) ready(ctx context.Context) error {
	return db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.ExecContext(ctx, "insert into directory.rate (bucket, full_at) values ('ready', ?) on conflict (bucket) do update set full_at = excluded.full_at", a.Clock.Now())
		return err
	})
}

// Ticks is the schedule: each tick only enqueues, most of them once a bank.
func (a *App) Ticks(s *schedule.Schedule) error {
	for _, t := range []struct {
		spec, name string
		args       func(bank uuid.UUID) job.Args
	}{
		{"*/15 * * * *", "remind-of-tomorrow", func(b uuid.UUID) job.Args { return exchange.Remind{BankID: b} }},
		{"35 * * * *", "expire-proposals", func(b uuid.UUID) job.Args { return exchange.Expire{BankID: b} }},
		{"5 * * * *", "settle-silent", func(b uuid.UUID) job.Args { return exchange.SettleSilent{BankID: b} }},
		{"*/15 * * * *", "remind-of-gatherings", func(b uuid.UUID) job.Args { return gathering.Remind{BankID: b} }},
		{"25 * * * *", "expire-gifts", func(b uuid.UUID) job.Args { return gift.ExpireGifts{BankID: b} }},
		{"50 2 * * *", "forget-guests", func(b uuid.UUID) job.Args { return gathering.Forget{BankID: b} }},
		{"20 3 * * *", "expire-listings", func(b uuid.UUID) job.Args { return listing.Expire{BankID: b} }},
		{"10 * * * *", "tell-interests", func(b uuid.UUID) job.Args { return listing.TellInterests{BankID: b} }},
		{"50 3 * * *", "index-listings", func(b uuid.UUID) job.Args { return listing.Reindex{BankID: b} }},
		{"10 2 * * *", "forget-what-is-over", func(b uuid.UUID) job.Args { return rights.ForgetOld{BankID: b} }},
		{"40 2 * * *", "forget-referrals", func(b uuid.UUID) job.Args { return referral.Forget{BankID: b} }},
		{"*/5 * * * *", "tell-of-acts-on-behalf", func(b uuid.UUID) job.Args { return rights.TellBehalf{BankID: b} }},
		{"*/10 * * * *", "seal-books", func(b uuid.UUID) job.Args { return books.Seal{BankID: b} }},
		{"25 * * * *", "expire-holds", func(b uuid.UUID) job.Args { return books.ExpireHolds{BankID: b} }},
		{"10 3 * * *", "prove-books", func(b uuid.UUID) job.Args { return books.Prove{BankID: b} }},
		{"*/5 * * * *", "referral-clocks", func(b uuid.UUID) job.Args { return referral.Tick{BankID: b} }},
	} {
		if err := s.Every(t.spec, t.name, func(ctx context.Context) error { return a.EnqueueForEachBank(ctx, t.args) }); err != nil {
			return err
		}
	}
	if err := s.Every("*/10 * * * *", "reseal", func(ctx context.Context) error {
		return db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error { return a.Queue.Enqueue(ctx, tx, Reseal{}) })
	}); err != nil {
		return err
	}
	return s.Every("20 * * * *", "forget-sign-ins", func(ctx context.Context) error {
		return db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
			return a.Queue.Enqueue(ctx, tx, identity.Forget{})
		})
	})
}

// EnqueueForEachBank puts the same work into the queue for every bank.
func (a *App) EnqueueForEachBank(ctx context.Context, args func(bank uuid.UUID) job.Args) error {
	return db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		banks, err := bank.All(ctx, tx)
		if err != nil {
			return err
		}
		for _, b := range banks {
			if err := a.Queue.Enqueue(ctx, tx, args(b.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}
