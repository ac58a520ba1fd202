package bank

import (
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/fault"
	"timebank/app/platform/words"
)

// Bank is one community with its own members, brokers, policies and ledger.
type Bank struct {
	bun.BaseModel `bun:"table:directory.bank"`

	ID           uuid.UUID `bun:"id,pk"`
	Slug         string    `bun:"slug"` // in addresses: "hilltop"
	Name         string    `bun:"name"`
	Zone         string    `bun:"zone"`   // IANA name; all its days are counted there
	Nation       string    `bun:"nation"` // whose bank holidays count
	Phone        string    `bun:"phone"`
	PhoneHours   string    `bun:"phone_hours"` // when it is answered, in English
	Email        string    `bun:"email"`
	Accent       string    `bun:"accent"`        // its colour on screens, as #rrggbb
	ConfirmDays  int       `bun:"confirm_days"`  // silence settles an exchange after so many days
	FloorMinutes int64     `bun:"floor_minutes"` // hard floor of a new member's account
	SoftMinutes  int64     `bun:"soft_minutes"`  // below it a broker is told; nothing is blocked
	OffersStay   bool      `bun:"offers_stay"`   // offers stay until they are taken off
	PotAccount   uuid.UUID `bun:"pot_account"`
	IssueAccount uuid.UUID `bun:"issue_account"`
	CreatedAt    time.Time `bun:"created_at"`

	PhoneHoursIn map[words.Language]string `bun:"phone_hours_in,type:jsonb,nullzero"` // the same in other languages, where the bank has said it
}

// ErrNoBank refuses an address whose bank does not exist.
var ErrNoBank = fault.New(fault.NotFound, "no-such-bank", "There is no time bank at this address.")

// Hours says when the phone is answered to a reader of l, and the language it is in:
// English where the bank has not said it in theirs.
func (b Bank) Hours(l words.Language) (string, words.Language) {
	if said := b.PhoneHoursIn[l]; said != "" {
		return said, l
	}
	return b.PhoneHours, words.English
}

// Location is the bank's own time zone. An unknown name counts as UTC; Create
// refuses those, so it cannot be seen in practice.
func (b Bank) Location() *time.Location {
	if loc, ok := zones.Load(b.Zone); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(b.Zone)
	if err != nil {
		return time.UTC
	}
	zones.Store(b.Zone, loc)
	return loc
}

// zones keeps the time zones that were read: each comes from a file, and a request
// asks for its bank's several times.
var zones sync.Map

// Today is the calendar day at t in the bank's zone, as midnight UTC of that
// date: the form in which dates are stored.
func (b Bank) Today(t time.Time) time.Time {
	y, m, d := t.In(b.Location()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
