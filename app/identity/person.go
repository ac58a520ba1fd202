package identity

import (
	"net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/fault"
	"timebank/app/platform/text"
	"timebank/app/platform/words"
)

// Person is one human being. Email and phone may both be missing.
type Person struct {
	bun.BaseModel `bun:"table:directory.person"`

	ID        uuid.UUID      `bun:"id,pk"`
	Name      string         `bun:"name"`
	Called    string         `bun:"called"` // what they like to be called
	Email     *string        `bun:"email"`
	Phone     *string        `bun:"phone"`    // E.164
	Language  words.Language `bun:"language"` // that messages are written in; empty: not chosen
	CreatedAt time.Time      `bun:"created_at"`
	ErasedAt  *time.Time     `bun:"erased_at"`
}

// Reads is the language that messages to the person are written in.
func (p Person) Reads() words.Language {
	if p.Language == "" {
		return words.English
	}
	return p.Language
}

// ErrEmailTaken refuses an address that another person signs in with.
var ErrEmailTaken = fault.New(fault.Conflict, "email-taken", "Somebody else already uses this e-mail address.")

// CleanName is text.Name of at most 100 characters: it trims a name and folds its
// inner spaces, and reports false for what is empty, too long or hides what it says.
func CleanName(s string) (string, bool) {
	s, ok := text.Name(s)
	return s, ok && len([]rune(s)) <= 100
}

// hides tells whether a character is not seen, or turns the direction of writing:
// what somebody reads would not be what is used.
func hides(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// CleanEmail brings an address to the form that is stored and compared. It
// reports false for what no mail can be sent to.
func CleanEmail(s string) (string, bool) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 || strings.ContainsFunc(s, hides) || strings.Contains(s, " ") {
		return "", false
	}
	return strings.ToLower(s), true
}

// CleanPhone brings a number to E.164, reading one without a country as British.
// It takes any spacing and punctuation, and the unseen marks that phones put around
// a number that is copied from their address book; it reports false for what is no
// number.
func CleanPhone(s string) (string, bool) {
	var digits strings.Builder
	plus := false
	s = strings.Map(func(r rune) rune {
		if text.Turns(r) {
			return -1
		}
		return r
	}, s)
	for i, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case r == '+' && i == 0:
			plus = true
		case strings.ContainsRune(" -().\u00a0/", r):
		default:
			return "", false
		}
	}
	d := digits.String()
	switch {
	case plus:
	case strings.HasPrefix(d, "00"):
		d = d[2:]
	case strings.HasPrefix(d, "0"):
		d = "44" + d[1:]
	default:
		return "", false
	}
	if rest, ok := strings.CutPrefix(d, "440"); ok {
		d = "44" + rest // "+44 (0)1632 …" as people write it
	}
	british := strings.HasPrefix(d, "44")
	if (british && (len(d) < 11 || len(d) > 12)) || len(d) < 9 || len(d) > 15 {
		return "", false
	}
	return "+" + d, true
}
