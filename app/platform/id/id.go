// Package id makes the two kinds of names that rows have: UUIDv7 for machines,
// and short references that people read aloud.
package id

import (
	"crypto/rand"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// New returns a UUIDv7: sortable by creation, made here and not by the database,
// so that a row has its name before it is written.
func New() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// alphabet is Crockford's base 32 (no I, L, O, U) without the vowels A and E, so
// that no reference spells a word, and without Z, which reads like a 2. What is
// left are 29 characters, a prime: that is what makes the check character work.
const alphabet = "0123456789BCDFGHJKMNPQRSTVWXY"

// ErrReference tells that a text is no reference: a letter is wrong or missing.
var ErrReference = errors.New("not a reference")

// NewReference returns a random reference such as "R-7K2M-41C": prefix, then six
// characters and a check character that finds every single wrong character and
// every swap of neighbours.
func NewReference(prefix byte) string {
	var raw [6]byte
	body := make([]byte, 0, 8)
	for len(body) < 6 {
		_, _ = rand.Read(raw[:]) // crypto/rand.Read never fails since Go 1.24
		for _, b := range raw {
			if b < 232 && len(body) < 6 { // 232 = 8 × 29: no character is likelier
				body = append(body, alphabet[b%29])
			}
		}
	}
	body = append(body, check(body))
	return string(prefix) + "-" + string(body[:4]) + "-" + string(body[4:])
}

// ParseReference brings what somebody typed or spoke to the form NewReference
// gives: any case, any spacing, O for 0, I and L for 1. Refuses with
// ErrReference when the check character does not fit.
func ParseReference(s string) (string, error) {
	var out []byte
	for _, r := range strings.ToUpper(s) {
		switch {
		case r == ' ' || r == '-' || r == '\u00a0' || r == '.':
			continue
		case r == 'O':
			r = '0'
		case r == 'I' || r == 'L':
			r = '1'
		}
		if r > 'Z' || (len(out) > 0 && strings.IndexByte(alphabet, byte(r)) < 0) {
			return "", ErrReference
		}
		out = append(out, byte(r))
	}
	if len(out) != 8 || check(out[1:7]) != out[7] {
		return "", ErrReference
	}
	return string(out[0]) + "-" + string(out[1:5]) + "-" + string(out[5:]), nil
}

// check is a weighted sum modulo 29: no wrong character and no swap of
// neighbours leaves it as it was.
func check(body []byte) byte {
	sum := 0
	for i, c := range body {
		sum += (i + 2) * strings.IndexByte(alphabet, c)
	}
	return alphabet[sum%29]
}
