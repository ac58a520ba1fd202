package concern

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/fault"
	"timebank/app/platform/seal"
)

// Concern is one worry about somebody.
type Concern struct {
	bun.BaseModel `bun:"table:concern"`

	BankID    uuid.UUID  `bun:"bank_id"`
	ID        uuid.UUID  `bun:"id"`
	Reference string     `bun:"reference"`
	RaisedBy  uuid.UUID  `bun:"raised_by"`
	Sealed    []byte     `bun:"sealed"` // Told
	DueAt     time.Time  `bun:"due_at"` // when somebody must have read it
	ReadAt    *time.Time `bun:"read_at"`
	State     string     `bun:"state"` // open, closed
	RaisedAt  time.Time  `bun:"raised_at"`
	ClosedAt  *time.Time `bun:"closed_at"`
}

// Note is what was done about a concern; rows never change.
type Note struct {
	bun.BaseModel `bun:"table:concern_note"`

	BankID    uuid.UUID `bun:"bank_id"`
	ConcernID uuid.UUID `bun:"concern_id"`
	Seq       int       `bun:"seq"`
	Kind      string    `bun:"kind"` // note, close
	WrittenBy uuid.UUID `bun:"written_by"`
	Sealed    []byte    `bun:"sealed"` // the words
	At        time.Time `bun:"at"`
}

// States of a concern.
const (
	Open   = "open"
	Closed = "closed"
)

// Told is what somebody says who worries.
type Told struct {
	About  string // whom it is about, in any words
	What   string
	Urgent bool // "somebody should look today"
}

// Limits of what is said, in characters.
const (
	aboutLimit = 200
	whatLimit  = 4000
)

var (
	// ErrNoConcern refuses one that does not exist.
	ErrNoConcern = fault.New(fault.NotFound, "no-such-concern", "We cannot find this.")
	// ErrClosed refuses to add to what is closed.
	ErrClosed = fault.New(fault.Conflict, "concern-closed", "This is closed. If there is something new, raise it again.")
	// ErrWords refuses a note without words, and closing without saying what was done.
	ErrWords = fault.New(fault.Invalid, "say-what-was-done", "Write down what was done.")
)

func (t Told) clean() (Told, error) {
	var c fault.Check
	t.About, t.What = strings.TrimSpace(t.About), strings.TrimSpace(t.What)
	n := len([]rune(t.About))
	c.Add(n >= 2, "/about", "needed", "Say who you are worried about. A first name or where you met is enough.")
	c.Add(n <= aboutLimit, "/about", "too-long", "Write at most {n} characters.", "n", aboutLimit)
	n = len([]rune(t.What))
	c.Add(n >= 3, "/what", "needed", "Say what worries you.")
	c.Add(n <= whatLimit, "/what", "too-long", "Write at most {n} characters.", "n", whatLimit)
	return t, c.Err()
}

func (c Concern) place() seal.Place { return seal.Place{Column: "concern.sealed", Row: c.ID} }

// place binds a note's words to its concern and number.
func (n Note) place() seal.Place {
	return seal.Place{Column: "concern_note.sealed", Row: uuid.NewSHA1(n.ConcernID, []byte{byte(n.Seq >> 8), byte(n.Seq)})}
}
