package gathering

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
)

// SignUp is how somebody says that they will come.
type SignUp struct {
	Guest     string // whom they bring, by name; empty: nobody
	RulesRead bool   // and they are happy with them
	identity.OnBehalf
}

// SignUp gives a member a place, and their guest one, or puts both on the waiting
// list. Saying it again changes the guest and loses nobody's place in the queue.
// Refuses with ErrDropIn, ErrRules, ErrCancelled, ErrOver, ErrNoSeat, ErrGuest and
// member.ErrNotActive.
func (s *Service) SignUp(ctx context.Context, a identity.Actor, gathering uuid.UUID, in SignUp) (Seen, error) {
	who, behalf, err := a.Subject(in.OnBehalf, identity.AnswerPlans)
	if err != nil {
		return Seen{}, err
	}
	in.Guest = strings.Join(strings.Fields(in.Guest), " ")
	if len([]rune(in.Guest)) > 100 || strings.ContainsRune(in.Guest, 0) {
		return Seen{}, ErrGuest.At("/guest")
	}
	err = s.do(ctx, a, gathering, in.OnBehalf, "sign-up", func(ctx context.Context, x *act) error {
		if err := x.open(); err != nil {
			return err
		}
		if x.g.DropIn {
			return ErrDropIn
		}
		if x.g.GroundRules != "" && !in.RulesRead {
			return ErrRules.At("/rules_read")
		}
		m, err := member.ByID(ctx, x.tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		if m.Status != member.Active {
			return member.ErrNotActive.With("who", m.Called)
		}
		return s.seat(ctx, x, who, behalf, in.Guest)
	})
	if err != nil {
		return Seen{}, err
	}
	return s.One(ctx, a, gathering)
}

// seat writes the rows of a party of one or two.
func (s *Service) seat(ctx context.Context, x *act, who uuid.UUID, behalf *uuid.UUID, guest string) error {
	rows, err := partsOf(ctx, x.tx, x.g.BankID, x.g.ID)
	if err != nil {
		return err
	}
	mine, had := of(rows, who)
	theirs, hadGuest := guestOf(rows, who)
	if !had {
		mine = Part{BankID: x.g.BankID, ID: id.New(), GatheringID: x.g.ID, MemberID: &who, Part: Comes, State: Off}
	}
	fresh := mine.State == Off
	left := free(x.g.Capacity, parties(rows))
	size := 0
	if mine.Part == Comes && fresh {
		size++
	}
	if guest != "" && (!hadGuest || theirs.State == Off) {
		size++
	}
	switch {
	case fresh:
		mine.AskedAt, mine.State = x.now, Waiting
		if size <= left { // whoever waits needs more than there is, or they would be in
			mine.State = Coming
		}
	case mine.State == Coming && size > left:
		return ErrNoSeat.At("/guest")
	}
	if err := keep(ctx, x.tx, mine); err != nil {
		return err
	}
	if guest != "" || hadGuest {
		if !hadGuest {
			theirs = Part{BankID: x.g.BankID, ID: id.New(), GatheringID: x.g.ID, BroughtBy: &who, Part: Comes}
		}
		theirs.Guest, theirs.State, theirs.AskedAt = guest, mine.State, mine.AskedAt
		if guest == "" {
			theirs.State = Off
		}
		if err := named(keep(ctx, x.tx, theirs)); err != nil {
			return err
		}
	}
	if fresh && behalf == nil {
		if err := s.tell(ctx, x, mine, TellPlace, x.now.Format(time.RFC3339Nano)); err != nil {
			return err
		}
	}
	return s.fill(ctx, x) // a guest who stays at home leaves a place
}

// named says that a guest's name is on the register already.
func named(err error) error {
	if err != nil && db.Violated(err, "gathering_part_guest") {
		return ErrGuest.At("/guest")
	}
	return err
}

func guestOf(rows []Part, who uuid.UUID) (Part, bool) {
	for _, p := range rows {
		if p.BroughtBy != nil && *p.BroughtBy == who {
			return p, true
		}
	}
	return Part{}, false
}

// NotComing gives a place back, and the guest's; who waits longest has it. Saying
// it twice is fine. Refuses with ErrCancelled and ErrOver.
func (s *Service) NotComing(ctx context.Context, a identity.Actor, gathering uuid.UUID, by identity.OnBehalf) (Seen, error) {
	who, _, err := a.Subject(by, identity.AnswerPlans)
	if err != nil {
		return Seen{}, err
	}
	err = s.do(ctx, a, gathering, by, "not-coming", func(ctx context.Context, x *act) error {
		if err := x.open(); err != nil {
			return err
		}
		return s.drop(ctx, x, who)
	})
	if err != nil {
		return Seen{}, err
	}
	return s.One(ctx, a, gathering)
}

func (s *Service) drop(ctx context.Context, x *act, who uuid.UUID) error {
	rows, err := partsOf(ctx, x.tx, x.g.BankID, x.g.ID)
	if err != nil {
		return err
	}
	for _, p := range rows {
		if !(p.MemberID != nil && *p.MemberID == who || p.BroughtBy != nil && *p.BroughtBy == who) {
			continue
		}
		p.State, p.Guest = Off, ""
		if err := keep(ctx, x.tx, p); err != nil {
			return err
		}
		if err := desk.Finish(ctx, x.tx, x.g.BankID, p.ID, x.a.Person, x.now, desk.RingToRemind, desk.RingToTell); err != nil {
			return err
		}
	}
	return s.fill(ctx, x)
}

// fill lets the next ones in from the waiting list and tells them.
func (s *Service) fill(ctx context.Context, x *act) error {
	rows, err := partsOf(ctx, x.tx, x.g.BankID, x.g.ID)
	if err != nil {
		return err
	}
	for _, who := range moveUp(x.g.Capacity, parties(rows)) {
		mine, _ := of(rows, who)
		mine.State = Coming
		if err := keep(ctx, x.tx, mine); err != nil {
			return err
		}
		if theirs, ok := guestOf(rows, who); ok && theirs.State == Waiting {
			theirs.State = Coming
			if err := keep(ctx, x.tx, theirs); err != nil {
				return err
			}
		}
		if err := s.tell(ctx, x, mine, TellMovedUp, mine.AskedAt.Format(time.RFC3339Nano)); err != nil {
			return err
		}
	}
	return nil
}

// Leaves gives back the places of a member who leaves the bank, and forgets whom
// they brought. Where they were stays, like help that was given.
func (s *Service) Leaves(ctx context.Context, tx bun.IDB, a identity.Actor, who uuid.UUID) error {
	now := s.Clock.Now()
	var ids []uuid.UUID
	err := tx.NewSelect().Model((*Part)(nil)).ColumnExpr("distinct gathering_id").Where("bank_id = ?", a.Bank.ID).
		Where("member_id = ? or brought_by = ?", who, who).Where("state in ('coming', 'waiting')").OrderExpr("gathering_id").Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("find places: %w", err)
	}
	for _, gathering := range ids {
		g, err := lock(ctx, tx, a.Bank.ID, gathering)
		if err != nil {
			return err
		}
		x := &act{tx: tx, a: a, g: g, now: now}
		if x.open() != nil {
			continue
		}
		if err := s.drop(ctx, x, who); err != nil {
			return err
		}
	}
	_, err = tx.NewUpdate().Model((*Part)(nil)).Set("guest = ''").Where("bank_id = ?", a.Bank.ID).Where("brought_by = ?", who).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget guests: %w", err)
	}
	return nil
}

