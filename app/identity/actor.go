package identity

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"timebank/app/bank"
	"timebank/app/platform/fault"
)

// Role is what a person is in one bank.
type Role string

// The roles of a bank, and of the surgeries that refer to it.
const (
	Member          Role = "member"
	Broker          Role = "broker"
	Coordinator     Role = "coordinator" // a broker who also sets policy
	Receptionist    Role = "receptionist"
	PracticeManager Role = "practice-manager"
)

// The permissions that operations ask for.
const (
	TakePart = "take-part"     // ask, offer, agree, confirm: as oneself, or for a member where WorkDesk allows it
	WorkDesk = "work-the-desk" // the broker's queue, everybody's record, acting on a member's behalf
	Refer    = "refer"         // hand people over, and see what became of them
	// SetPolicy is what sets a coordinator apart: who is staff, and how the bank works.
	SetPolicy = "set-policy"
)

// permissions is the whole policy: what each role may do.
var permissions = map[Role][]string{
	Member:          {TakePart},
	Broker:          {TakePart, WorkDesk},
	Coordinator:     {TakePart, WorkDesk, SetPolicy},
	Receptionist:    {Refer},
	PracticeManager: {Refer},
}

// Actor is who makes a request, in the bank of the request's address.
type Actor struct {
	Person       uuid.UUID
	Session      uuid.UUID
	Called       string
	Bank         bank.Bank
	Roles        []Role
	Member       uuid.UUID // their membership of Bank; nil when they have none
	Organisation uuid.UUID // the surgery they refer for; nil when none
	granted      []string  // a program's permissions; none for people
}

// SystemPerson stands in journals for work that nobody asked for: cron and jobs.
var SystemPerson = uuid.MustParse("00000000-0000-0000-0000-000000000001")

// System is the actor of such work.
func System(b bank.Bank) Actor { return Actor{Person: SystemPerson, Bank: b} }

// IsSystem tells whether no person stands behind the act.
func (a Actor) IsSystem() bool { return a.Person == SystemPerson }

// May tells whether one of the actor's roles carries the permission.
func (a Actor) May(permission string) bool {
	for _, r := range a.Roles {
		if slices.Contains(permissions[r], permission) {
			return true
		}
	}
	return slices.Contains(a.granted, permission)
}

var (
	// ErrNotAllowed refuses an act that none of the caller's roles carries.
	ErrNotAllowed = fault.New(fault.Forbidden, "not-allowed", "You cannot do this here.")
	// ErrNoMembership refuses acts as oneself to people who are no member of the bank.
	ErrNoMembership = fault.New(fault.Forbidden, "no-membership", "You are not a member of this time bank yourself. Say whom you act for.")
	// ErrConsent refuses acts for a member without saying how they agreed.
	ErrConsent = fault.New(fault.Invalid, "say-how-they-agreed", "Say how they agreed: by phone, on paper or in person.")
)

// OnBehalf is how a request says that it is made for somebody else. Brokers may
// do everything a member may; how the member agreed is kept beside it.
type OnBehalf struct {
	For     *uuid.UUID `json:"for_member,omitempty" doc:"Member this is done for; brokers only"`
	Consent string     `json:"consent,omitempty" enum:"phone,paper,in-person" doc:"How the member agreed; needed with for_member"`
}

// Subject is the member a request is about: the actor, or the one a broker acts
// for. onBehalf is nil for oneself. Refuses with ErrNotAllowed when a member
// tries to act for another, ErrConsent when it is not said how they agreed, and
// ErrNoMembership when there is nobody to act as.
func (a Actor) Subject(o OnBehalf) (member uuid.UUID, onBehalf *uuid.UUID, err error) {
	switch {
	case o.For == nil && a.Member == uuid.Nil:
		return uuid.Nil, nil, ErrNoMembership
	case o.For == nil || *o.For == a.Member:
		return a.Member, nil, nil
	case !a.May(WorkDesk):
		return uuid.Nil, nil, ErrNotAllowed
	case o.Consent == "":
		return uuid.Nil, nil, ErrConsent.At("/consent")
	}
	return *o.For, o.For, nil
}

type actorKey struct{}

// ActorFrom is the actor whom the gate let in. Handlers read it once and pass it
// on as a value. It panics outside a guarded operation.
func ActorFrom(ctx context.Context) Actor { return ctx.Value(actorKey{}).(Actor) }
