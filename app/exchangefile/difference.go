package exchangefile

import (
	"time"

	"github.com/google/uuid"

	"timebank/app/bank"
)

// Standing says how a row of the file relates to the bank.
type Standing string

// The standings. Only what is New is written: what differs stays as it is here,
// since members and brokers may have changed it after the first import.
const (
	New     Standing = "new"
	Here    Standing = "here"
	Differs Standing = "differs"
)

// Difference is what an import would do, and what Apply does.
type Difference struct {
	Bank      bank.Bank
	At        time.Time // when it was made; Apply writes with this time
	Members   []MemberPlan
	Listings  []ListingPlan
	Transfers []TransferPlan
	Openings  []OpeningPlan
	Skipped   []Skip
	Notes     []string

	accounts map[string]uuid.UUID // party's key → ledger account, of those that are there already
	members  map[string]uuid.UUID // party's key → member, likewise
	clearing map[string]string    // accounts of other banks to be opened: key → name
}

// MemberPlan is one membership: of a row of the file, or of the unnamed people
// who have left, who share one each so that hours stay zero-sum.
type MemberPlan struct {
	Member
	key      string
	Standing Standing
	What     string // what differs
	Former   bool   // nobody in particular
	Stage    string // trust stage they begin with
	JoinedOn time.Time
}

// ListingPlan is one offer or request.
type ListingPlan struct {
	Post
	Standing Standing
	What     string
}

// TransferPlan is one transfer.
type TransferPlan struct {
	Transfer
	Standing Standing
	What     string
	On       time.Time // the day it took effect, in the bank's zone
}

// OpeningPlan brings a balance to what the file says where the file's transfers
// do not add up to it.
type OpeningPlan struct {
	Member   Member
	Minutes  int64
	On       time.Time
	Standing Standing
	What     string
}

// Key names the opening balance across imports.
func (o OpeningPlan) Key() string { return keyPrefix + "opening" + o.Member.Key()[len(keyPrefix)-1:] }

// Empty tells whether there is nothing to write.
func (d *Difference) Empty() bool {
	t := d.tally()
	return t.members[New]+t.former[New]+t.offers[New]+t.requests[New]+t.help[New]+t.other[New]+t.openings[New] == 0
}

// tally counts by standing.
type tally struct {
	members, former, offers, requests, help, other, openings map[Standing]int
}

func (d *Difference) tally() tally {
	m := func() map[Standing]int { return map[Standing]int{} }
	t := tally{m(), m(), m(), m(), m(), m(), m()}
	for _, p := range d.Members {
		if p.Former {
			t.former[p.Standing]++
		} else {
			t.members[p.Standing]++
		}
	}
	for _, p := range d.Listings {
		if p.Request {
			t.requests[p.Standing]++
		} else {
			t.offers[p.Standing]++
		}
	}
	for _, p := range d.Transfers {
		if p.Help() {
			t.help[p.Standing]++
		} else {
			t.other[p.Standing]++
		}
	}
	for _, p := range d.Openings {
		t.openings[p.Standing]++
	}
	return t
}
