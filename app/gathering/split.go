package gathering

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"timebank/ledger"
)

// Rule says how the hours of a gathering are shared. In each, whoever helped or
// led gets exactly the time they gave; the rules differ in who gives it.
type Rule string

const (
	// Equal: those who came give it in equal parts. Where it does not divide
	// evenly, the odd minutes are given one each by those with the most hours.
	// Where nobody came, the pot gives it.
	Equal Rule = "equal"
	// Pot: the community pot gives all of it.
	Pot Rule = "pot"
	// Set: everybody who came gives the same set time; the pot gives what is
	// missing, or gets what is left over.
	Set Rule = "set"
)

// In every rule the pot gives for who has not enough hours left to give.

// Present is somebody who was there and has an account.
type Present struct {
	Member, Account uuid.UUID
	Helps           bool  // or leads: gives nothing, and gets the time they gave
	Gave            int64 // minutes
	Balance         int64
	Spendable       int64 // what they may still give
}

// Share is what a gathering does to one account: above zero it gets minutes.
type Share struct {
	Member  uuid.UUID // nil: the pot
	Account uuid.UUID
	Minutes int64
	Helped  bool // the pot gave for them, in part or in whole
}

// split shares the hours of those present by a rule. The shares of everybody and
// the pot's sum to exactly zero; shares of nothing are left out, unless the pot
// gave for somebody. Members come in the order of their ids, the pot last.
func split(rule Rule, each int64, people []Present, pot uuid.UUID) []Share {
	var total int64
	var payers []Present
	var out []Share
	for _, p := range people {
		if p.Helps {
			if p.Gave > 0 {
				total += p.Gave
				out = append(out, Share{Member: p.Member, Account: p.Account, Minutes: p.Gave})
			}
			continue
		}
		payers = append(payers, p)
	}
	slices.SortFunc(payers, func(a, b Present) int {
		return cmp.Or(cmp.Compare(b.Balance, a.Balance), bytes.Compare(a.Member[:], b.Member[:]))
	})
	parts := make([]ledger.Minutes, len(payers))
	switch rule {
	case Equal:
		copy(parts, ledger.Split(ledger.Minutes(total), len(payers)))
	case Set:
		for i := range parts {
			parts[i] = ledger.Minutes(each)
		}
	}
	ofPot := -total
	for i, p := range payers {
		want := int64(parts[i])
		gives := min(want, max(0, p.Spendable))
		ofPot += gives
		if gives > 0 || want > gives {
			out = append(out, Share{Member: p.Member, Account: p.Account, Minutes: -gives, Helped: gives < want})
		}
	}
	slices.SortFunc(out, func(a, b Share) int { return bytes.Compare(a.Member[:], b.Member[:]) })
	if ofPot != 0 {
		out = append(out, Share{Account: pot, Minutes: ofPot})
	}
	return out
}

// transfers writes shares as legs: one transfer where they fit into one of the
// ledger's, else several, each balanced by the pot, those who give first, so that
// the pot never stands lower in between than before or after.
func transfers(shares []Share, pot uuid.UUID) [][]ledger.Leg {
	var legs []ledger.Leg
	var ofPot ledger.Minutes
	for _, s := range shares {
		switch {
		case s.Minutes == 0:
		case s.Account == pot:
			ofPot = ledger.Minutes(s.Minutes)
		default:
			legs = append(legs, ledger.Leg{Account: s.Account, Minutes: ledger.Minutes(s.Minutes)})
		}
	}
	slices.SortStableFunc(legs, func(a, b ledger.Leg) int { return cmp.Compare(a.Minutes, b.Minutes) })
	most := ledger.MaxLegs
	if ofPot != 0 || len(legs) > most {
		most-- // a place for the pot
	}
	var out [][]ledger.Leg
	for some := range slices.Chunk(legs, most) {
		var sum ledger.Minutes
		for _, l := range some {
			sum += l.Minutes
		}
		one := slices.Clone(some)
		if sum != 0 {
			one = append(one, ledger.Leg{Account: pot, Minutes: -sum})
		}
		out = append(out, one)
	}
	return out
}

// fingerprint names what a preview showed, so that nothing else can be posted.
func fingerprint(rule Rule, each int64, shares []Share) string {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, rule, each)
	for _, s := range shares {
		_, _ = fmt.Fprintln(h, s.Account, s.Minutes)
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}