// Upcoming is a gathering of a member that lies ahead.
type Upcoming struct {
	ID       uuid.UUID
	Title    string
	StartsAt time.Time
	Waits    bool // on the waiting list
}

// Next is the gatherings that a member has a place at or waits for, soonest first:
// what the first page shows among what comes next.
func (s *Service) Next(ctx context.Context, tx bun.IDB, bank, who uuid.UUID) ([]Upcoming, error) {
	var out []Upcoming
	err := tx.NewSelect().TableExpr("gathering as g").Join("join gathering_part p on p.bank_id = g.bank_id and p.gathering_id = g.id and p.member_id = ?", who).
		ColumnExpr("g.id, g.title, g.starts_at, p.state = ? as waits", Waiting).
		Where("g.bank_id = ?", bank).Where("g.state = ?", Planned).Where("g.ends_at > ?", s.Clock.Now()).Where("p.state in (?, ?)", Coming, Waiting).
		Order("g.starts_at", "g.id").Limit(5).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list places: %w", err)
	}
	return out, nil
}

var errLong = fault.New(fault.Invalid, "too-long", "This is too long. Say it in fewer words.")

func aReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return "", ErrReason.At("/reason")
	case len([]rune(reason)) > 300:
		return "", errLong.At("/reason")
	}
	return reason, nil
}
