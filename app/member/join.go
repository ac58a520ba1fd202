package member

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Joining is what is known of somebody who becomes a member.
type Joining struct {
	Name      string // required
	Called    string // empty: the first word of the name
	Email     string // may be empty
	Phone     string // may be empty
	Area      string
	ReachBy   string // empty: e-mail when there is one, else phone, else post
	ReachNote string
	Needs     string
	FreeSlots int
	Stage     string     // empty: Met
	Status    string     // empty: Active
	JoinedOn  *time.Time // nil: today
	ImportKey string
	Language  words.Language // of messages to them; empty: not chosen
}

// clean brings what was typed to the stored form. Pointers name the fields of
// the request. Refuses with all that is wrong at once.
func (j Joining) clean() (Joining, error) {
	var c fault.Check
	var ok bool
	j.Name, ok = identity.CleanName(j.Name)
	c.Add(ok, "/name", "name", "Enter the person's name.")
	if strings.TrimSpace(j.Called) == "" {
		j.Called, _, _ = strings.Cut(j.Name, " ")
	}
	j.Called, ok = identity.CleanName(j.Called)
	c.Add(ok || j.Name == "", "/called", "name", "Enter what they like to be called.")
	typedEmail, typedPhone := j.Email != "", j.Phone != "" // cleaning empties what cannot be used
	if typedEmail {
		j.Email, ok = identity.CleanEmail(j.Email)
		c.Add(ok, "/email", "email", "Enter an e-mail address, like ada@example.org, or leave it empty.")
	}
	if typedPhone {
		j.Phone, ok = identity.CleanPhone(j.Phone)
		c.Add(ok, "/phone", "phone", "Enter a phone number, like 01632 960 001, or leave it empty.")
	}
	for _, f := range []struct {
		text    string
		limit   int
		pointer string
	}{{j.Area, 60, "/area"}, {j.ReachNote, 200, "/reach_note"}, {j.Needs, 200, "/needs"}} {
		c.Add(len([]rune(f.text)) <= f.limit, f.pointer, "too-long", "Write at most {n} characters.", "n", f.limit)
	}
	if j.ReachBy == "" {
		switch {
		case typedEmail:
			j.ReachBy = ByEmail
		case typedPhone:
			j.ReachBy = ByPhone
		default:
			j.ReachBy = ByPost
		}
	}
	c.Add(j.ReachBy != ByEmail || typedEmail, "/email", "needed", "Enter the e-mail address, or choose another way to reach them.")
	c.Add(j.ReachBy != ByPhone || typedPhone, "/phone", "needed", "Enter the phone number, or choose another way to reach them.")
	if j.Stage == "" {
		j.Stage = Met
	}
	if j.Status == "" {
		j.Status = Active
	}
	return j, c.Err()
}

// Join makes somebody a member: the person (or the one who already signs in with
// that e-mail address), the membership, its account in the ledger and the role.
// It runs in the caller's transaction. Refuses what cannot be used by field, and
// with ErrAlreadyMember.
func Join(ctx context.Context, tx bun.IDB, a identity.Actor, newID uuid.UUID, j Joining, now time.Time) (Member, error) {
	j, err := j.clean()
	if err != nil {
		return Member{}, err
	}
	person, err := personFor(ctx, tx, j, now)
	if err != nil {
		return Member{}, err
	}
	m := Member{
		BankID: a.Bank.ID, ID: newID, PersonID: person, Reference: id.NewReference('M'), Name: j.Name, Called: j.Called,
		Status: j.Status, Stage: j.Stage, Area: j.Area, Phone: orNil(j.Phone), ReachBy: j.ReachBy, ReachNote: j.ReachNote, Needs: j.Needs,
		FreeSlots: j.FreeSlots, AccountID: id.New(), JoinedOn: a.Bank.Today(now), CreatedAt: now, ImportKey: orNil(j.ImportKey),
	}
	if j.JoinedOn != nil {
		m.JoinedOn = *j.JoinedOn
	}
	if _, err := tx.NewInsert().Model(&m).Exec(ctx); err != nil {
		if db.Violated(err, "member_bank_id_person_id_key") {
			return m, ErrAlreadyMember.At("/email")
		}
		return m, fmt.Errorf("add member: %w", err)
	}
	if err := openAccount(ctx, tx, a, m, now); err != nil {
		return m, err
	}
	if m.Status == Left {
		return m, nil // a former member of an import: their hours stay, and they may do nothing
	}
	return m, identity.GrantRole(ctx, tx, identity.Grant{PersonID: person, BankID: a.Bank.ID, Role: identity.Member, GrantedAt: now})
}

// personFor finds who signs in with the address, or adds a person. A phone number
// alone never finds anybody: households share one.
func personFor(ctx context.Context, tx bun.IDB, j Joining, now time.Time) (uuid.UUID, error) {
	if j.Email != "" {
		p, err := identity.PersonByEmail(ctx, tx, j.Email)
		if err == nil {
			return p.ID, nil
		}
		if f := fault.As(err); f == nil || f.Kind != fault.NotFound {
			return uuid.Nil, err
		}
	}
	p := identity.Person{ID: id.New(), Name: j.Name, Called: j.Called, Email: orNil(j.Email), Phone: orNil(j.Phone), Language: j.Language, CreatedAt: now}
	return p.ID, identity.AddPerson(ctx, tx, p)
}

func openAccount(ctx context.Context, tx bun.IDB, a identity.Actor, m Member, now time.Time) error {
	floor, soft := ledger.Minutes(a.Bank.FloorMinutes), ledger.Minutes(a.Bank.SoftMinutes)
	err := ledger.OpenAccount(ctx, tx, ledger.Account{
		Bank: a.Bank.ID, ID: m.AccountID, Kind: accountKind(m), Actor: a.Person, Reason: "joined", At: now,
		Limits: ledger.Limits{SoftFloor: &soft, Floor: &floor},
	})
	if err != nil {
		return fmt.Errorf("open account: %w", err)
	}
	return nil
}

func accountKind(m Member) ledger.AccountKind {
	if m.Organisation {
		return ledger.Organisation
	}
	return ledger.Member
}

// OpenBank opens the accounts that every bank has: its pot, and the one that
// starting hours and opening balances come from. What is open already stays.
func OpenBank(ctx context.Context, tx bun.IDB, b bank.Bank, now time.Time) error {
	zero := ledger.Minutes(0)
	for _, x := range []ledger.Account{
		{ID: b.PotAccount, Kind: ledger.Pot, Limits: ledger.Limits{Floor: &zero}},
		{ID: b.IssueAccount, Kind: ledger.Issuance},
	} {
		x.Bank, x.Actor, x.Reason, x.At = b.ID, identity.SystemPerson, "bank opened", now
		if err := ledger.OpenAccount(ctx, tx, x); err != nil && err != error(ledger.ErrAccountExists{Account: x.ID}) {
			return fmt.Errorf("open %s account: %w", x.Kind, err)
		}
	}
	return nil
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
