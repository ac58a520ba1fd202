package exchange

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Exchange is one piece of help between two members.
type Exchange struct {
	bun.BaseModel `bun:"table:exchange"`

	BankID     uuid.UUID  `bun:"bank_id"`
	ID         uuid.UUID  `bun:"id"`
	ListingID  *uuid.UUID `bun:"listing_id"`
	Kind       string     `bun:"kind"`
	HelperID   uuid.UUID  `bun:"helper_id"` // gave the time
	HelpedID   uuid.UUID  `bun:"helped_id"` // received it
	State      State      `bun:"state"`
	StartsAt   *time.Time `bun:"starts_at"`
	Place      string     `bun:"place"`
	Note       string     `bun:"note"`
	HelperSaid string     `bun:"helper_said"` // to the proposal: waiting, yes, no
	HelpedSaid string     `bun:"helped_said"`
	Minutes    *int64     `bun:"minutes"`
	HappenedOn *time.Time `bun:"happened_on,type:date"`
	DoneBy     *uuid.UUID `bun:"done_by"` // the member whose word it is
	DoneAt     *time.Time `bun:"done_at"`
	SettlesOn  *time.Time `bun:"settles_on,type:date"` // silence settles it on this day
	TransferID *uuid.UUID `bun:"transfer_id"`
	// ArrangementID is set where two meet regularly; NewStartsAt is another time that
	// the member NewBy has suggested.
	ArrangementID *uuid.UUID `bun:"arrangement_id"`
	NewStartsAt   *time.Time `bun:"new_starts_at"`
	NewBy         *uuid.UUID `bun:"new_by"`
	AskedAt       *time.Time `bun:"asked_at"` // when the present proposal was made; nil: with the exchange
	Thanks        string     `bun:"thanks"`   // by the helped, after it
	Version       int        `bun:"version"`
	CreatedAt     time.Time  `bun:"created_at"`
	ImportKey     *string    `bun:"import_key"`
}

// Event is one move of an exchange; the rows are its history and never change.
type Event struct {
	bun.BaseModel `bun:"table:exchange_event"`

	BankID     uuid.UUID  `bun:"bank_id"`
	ExchangeID uuid.UUID  `bun:"exchange_id"`
	Seq        int        `bun:"seq"`
	From       State      `bun:"from_state"`
	To         State      `bun:"to_state"`
	ActorID    uuid.UUID  `bun:"actor_id"`
	ActedAs    Side       `bun:"acted_as"`
	OnBehalfOf *uuid.UUID `bun:"on_behalf_of"`
	Consent    *string    `bun:"consent"` // how they agreed: phone, paper, in-person, standing
	Minutes    *int64     `bun:"minutes"`
	Reason     string     `bun:"reason"`
	At         time.Time  `bun:"at"`
	Noted      bool       `bun:"-"` // told although the state stays: another time
}

// settleKey is the ledger's idempotency key: one exchange, one payment.
func settleKey(id uuid.UUID) string { return "exchange/" + id.String() }
