package member

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/fault"
)

// Member is a person's membership of one bank.
type Member struct {
	bun.BaseModel `bun:"table:member"`

	BankID    uuid.UUID  `bun:"bank_id"`
	ID        uuid.UUID  `bun:"id"`
	PersonID  uuid.UUID  `bun:"person_id"`
	Reference string     `bun:"reference"`
	Name      string     `bun:"name"`
	Called    string     `bun:"called"`
	Status    string     `bun:"status"`
	Stage     string     `bun:"stage"`
	Area      string     `bun:"area"`
	Phone     *string    `bun:"phone"`
	ReachBy   string     `bun:"reach_by"` // email, phone, post, someone
	ReachNote string     `bun:"reach_note"`
	Needs     string     `bun:"needs"`
	FreeSlots int        `bun:"free_slots"`
	AccountID uuid.UUID  `bun:"account_id"`
	JoinedOn  time.Time  `bun:"joined_on,type:date"`
	SeenAt    *time.Time `bun:"seen_at"`
	CreatedAt time.Time  `bun:"created_at"`
	ImportKey *string    `bun:"import_key"`

	Organisation bool `bun:"organisation"` // no person: people act for it
}

// Statuses of a membership.
const (
	Active = "active"
	Paused = "paused"
	Left   = "left"
)

// Trust stages. A new member has been met; brokers move people on.
const (
	Met         = "met"
	Grouped     = "grouped"
	Accompanied = "accompanied"
	Independent = "independent"
)

// Ways to reach a member.
const (
	ByEmail   = "email"
	ByPhone   = "phone"
	ByPost    = "post"
	BySomeone = "someone"
)

var (
	// ErrNoMember refuses a member who does not exist in this bank.
	ErrNoMember = fault.New(fault.NotFound, "no-such-member", "We do not know this member.")
	// ErrNotActive refuses to plan with somebody who is paused or has left.
	ErrNotActive = fault.New(fault.Conflict, "not-active", "{who} is taking a break from the time bank.")
	// ErrAlreadyMember refuses a second membership of the same person.
	ErrAlreadyMember = fault.New(fault.Conflict, "already-member", "This person is a member already.")
)

// Slots: 21 half days, Monday morning first. Bit 3·day+part is set when free.
const (
	Morning = iota
	Afternoon
	Evening
)

// FreeAt tells whether mask has the half day in which local falls. An empty mask
// tells nothing and counts as free.
func FreeAt(mask int, local time.Time) bool {
	if mask == 0 {
		return true
	}
	day := (int(local.Weekday()) + 6) % 7
	part := Morning
	switch {
	case local.Hour() >= 18:
		part = Evening
	case local.Hour() >= 12:
		part = Afternoon
	}
	return mask&(1<<(3*day+part)) != 0
}
