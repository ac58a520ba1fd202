package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
)

// Task is one thing a broker must do.
type Task struct {
	bun.BaseModel `bun:"table:task"`

	BankID      uuid.UUID  `bun:"bank_id"`
	ID          uuid.UUID  `bun:"id"`
	Kind        string     `bun:"kind"`
	SubjectKind string     `bun:"subject_kind"`
	SubjectID   uuid.UUID  `bun:"subject_id"`
	OwnerID     *uuid.UUID `bun:"owner_id"` // nil: the team's inbox
	DueAt       time.Time  `bun:"due_at"`
	CreatedAt   time.Time  `bun:"created_at"`
	EscalatedAt *time.Time `bun:"escalated_at"`
	DoneAt      *time.Time `bun:"done_at"`
	DoneBy      *uuid.UUID `bun:"done_by"`
}

// The kinds of task. Each names what has to be done, not what has happened.
const (
	FindHelper        = "find-helper"         // a request is open
	RingToAsk         = "ring-to-ask"         // a helper without a device has to be asked
	RingToConfirm     = "ring-to-confirm"     // hours wait for the word of somebody without a device
	RingToRemind      = "ring-to-remind"      // tomorrow's meeting, for somebody without e-mail
	AnswerPotAsk      = "answer-pot-ask"      // a member asks the community pot for hours
	RingToTell        = "ring-to-tell"        // agreed, called off or put right, and somebody without e-mail should know
	RingToRead        = "ring-to-read"        // somebody without e-mail was written to
	RingToRenew       = "ring-to-renew"       // an offer or request of somebody without e-mail is about to end
	LookIntoComplaint = "look-into-complaint" // a member told us about another
	MessageFailed     = "message-failed"      // what we wrote did not arrive
	SettleDispute     = "settle-dispute"      // the two sides tell different hours
	BelowSoftFloor    = "below-soft-floor"    // somebody has had a lot more than they gave
	AnswerReferral    = "answer-referral"     // a surgery handed somebody over
	RingReferred      = "ring-referred"       // the next call to somebody referred is due
	ReferralOverdue   = "referral-overdue"    // a clock of a referral has run out
	SafetyCall        = "safety-call"         // the surgery asks to be rung about safety
	GiveNotes         = "give-notes"          // a member wants what staff wrote about them
	AnswerApplication = "answer-application"  // somebody wants to join
	CheckBooks        = "check-books"         // the nightly proof found hours that do not add up
	CloseReferral     = "close-referral"      // the member has left, and the referral is still open
)

// Subjects of tasks.
const (
	OfRequest     = "request"
	OfExchange    = "exchange"
	OfListing     = "listing"
	OfMember      = "member"
	OfMessage     = "message"
	OfComplaint   = "complaint"
	OfReferral    = "referral"
	OfApplication = "application"
	OfGift        = "gift"
	OfPotAsk      = "pot-ask"
	OfSignUp      = "sign-up"  // to a gathering
	OfNotes       = "notes"    // of staff, about the member with this id
	OfAct         = "act"      // an entry of the journal, on somebody's behalf
	OfBooks       = "books"    // the bank's ledger; the subject is the bank
	OfStanding    = "standing" // somebody who acts for a member
	OfNewMember   = "new-member"
	OfDigest      = "digest" // what is new for a member
)

// ErrNoTask refuses a task that does not exist.
var ErrNoTask = fault.New(fault.NotFound, "no-such-task", "This task does not exist any more.")

// Raise adds a task unless one of its kind is open for its subject; then that one
// keeps its owner and gets the earlier of both due times.
func Raise(ctx context.Context, tx bun.IDB, t Task) error {
	t.ID = id.New()
	_, err := tx.NewInsert().Model(&t).
		On("conflict (bank_id, kind, subject_id) where done_at is null do update").
		Set("due_at = least(task.due_at, excluded.due_at)").
		Set("owner_id = coalesce(task.owner_id, excluded.owner_id)").Returning("NULL").Exec(db.Later(ctx))
	if err != nil {
		return fmt.Errorf("raise %s: %w", t.Kind, err)
	}
	return nil
}

// Finish closes the open tasks of these kinds for a subject; none is fine. by is
// the person whose act made them superfluous, or identity.SystemPerson.
func Finish(ctx context.Context, tx bun.IDB, bank, subject, by uuid.UUID, now time.Time, kinds ...string) error {
	_, err := tx.NewUpdate().Model((*Task)(nil)).Set("done_at = ?", now).Set("done_by = ?", by).
		Where("bank_id = ?", bank).Where("subject_id = ?", subject).Where("kind in (?)", bun.List(kinds)).
		Where("done_at is null").Exec(db.Later(ctx))
	if err != nil {
		return fmt.Errorf("finish tasks: %w", err)
	}
	return nil
}
