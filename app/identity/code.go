package identity

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/fault"
)

// Rules of sign-in codes.
const (
	codeDigits = 6
	codeLife   = 10 * time.Minute
	codeTries  = 5 // a wrong sixth is not looked at: the code is dead
	// A code that is read out is bound to no browser: five tries from one network,
	// so that a stranger does not use up those of the person on the phone.
	readOutTries = 50
)

// Code is a sign-in code that was made for a person. Only its keyed hash is
// kept; the digits stay, sealed, until the message with them has left.
type Code struct {
	bun.BaseModel `bun:"table:directory.sign_in_code"`

	ID        uuid.UUID  `bun:"id,pk"`
	PersonID  uuid.UUID  `bun:"person_id"`
	Hash      []byte     `bun:"hash"`
	Sealed    []byte     `bun:"sealed"`
	Channel   string     `bun:"channel"` // email, sms, read-out
	MadeBy    *uuid.UUID `bun:"made_by"`
	Asked     []byte     `bun:"asked"` // of the browser that asked; none: read out
	CreatedAt time.Time  `bun:"created_at"`
	ExpiresAt time.Time  `bun:"expires_at"`
	Tries     int        `bun:"tries"`
	UsedAt    *time.Time `bun:"used_at"`
}

// ErrCode refuses a code that is wrong, used, too old or worn out, and a contact
// that nobody has: one answer for all, so that nobody learns who is a member.
var ErrCode = fault.New(fault.Invalid, "wrong-code", "That code does not work. Check the six numbers, or ask for a new code.")

// newDigits returns six random digits.
func newDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail since Go 1.24
	}
	return fmt.Sprintf("%0*d", codeDigits, n)
}

// cleanCode takes "123 456" and "123-456" for 123456.
func cleanCode(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(strings.TrimSpace(s))
}

// live tells whether c can still be tried at now.
func (c Code) live(now time.Time) bool {
	tries := codeTries
	if c.Channel == "read-out" {
		tries = readOutTries
	}
	return c.UsedAt == nil && c.Tries < tries && now.Before(c.ExpiresAt)
}
