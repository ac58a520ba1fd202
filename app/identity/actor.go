package identity

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"timebank/app/bank"
	"timebank/app/platform/fault"
)

// Actor is who makes a request, in the bank of the request's address.
type Actor struct {
	Person       uuid.UUID
	Session      uuid.UUID
	Called       string
	Bank         bank.Bank
	Roles        []Role
	Member       uuid.UUID // their membership of Bank; nil when they have none
	Organisation uuid.UUID // the surgery they refer for; nil when none
	StandsFor    []Standing
	granted      []string // a program's permissions; none for people
}

// Standing is one member for whom somebody may act, and how far.
type Standing struct {
	Member       uuid.UUID
	Called       string
	Organisation bool
	May          []string // ReadDiary, AskHelp …
}

// standing tells whether the actor acts for a member by a standing that goes so far.
func (a Actor) standing(member uuid.UUID, limit string) bool {
	return slices.ContainsFunc(a.StandsFor, func(s Standing) bool { return s.Member == member && slices.Contains(s.May, limit) })
}

// Can tells whether the actor may do this with a member's things: they are their
// own, the actor works the desk, or the member lets the actor do it.
func (a Actor) Can(member uuid.UUID, limit string) bool {
	return member == a.Member || a.May(WorkDesk) || a.standing(member, limit)
}

// As is the first of these members as whom the actor has a part in something: the
// actor's own membership, or one they stand in for. Else the actor's own.
func (a Actor) As(members ...uuid.UUID) uuid.UUID {
	if !slices.Contains(members, a.Member) {
		for _, s := range a.StandsFor {
			if slices.Contains(members, s.Member) {
				return s.Member
			}
		}
	}
	return a.Member
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

// ByStanding is the consent of what is done by somebody who may do it until the
// member ends it.
const ByStanding = "standing"

// OnBehalf is how a request says that it is made for somebody else. Brokers may
// do everything a member may; how the member agreed is kept beside it. A stand-in
// needs no consent each time, and may do what the member lets them.
type OnBehalf struct {
	For     *uuid.UUID `json:"for_member,omitempty" doc:"Member this is done for; brokers, and people who stand in for a member"`
	Consent string     `json:"consent,omitempty" enum:"phone,paper,in-person" doc:"How the member agreed; brokers need it with for_member"`
}

// Subject is the member a request is about: the actor, or the one they act for,
// as far as limit. onBehalf is nil for oneself. Refuses with ErrNotAllowed when a
// member tries to act for another, ErrConsent when it is not said how they
// agreed, and ErrNoMembership when there is nobody to act as.
func (a Actor) Subject(o OnBehalf, limit string) (member uuid.UUID, onBehalf *uuid.UUID, err error) {
	switch {
	case o.For == nil && a.Member == uuid.Nil:
		return uuid.Nil, nil, ErrNoMembership
	case o.For == nil || *o.For == a.Member:
		return a.Member, nil, nil
	case a.standing(*o.For, limit):
		return *o.For, o.For, nil
	case !a.May(WorkDesk):
		return uuid.Nil, nil, ErrNotAllowed
	case o.Consent == "":
		return uuid.Nil, nil, ErrConsent.At("/consent")
	}
	return *o.For, o.For, nil
}

// Agreed is how the member agreed to what the actor does for them; empty for
// what is done for oneself.
func (a Actor) Agreed(o OnBehalf, limit string) string {
	if o.For != nil && *o.For != a.Member && o.Consent == "" && a.standing(*o.For, limit) {
		return ByStanding
	}
	return o.Consent
}

type actorKey struct{}

// ActorFrom is the actor whom the gate let in. Handlers read it once and pass it
// on as a value. It panics outside a guarded operation.
func ActorFrom(ctx context.Context) Actor { return ctx.Value(actorKey{}).(Actor) }
