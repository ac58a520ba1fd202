package ledger

// Minutes is an amount of time. Below zero: given away, or owed.
type Minutes int64

// MaxMinutes bounds every leg and every balance: 2^53 - 1, which every JSON
// reader keeps exact, and of which 500 fit an int64.
const MaxMinutes Minutes = 1<<53 - 1

// MaxLegs is the most accounts one transfer may touch.
const MaxLegs = 500

// AccountKind says what an account stands for.
type AccountKind string

const (
	Member       AccountKind = "member"
	Organisation AccountKind = "organisation"
	Pot          AccountKind = "pot"        // the bank's community account: given to, granted from
	Issuance     AccountKind = "issuance"   // where starting hours and opening balances come from
	Adjustment   AccountKind = "adjustment" // the other side of a correction
	Clearing     AccountKind = "clearing"   // what this bank and another owe each other
)

// Kind says why minutes moved.
type Kind string

const (
	Exchange     Kind = "exchange"   // one member helped another
	Gathering    Kind = "gathering"  // help in a group
	Gift         Kind = "gift"       // from one member to another, without help
	Donation     Kind = "donation"   // to the pot
	Grant        Kind = "grant"      // from the pot
	Starting     Kind = "starting"   // starting hours, from issuance
	Correction   Kind = "adjustment" // against the adjustment account, with a reason
	Reversal     Kind = "reversal"   // takes a transfer back; see Reverse
	BetweenBanks Kind = "between"    // one bank's half of a transfer between two
	Opening      Kind = "opening"    // a balance brought in from elsewhere, against issuance
)

// rule says which kinds of account may give and receive in a transfer of a kind,
// and of which at least one must take part. Through it no exchange can mint
// hours and no correction can name a person as its counterparty.
type rule struct {
	givers, receivers, needs []AccountKind
	category, reason         bool // must be given
}

var (
	people = []AccountKind{Member, Organisation}
	common = []AccountKind{Member, Organisation, Pot}
)

var rules = map[Kind]rule{
	Exchange:     {givers: common, receivers: common, category: true},
	Gathering:    {givers: common, receivers: common, category: true},
	Gift:         {givers: people, receivers: people},
	Donation:     {givers: people, receivers: []AccountKind{Pot}},
	Grant:        {givers: []AccountKind{Pot}, receivers: people},
	Starting:     {givers: []AccountKind{Issuance}, receivers: common},
	Correction:   {givers: with(common, Adjustment), receivers: with(common, Adjustment), needs: []AccountKind{Adjustment}, reason: true},
	BetweenBanks: {givers: with(common, Clearing), receivers: with(common, Clearing), needs: []AccountKind{Clearing}},
	Opening:      {givers: with(common, Issuance), receivers: with(common, Issuance), needs: []AccountKind{Issuance}},
}

func with(kinds []AccountKind, more AccountKind) []AccountKind {
	return append(append([]AccountKind(nil), kinds...), more)
}

func (k AccountKind) valid() bool {
	switch k {
	case Member, Organisation, Pot, Issuance, Adjustment, Clearing:
		return true
	}
	return false
}
