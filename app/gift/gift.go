package gift

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/fault"
)

// Gift is hours that one member gives to another or to the pot.
type Gift struct {
	bun.BaseModel `bun:"table:gift"`

	BankID     uuid.UUID  `bun:"bank_id"`
	ID         uuid.UUID  `bun:"id"`
	FromID     uuid.UUID  `bun:"from_id"`
	ToID       *uuid.UUID `bun:"to_id"` // nil: the pot
	Minutes    int64      `bun:"minutes"`
	Words      string     `bun:"words"`
	State      string     `bun:"state"`
	HoldID     *uuid.UUID `bun:"hold_id"`
	TransferID *uuid.UUID `bun:"transfer_id"`
	AnswerBy   *time.Time `bun:"answer_by,type:date"`
	CreatedAt  time.Time  `bun:"created_at"`
	EndedAt    *time.Time `bun:"ended_at"`
}

// Ask is what a member asks the pot for.
type Ask struct {
	bun.BaseModel `bun:"table:pot_ask"`

	BankID     uuid.UUID  `bun:"bank_id"`
	ID         uuid.UUID  `bun:"id"`
	MemberID   uuid.UUID  `bun:"member_id"`
	Minutes    int64      `bun:"minutes"`
	Reason     string     `bun:"reason"`
	State      string     `bun:"state"`
	Granted    *int64     `bun:"granted"`
	Answer     string     `bun:"answer"`
	DecidedBy  *uuid.UUID `bun:"decided_by"`
	DecidedAt  *time.Time `bun:"decided_at"`
	TransferID *uuid.UUID `bun:"transfer_id"`
	CreatedAt  time.Time  `bun:"created_at"`
}

// States of gifts and asks.
const (
	Offered   = "offered"
	Accepted  = "accepted"
	Declined  = "declined"
	Expired   = "expired"
	TakenBack = "taken-back"
	Waiting   = "waiting"
	Granted   = "granted"
)

// answerDays is how long a neighbour has to answer.
const answerDays = 14

// The refusals of this slice.
var (
	ErrNoGift   = fault.New(fault.NotFound, "no-such-gift", "We do not know this gift.")
	ErrNoAsk    = fault.New(fault.NotFound, "no-such-ask", "We do not know this question to the pot.")
	ErrTooFew   = fault.New(fault.Conflict, "too-few-to-give", "You have {have} to give. Choose less, or wait until you have more.")
	ErrAnswered = fault.New(fault.Conflict, "gift-answered", "This gift was answered before.")
	ErrDecided  = fault.New(fault.Conflict, "ask-answered", "This was answered before.")
	ErrAsking   = fault.New(fault.Conflict, "asks-already", "You have asked the pot already, and we will answer soon.")
	ErrMinutes  = fault.New(fault.Invalid, "choose-how-long", "Choose how long, in quarter hours, up to 12 hours.")
	ErrWho      = fault.New(fault.Invalid, "neighbour", "Choose a neighbour who is a member, or the pot.")
	ErrWords    = fault.New(fault.Invalid, "say-why", "Say it in a few words.")
	ErrLong     = fault.New(fault.Invalid, "too-long", "This is too long. Say it in fewer words.")
	ErrPotShort = fault.New(fault.Conflict, "pot-short", "The community pot has {have} at the moment.")
)

func checkMinutes(minutes int64) error {
	if minutes < 15 || minutes > 12*60 || minutes%15 != 0 {
		return ErrMinutes.At("/minutes")
	}
	return nil
}

// clean trims words and refuses what is too long or no text.
func clean(words, at string, most int) (string, error) {
	words = strings.TrimSpace(words)
	if len([]rune(words)) > most || strings.ContainsRune(words, 0) {
		return "", ErrLong.At(at)
	}
	return words, nil
}
