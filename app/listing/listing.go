package listing

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/fault"
)

// Listing is an offer or a request.
type Listing struct {
	bun.BaseModel `bun:"table:listing"`

	BankID    uuid.UUID `bun:"bank_id"`
	ID        uuid.UUID `bun:"id"`
	MemberID  uuid.UUID `bun:"member_id"`
	Type      string    `bun:"type"` // offer, request
	Kind      string    `bun:"kind"` // directory.kind
	Note      string    `bun:"note"`
	Timing    string    `bun:"timing"`              // today, this-week, no-hurry
	Place     string    `bun:"place"`               // home, out, phone, online, either
	Far       string    `bun:"far"`                 // how far the member goes for it: street, area, anywhere, open
	Days      []string  `bun:"days,array,nullzero"` // certain days, 2026-11-24, in order; none: any
	State     string    `bun:"state"`
	CreatedBy uuid.UUID `bun:"created_by"`
	CreatedAt time.Time `bun:"created_at"`
	ExpiresOn time.Time `bun:"expires_on,type:date"`
	ImportKey *string   `bun:"import_key"`
	Photos    int       `bun:"photos"` // how many it has
}

// Types of listing.
const (
	Offer   = "offer"
	Request = "request"
)

// States of a listing.
const (
	Open      = "open"
	Matched   = "matched"   // an exchange is proposed or agreed for it
	Met       = "met"       // the help was given
	Withdrawn = "withdrawn" // by the member
	Expired   = "expired"   // its day came; its owner can put it back
)

// How far the member of a listing goes for it. Places are known as areas, so a street
// is a part of one that only people can judge.
const (
	FarStreet   = "street"
	FarArea     = "area"
	FarAnywhere = "anywhere"
	FarOpen     = "open" // not said
)

// Stays tells whether its member goes no further than their own area for it. On the
// phone and on a video call nobody goes anywhere.
func (l Listing) Stays() bool {
	return (l.Far == FarStreet || l.Far == FarArea) && !l.Afar()
}

// Afar tells whether it is done without meeting.
func (l Listing) Afar() bool { return l.Place == "phone" || l.Place == "online" }

// Days a listing lives. A request that nobody met in a season is asked again.
const (
	offerDays   = 365
	requestDays = 90
)

// NoteLimit is how many characters a note may have.
const NoteLimit = 1000

var (
	// ErrNoListing refuses a listing that does not exist or is another's to know.
	ErrNoListing = fault.New(fault.NotFound, "no-such-listing", "This is not on the list any more.")
	// ErrNotOpen refuses to change what is no longer open.
	ErrNotOpen = fault.New(fault.Conflict, "not-open", "This is not open any more. Somebody may be helping already.")
	// ErrKind refuses a kind of help that is not in the list of kinds.
	ErrKind = fault.New(fault.Invalid, "unknown-kind", "Choose a kind of help from the list.")
)

// never is the day on which an offer ends in a bank where offers stay.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// expiry is the last day of a listing that is made, or wanted again, today: the last
// of its days, where it has some.
func expiry(kind string, days []string, b bank.Bank, today time.Time) time.Time {
	if len(days) > 0 {
		if last, err := time.Parse(time.DateOnly, days[len(days)-1]); err == nil {
			return last
		}
	}
	switch {
	case kind == Offer && b.OffersStay:
		return never
	case kind == Offer:
		return today.AddDate(0, 0, offerDays)
	}
	return today.AddDate(0, 0, requestDays)
}

// noticeDays before it ends a listing's owner is asked whether to keep it.
const noticeDays = 7

// ending tells whether a listing ends soon, so that keeping it is offered.
func ending(l Listing, today time.Time) bool {
	return l.State == Expired || (l.State == Open && len(l.Days) == 0 && !l.ExpiresOn.After(today.AddDate(0, 0, noticeDays)))
}

// due is when a broker should have found somebody.
func due(timing string, now time.Time, workingDays func(time.Time, int) time.Time) time.Time {
	switch timing {
	case "today":
		return workingDays(now, 0).Add(2 * time.Hour) // asked at night, it is a matter of the morning
	case "this-week":
		return workingDays(now, 1)
	}
	return workingDays(now, 3)
}
