package app

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/concern"
	"timebank/app/contact"
	"timebank/app/desk"
	"timebank/app/exchange"
	"timebank/app/gathering"
	"timebank/app/gift"
	"timebank/app/identity"
	"timebank/app/joining"
	"timebank/app/listing"
	"timebank/app/matching"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/held"
	"timebank/app/platform/keep"
	"timebank/app/referral"
	"timebank/app/rights"
)

// sections is everything that is held about a person, slice by slice, in the
// order in which a person reads it.
func sections(r *referral.Service) []held.Section {
	var out []held.Section
	for _, some := range [][]held.Section{identity.Held(), member.Held(), listing.Held(), exchange.Held(), contact.Held(), gathering.Held(), gift.Held(), matching.Held(), message.Held(), desk.Held(aboutMember), r.Held(), concern.Held()} {
		out = append(out, some...)
	}
	return out
}

// Holding names the tables that the sections answer for.
func Holding() []string {
	var out []string
	for _, s := range sections(&referral.Service{}) {
		out = append(out, s.Tables...)
	}
	return out
}

// rules is how long things are kept, slice by slice, in the order in which a
// coordinator reads it.
func rules(r *referral.Service) []keep.Rule {
	var out []keep.Rule
	for _, some := range [][]keep.Rule{r.Rules(), concern.Rules(), joining.Rules(), member.Rules(), listing.Rules(), message.Rules(), desk.Rules(), rights.Rules()} {
		out = append(out, some...)
	}
	return out
}

// HoldNothing are the tables that hold nothing about one person, each with why.
var HoldNothing = map[string]string{
	"directory.bank": "a bank", "public.posting": "which words stand in a listing, as numbers; the listing says the same", "public.vocabulary": "the words of a bank", "public.slip": "its words with a letter missing, as numbers", "directory.kind": "kinds of help", "public.bank_kind": "a bank's own words for kinds of help", "directory.migration": "which files ran",
	"directory.exchange_move": "rules", "directory.referral_move": "rules", "directory.rate": "counts of tries under a blind name, gone within hours",
	"directory.signing_key": "keys", "directory.seal_key": "keys", "directory.push_key": "keys", "directory.blind_key": "keys", "directory.client": "a program", "public.application": "somebody who is no member yet: sealed, and empty once it is decided", "public.retention": "how long a bank keeps things", "public.join_question": "what a bank asks of everybody who wants to join", "public.invitation": "a code, and the broker who made it; the journal says the same", "directory.bank_policy": "what a bank has decided", "public.organisation": "a surgery", "public.once": "blind hashes of repeats, with the id of whoever sent them",
	"public.venue": "a place", "public.gathering": "a programme, with the name of an outside expert as it was printed", "public.gathering_transfer": "which transfers a gathering's hours are; the statement says the same",
	"public.book_check": "counts and digests of a bank's books", "public.crossing": "hours on their way to a member's own account elsewhere; both statements say the same",
	"ledger.block": "hashes over the journal", "ledger.seal": "hashes over the journal", "ledger.closing": "closed books", "ledger.closing_balance": "what accounts stood at; the statement says the same",
}

// aboutMember finds the ids that tasks about a member have: their requests,
// exchanges and referrals.
func aboutMember(ctx context.Context, tx bun.IDB, s held.Subject) ([]uuid.UUID, error) {
	var out []uuid.UUID
	err := tx.NewRaw(`select id from listing where bank_id = ? and member_id = ?
		union all select id from exchange where bank_id = ? and (helper_id = ? or helped_id = ?)
		union all select id from gathering_part where bank_id = ? and member_id = ?
		union all select id from gift where bank_id = ? and (from_id = ? or to_id = ?)
		union all select id from pot_ask where bank_id = ? and member_id = ?
		union all select id from referral where bank_id = ? and member_id = ?`,
		s.Bank, s.Member, s.Bank, s.Member, s.Member, s.Bank, s.Member, s.Bank, s.Member, s.Member, s.Bank, s.Member, s.Bank, s.Member).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("find tasks of member: %w", err)
	}
	return out, nil
}
