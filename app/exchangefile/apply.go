package exchangefile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/id"
	"timebank/ledger"
)

// Action names an import in the audit trail.
const Action = "import-timeoverflow"

// Requested is told, in the import's own transaction, of each open request that
// was brought in: somebody has to find a helper.
type Requested func(ctx context.Context, tx bun.IDB, b bank.Bank, l listing.Listing, now time.Time) error

// Apply writes what d says, all of it or, when it returns an error and the caller
// rolls back, nothing. d must come from Plan in the same transaction. actor is
// the person who imports; requested is told of each new request, nil is allowed.
func Apply(ctx context.Context, tx bun.IDB, d *Difference, actor uuid.UUID, requested Requested) error {
	if d.Empty() {
		return nil
	}
	w := &writer{d: d, actor: actor, requested: requested, accounts: maps.Clone(d.accounts), members: maps.Clone(d.members)}
	for _, step := range []func(context.Context, bun.IDB) error{w.addMembers, w.openClearing, w.addListings, w.liftLimits, w.postOpenings, w.postTransfers, w.setLimits} {
		if err := step(ctx, tx); err != nil {
			return err
		}
	}
	return audit.Record(ctx, tx, audit.Entry{BankID: d.Bank.ID, At: d.At, ActorID: actor, Action: Action, ObjectKind: "bank", ObjectID: d.Bank.ID})
}

// writer is the state of one Apply.
type writer struct {
	d         *Difference
	actor     uuid.UUID
	requested Requested
	accounts  map[string]uuid.UUID
	members   map[string]uuid.UUID
	lifted    map[uuid.UUID]ledger.Limits // accounts that had limits, which come back at the end
}

func (w *writer) addMembers(ctx context.Context, tx bun.IDB) error {
	importer := identity.Actor{Person: w.actor, Bank: w.d.Bank}
	for _, p := range w.d.Members {
		if p.Standing != New {
			continue
		}
		m, err := member.Join(ctx, tx, importer, id.New(), joining(p), w.d.At)
		if err != nil {
			return fmt.Errorf("member of row %d: %w", p.Row, err)
		}
		w.members[p.key], w.accounts[p.key] = m.ID, m.AccountID
		if p.Seen == nil {
			continue
		}
		if err := member.Seen(ctx, tx, w.d.Bank.ID, m.ID, p.Seen.At); err != nil {
			return err
		}
	}
	return nil
}

// joining is a member of the file in the form in which anybody joins.
func joining(p MemberPlan) member.Joining {
	j := member.Joining{Name: p.Name, Called: called(p.Name, p.Former), Email: p.Email, Phone: p.Phone, Area: p.Area,
		ReachNote: p.Contact, Stage: p.Stage, JoinedOn: &p.JoinedOn, ImportKey: p.key}
	if p.Email == "" && p.Phone == "" {
		j.ReachBy = member.BySomeone // the reports know nobody's address
	}
	if p.Former {
		j.Status = member.Left
	}
	return j
}

// called is what somebody is probably called: the first name, without a title.
func called(name string, former bool) string {
	words := strings.Fields(name)
	if former || len(words) < 2 {
		return name
	}
	titles := set("mr|mrs|miss|ms|mx|dr|rev|sir|sr|sra|srta|don|dona|d|da")
	if first := strings.TrimRight(fold(words[0]), ".ªº"); titles[first] {
		return name // "Mrs Khan" is called Mrs Khan until she says otherwise
	}
	return words[0]
}

func (w *writer) openClearing(ctx context.Context, tx bun.IDB) error {
	for _, key := range slices.Sorted(maps.Keys(w.d.clearing)) {
		w.accounts[key] = clearingID(w.d.Bank.ID, key)
		err := ledger.OpenAccount(ctx, tx, ledger.Account{Bank: w.d.Bank.ID, ID: w.accounts[key], Kind: ledger.Clearing, Actor: w.actor,
			Reason: "import", At: w.d.At})
		if err != nil {
			return fmt.Errorf("open account for another bank: %w", err)
		}
	}
	return nil
}

// Days that a listing stands after it was brought in, as if it were made today.
const (
	offerDays   = 365
	requestDays = 90
)

func (w *writer) addListings(ctx context.Context, tx bun.IDB) error {
	b, today := w.d.Bank, w.d.Bank.Today(w.d.At)
	for _, p := range w.d.Listings {
		if p.Standing != New {
			continue
		}
		created := w.d.At
		if p.CreatedAt != nil {
			created = p.CreatedAt.At
		}
		key := p.Key()
		l := listing.Listing{BankID: b.ID, ID: idAt(created), MemberID: w.members[memberKey(p.Author)], Type: listing.Offer, Kind: p.Kind,
			Note: p.Note, Timing: "no-hurry", Place: "either", Far: listing.FarOpen, State: listing.Open, CreatedBy: w.actor, CreatedAt: created,
			ExpiresOn: today.AddDate(0, 0, offerDays), ImportKey: &key}
		if p.Request {
			l.Type, l.ExpiresOn = listing.Request, today.AddDate(0, 0, requestDays)
		}
		if err := listing.Insert(ctx, tx, l); err != nil {
			return err
		}
		if !p.Request || w.requested == nil {
			continue
		}
		if err := w.requested(ctx, tx, b, l, w.d.At); err != nil {
			return fmt.Errorf("request of row %d: %w", p.Row, err)
		}
	}
	return nil
}

// liftLimits takes the limits off every account that gets history now, since it
// is posted as it was, also where it went lower than this bank would let it.
// setLimits puts them back; whoever is beyond them then may only move back.
func (w *writer) liftLimits(ctx context.Context, tx bun.IDB) error {
	w.lifted = map[uuid.UUID]ledger.Limits{}
	touched := map[uuid.UUID]bool{}
	for _, o := range w.d.Openings {
		if o.Standing == New {
			touched[w.accounts[o.Member.Key()]] = true
		}
	}
	for _, t := range w.d.Transfers {
		if t.Standing == New {
			touched[w.accounts[t.From.Key()]], touched[w.accounts[t.To.Key()]] = true, true
		}
	}
	for account := range touched {
		bal, err := ledger.BalanceOf(ctx, tx, w.d.Bank.ID, account)
		if err != nil {
			return fmt.Errorf("read limits: %w", err)
		}
		if bal.Limits == (ledger.Limits{}) {
			continue
		}
		w.lifted[account] = bal.Limits
		if err := w.limit(ctx, tx, account, ledger.Limits{}); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) setLimits(ctx context.Context, tx bun.IDB) error {
	for account, limits := range w.lifted {
		if err := w.limit(ctx, tx, account, limits); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) limit(ctx context.Context, tx bun.IDB, account uuid.UUID, l ledger.Limits) error {
	err := ledger.SetLimits(ctx, tx, ledger.Change{Bank: w.d.Bank.ID, Account: account, Actor: w.actor, Reason: "import", At: w.d.At}, l)
	if err != nil {
		return fmt.Errorf("set limits: %w", err)
	}
	return nil
}

// happened is the instant of a transfer, the import's own where it has none.
func (w *writer) happened(m *Moment) time.Time {
	if m == nil {
		return w.d.At
	}
	return m.At
}
