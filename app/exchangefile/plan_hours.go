package exchangefile

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// planTransfers finds each transfer by its key among what the accounts of the
// file have had posted.
func (p *planner) planTransfers(ctx context.Context, tx bun.IDB) error {
	var err error
	if p.posted, err = postedTo(ctx, tx, p.d.Bank.ID, p.d.accounts); err != nil {
		return err
	}
	var newest *Moment
	for _, t := range p.f.Transfers {
		plan := TransferPlan{Transfer: t, Standing: New, On: p.day(t.When)}
		if rec, ok := p.posted[ledgerKey(t.Key())]; ok {
			plan.Standing = Here
			if !p.same(rec, t) {
				plan.Standing, plan.What = Differs, "who helped whom"
			}
			if t.When != nil && (newest == nil || t.When.At.After(newest.At)) {
				newest = t.When
			}
		}
		p.d.Transfers = append(p.d.Transfers, plan)
	}
	return p.late(newest)
}

// same tells whether a transfer stands in the books between these two.
func (p *planner) same(rec ledger.Record, t Transfer) bool {
	for _, l := range rec.Legs {
		want := t.To
		if l.Minutes < 0 {
			want = t.From
		}
		if p.d.accounts[want.Key()] != l.Account {
			return false
		}
	}
	return true
}

// late refuses transfers that are older than some that are here and yet are not:
// a report cannot grow in the middle, so its times have been changed, most often
// by a spreadsheet, and hours would be counted twice.
func (p *planner) late(newest *Moment) error {
	errs := &faults{}
	for _, t := range p.d.Transfers {
		if newest != nil && t.Standing == New && t.When != nil && t.When.At.Before(newest.At) {
			errs.add(TransfersFile, t.Row, "", "late",
				"Later transfers have been imported before, but not this one. If a spreadsheet saved the file, its times may have changed: download the report again. If hours were added to the past on purpose, record this one by hand.")
		}
	}
	return errs.err()
}

// planOpenings compares each balance of the file with what its transfers add up
// to. What is left came from before the report, or from its faults.
func (p *planner) planOpenings() {
	sums := p.f.sums()
	since := map[int64]time.Time{}
	for _, t := range p.d.Transfers {
		for _, e := range []Party{t.From, t.To} {
			if first, ok := since[e.UID]; e.Kind == AMember && (!ok || t.On.Before(first)) {
				since[e.UID] = t.On
			}
		}
	}
	for _, m := range p.d.Members {
		if m.Former || m.Balance == nil {
			continue
		}
		plan := OpeningPlan{Member: m.Member, Minutes: *m.Balance - sums[m.Key()], On: m.JoinedOn, Standing: New}
		if first, ok := since[m.UID]; ok && first.Before(plan.On) {
			plan.On = first
		}
		rec, posted := p.posted[ledgerKey(plan.Key())]
		switch {
		case posted && minutesOf(rec, p.d.accounts[m.Key()]) == plan.Minutes:
			plan.Standing = Here
		case posted:
			plan.Standing = Differs
			plan.What = "it was " + spoken(minutesOf(rec, p.d.accounts[m.Key()])) + " when it was brought in; a coordinator can correct it by hand"
		case plan.Minutes == 0:
			continue
		}
		p.d.Openings = append(p.d.Openings, plan)
	}
}

func minutesOf(rec ledger.Record, account uuid.UUID) int64 {
	for _, l := range rec.Legs {
		if l.Account == account {
			return int64(l.Minutes)
		}
	}
	return 0
}
