package exchangefile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/ledger"
)

// Names under which people whom the file does not name are kept.
const (
	goneName     = "Somebody who has left"
	inactiveName = "Somebody who is not active"
)

// Plan compares a file with what is in the bank. It writes nothing. It refuses
// with *Unreadable rows whose day is still to come.
func Plan(ctx context.Context, tx bun.IDB, b bank.Bank, f *File, now time.Time) (*Difference, error) {
	p := &planner{f: f, d: &Difference{
		Bank: b, At: now, Skipped: f.Skipped, Notes: slices.Clone(f.Notes),
		accounts: map[string]uuid.UUID{keyPrefix + "pot": b.PotAccount}, members: map[string]uuid.UUID{}, clearing: map[string]string{},
	}}
	if err := p.future(); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, bun.IDB) error{p.planMembers, p.planFormer, p.planBanks, p.planListings, p.planTransfers} {
		if err := step(ctx, tx); err != nil {
			return nil, err
		}
	}
	p.planOpenings()
	return p.d, nil
}

// planner is the state of one Plan.
type planner struct {
	f      *File
	d      *Difference
	posted map[string]ledger.Record // by ledger key: what the accounts of the file have had posted
}

func (p *planner) note(format string, args ...any) {
	p.d.Notes = append(p.d.Notes, fmt.Sprintf(format, args...))
}

// future refuses days that are still to come in the bank's own zone.
func (p *planner) future() error {
	zone, today := p.d.Bank.Location(), p.d.Bank.Today(p.d.At)
	errs := &faults{}
	check := func(file string, row int, m *Moment) {
		if m != nil && m.Day(zone).After(today) {
			errs.add(file, row, "", "future", "The date is still to come. Correct it, and check this machine's own date.")
		}
	}
	for _, m := range p.f.Members {
		check(UsersFile, m.Row, m.Joined)
		check(UsersFile, m.Row, m.Seen)
	}
	for _, x := range p.f.Posts {
		check(PostsFile, x.Row, x.CreatedAt)
	}
	for _, t := range p.f.Transfers {
		check(TransfersFile, t.Row, t.When)
	}
	return errs.err()
}

// day is when something happened, today when the file does not say.
func (p *planner) day(m *Moment) time.Time {
	if m == nil {
		return p.d.Bank.Today(p.d.At)
	}
	return m.Day(p.d.Bank.Location())
}

// planMembers finds each member by the key of an earlier import, else by the
// e-mail address they sign in with.
func (p *planner) planMembers(ctx context.Context, tx bun.IDB) error {
	known, err := knownMembers(ctx, tx, p.d.Bank.ID)
	if err != nil {
		return err
	}
	taken := map[uuid.UUID]bool{} // people whose membership an earlier import made
	for _, m := range known {
		taken[m.PersonID] = true
	}
	helped, since := p.history()
	for _, m := range p.f.Members {
		plan := MemberPlan{Member: m, key: m.Key(), Standing: New, Stage: stageOf(helped[m.UID])}
		plan.JoinedOn = p.day(cmp.Or(m.Joined, since[m.UID]))
		have, found := known[m.Key()]
		if !found && m.Email != "" {
			if have, found, err = p.byEmail(ctx, tx, &plan, taken); err != nil {
				return err
			}
		}
		if found {
			p.d.members[plan.key], p.d.accounts[plan.key] = have.ID, have.AccountID
			plan.Standing, plan.What = Here, memberDiffers(m, have)
			if plan.What != "" {
				plan.Standing = Differs
			}
		}
		p.d.Members = append(p.d.Members, plan)
	}
	return nil
}

// byEmail looks for a person who signs in with the address of plan, and for the
// membership that they may have already.
func (p *planner) byEmail(ctx context.Context, tx bun.IDB, plan *MemberPlan, taken map[uuid.UUID]bool) (member.Member, bool, error) {
	person, err := identity.PersonByEmail(ctx, tx, plan.Email)
	if errors.Is(err, identity.ErrNoPerson) {
		return member.Member{}, false, nil
	}
	if err != nil {
		return member.Member{}, false, err
	}
	if taken[person.ID] {
		plan.Email = ""
		p.note("The e-mail address of member %d is in use by another member here; the new member begins without one.", plan.UID)
		return member.Member{}, false, nil
	}
	return memberOfPerson(ctx, tx, p.d.Bank.ID, person.ID)
}

