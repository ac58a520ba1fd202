package referral

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/fault"
	"timebank/app/platform/seal"
)

// Referral is one person handed over with their agreement.
type Referral struct {
	bun.BaseModel `bun:"table:referral"`

	BankID         uuid.UUID  `bun:"bank_id"`
	ID             uuid.UUID  `bun:"id"`
	Reference      string     `bun:"reference"`
	OrganisationID uuid.UUID  `bun:"organisation_id"`
	ReferrerID     uuid.UUID  `bun:"referrer_id"`
	State          State      `bun:"state"`
	Sealed         []byte     `bun:"sealed"`   // Told
	KeyHash        []byte     `bun:"key_hash"` // blind: finds the same person referred twice
	Agreement      string     `bun:"agreement"`
	Wording        string     `bun:"wording"`
	OwnerID        *uuid.UUID `bun:"owner_id"` // nil: the team's inbox
	DueAt          *time.Time `bun:"due_at"`   // what is next due; nil when closed
	CallFirst      bool       `bun:"call_first"`
	ConversationAt *time.Time `bun:"conversation_at"`
	ResumeOn       *time.Time `bun:"resume_on,type:date"`
	ResumeState    *State     `bun:"resume_state"`
	Outcome        *string    `bun:"outcome"`
	MemberID       *uuid.UUID `bun:"member_id"`
	Version        int        `bun:"version"`
	SubmittedAt    time.Time  `bun:"submitted_at"`
	ClosedAt       *time.Time `bun:"closed_at"`
}

func (r Referral) place() seal.Place { return seal.Place{Column: "referral.sealed", Row: r.ID} }

// Event is one thing that happened to a referral; rows are never changed.
type Event struct {
	bun.BaseModel `bun:"table:referral_event"`

	BankID     uuid.UUID  `bun:"bank_id"`
	ReferralID uuid.UUID  `bun:"referral_id"`
	Seq        int        `bun:"seq"`
	Kind       string     `bun:"kind"` // move, attempt, note, escalation
	From       State      `bun:"from_state"`
	To         State      `bun:"to_state"`
	ActorID    uuid.UUID  `bun:"actor_id"`
	ActedAs    By         `bun:"acted_as"`
	Channel    *string    `bun:"channel"`
	Result     *string    `bun:"result"`
	Reason     string     `bun:"reason"` // a code
	Sealed     []byte     `bun:"sealed"` // Said
	At         time.Time  `bun:"at"`
	HappenedAt *time.Time `bun:"happened_at"`
}

// place of an event's sealed words: its row has no id of its own, so one is made
// from the referral's and the number.
func (e Event) place() seal.Place {
	return seal.Place{Column: "referral_event.sealed", Row: uuid.NewSHA1(e.ReferralID, binary.BigEndian.AppendUint32(nil, uint32(e.Seq)))}
}

// Said is what an event keeps in words.
type Said struct {
	Note        string `json:"note,omitempty"`        // a broker's note, a question, an answer
	Alternative string `json:"alternative,omitempty"` // where somebody was handed on to
}

// Permission is one row of what the person allows; the newest counts.
type Permission struct {
	bun.BaseModel `bun:"table:referral_permission"`

	BankID     uuid.UUID `bun:"bank_id"`
	ReferralID uuid.UUID `bun:"referral_id"`
	Permission string    `bun:"permission"`
	Seq        int       `bun:"seq"`
	Given      bool      `bun:"given"`
	How        string    `bun:"how"` // phone, paper, in-person, referrer
	Wording    string    `bun:"wording"`
	RecordedBy uuid.UUID `bun:"recorded_by"`
	At         time.Time `bun:"at"`
}

// The three permissions, each apart.
const (
	ContactMe    = "contact-me"
	TellJoined   = "tell-joined"
	TellProgress = "tell-progress"
)

// wordings are the versions of the words in which each permission is asked now.
// Change the version together with the words.
var wordings = map[string]string{ContactMe: "contact-me/1", TellJoined: "tell-joined/1", TellProgress: "tell-progress/1"}

// Organisation is who refers: a surgery, mostly.
type Organisation struct {
	bun.BaseModel `bun:"table:organisation"`

	BankID       uuid.UUID  `bun:"bank_id"`
	ID           uuid.UUID  `bun:"id"`
	Name         string     `bun:"name"`
	Kind         string     `bun:"kind"`
	ODSCode      *string    `bun:"ods_code"`
	Phone        *string    `bun:"phone"`
	AgreementRef *string    `bun:"agreement_ref"` // the sharing agreement that lets them refer by form
	AgreedOn     *time.Time `bun:"agreed_on,type:date"`
	ReviewOn     *time.Time `bun:"review_on,type:date"`
	CreatedAt    time.Time  `bun:"created_at"`
}

// ErrNoAgreement refuses a form from a surgery whose sharing agreement is not
// recorded, not begun or due for review. Cards need none.
var ErrNoAgreement = fault.New(fault.Forbidden, "no-agreement", "Your sharing agreement with us is not in place or its review is due, so we may not take details yet. Please hand over a calling card: it needs no agreement.")

// inDate tells whether the sharing agreement holds on the bank's day of now.
func (o Organisation) inDate(b bank.Bank, now time.Time) bool {
	today := b.Today(now)
	return o.AgreementRef != nil && *o.AgreementRef != "" && o.AgreedOn != nil && !o.AgreedOn.After(today) &&
		o.ReviewOn != nil && !o.ReviewOn.Before(today)
}