// history tells how often each member helped somebody, and when the file first
// mentions them.
func (p *planner) history() (helped map[int64]int, since map[int64]*Moment) {
	helped, since = map[int64]int{}, map[int64]*Moment{}
	for _, t := range p.f.Transfers {
		if t.Help() && t.To.Kind == AMember {
			helped[t.To.UID]++
		}
		for _, e := range []Party{t.From, t.To} {
			if e.Kind == AMember && since[e.UID] == nil {
				since[e.UID] = t.When
			}
		}
	}
	return helped, since
}

// stageOf is the trust stage of somebody who has given help so often where they
// come from: their own brokers let them.
func stageOf(helped int) string {
	switch {
	case helped >= 3:
		return member.Independent
	case helped > 0:
		return member.Accompanied
	}
	return member.Met
}

func memberDiffers(m Member, have member.Member) string {
	var out []string
	differs := func(is bool, what string) {
		if is {
			out = append(out, what)
		}
	}
	differs(m.Name != have.Name, "name")
	differs(m.Phone != "" && (have.Phone == nil || *have.Phone != m.Phone), "phone")
	differs(m.Area != "" && m.Area != have.Area, "area")
	return strings.Join(out, ", ")
}

// planFormer adds one membership for each kind of people whom the file does not
// name, if it has any of them.
func (p *planner) planFormer(ctx context.Context, tx bun.IDB) error {
	known, err := knownMembers(ctx, tx, p.d.Bank.ID)
	if err != nil {
		return err
	}
	for _, k := range []PartyKind{Gone, Inactive} {
		key := Party{Kind: k}.Key()
		i := slices.IndexFunc(p.f.Transfers, func(t Transfer) bool { return t.From.Kind == k || t.To.Kind == k })
		if i < 0 {
			continue
		}
		plan := MemberPlan{key: key, Standing: New, Former: true, Stage: member.Met, JoinedOn: p.day(p.f.Transfers[i].When)}
		plan.Name = goneName
		if k == Inactive {
			plan.Name = inactiveName
		}
		if have, ok := known[key]; ok {
			plan.Standing = Here
			p.d.members[key], p.d.accounts[key] = have.ID, have.AccountID
		}
		p.d.Members = append(p.d.Members, plan)
	}
	return nil
}

// planBanks finds the accounts by which hours are kept with other time banks.
func (p *planner) planBanks(ctx context.Context, tx bun.IDB) error {
	for _, t := range p.f.Transfers {
		for _, e := range []Party{t.From, t.To} {
			key := e.Key()
			if e.Kind != OtherBank || p.d.clearing[key] != "" || p.d.accounts[key] != uuid.Nil {
				continue
			}
			p.note("“%s” counts as another time bank: hours to and from it are kept on an account of its own.", e.Name)
			account := clearingID(p.d.Bank.ID, key)
			_, err := ledger.BalanceOf(ctx, tx, p.d.Bank.ID, account)
			if _, missing := errors.AsType[ledger.ErrNoAccount](err); missing {
				p.d.clearing[key] = e.Name
				continue
			}
			if err != nil {
				return fmt.Errorf("find account of another bank: %w", err)
			}
			p.d.accounts[key] = account
		}
	}
	return nil
}

func (p *planner) planListings(ctx context.Context, tx bun.IDB) error {
	known, err := knownListings(ctx, tx, p.d.Bank.ID)
	if err != nil {
		return err
	}
	for _, x := range p.f.Posts {
		plan := ListingPlan{Post: x, Standing: New}
		if have, ok := known[x.Key()]; ok {
			plan.Standing = Here
			if have.Note != x.Note || (have.Type == listing.Request) != x.Request {
				plan.Standing, plan.What = Differs, "text"
			}
		}
		p.d.Listings = append(p.d.Listings, plan)
	}
	return nil
}
