package figures

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
)

// Fewest is the smallest number that is shown.
const Fewest = 5

// Service is the use cases of figures.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
}

// Figure is one count; Hidden when it is above zero and under Fewest, and N is
// zero then.
type Figure struct {
	Name   string
	N      int64
	Hidden bool
}

// hide is a figure as it may be shown: n counts what it is made of.
func hide(name string, value, n int64) Figure {
	if n > 0 && n < Fewest {
		return Figure{Name: name, Hidden: true}
	}
	return Figure{Name: name, N: value}
}

// Community is how a bank does, since a day.
type Community struct {
	Since   time.Time
	Figures []Figure
}

// The figures of a community, in the order in which they are shown.
const (
	Members   = "members"   // who take part now
	Joined    = "joined"    // who joined since
	Helpers   = "helpers"   // people who gave help since
	Helped    = "helped"    // people who were helped since
	Both      = "both"      // people who did both since
	Exchanges = "exchanges" // settled since
	Minutes   = "minutes"   // of help since
	Requests  = "requests"  // asked for since
	Met       = "met"       // of these, met
	Referred  = "referred"  // people handed over by surgeries since
)

// months is how far back the figures of a community go: a year has every season
// in it, and hides little.
const months = 12

// Community counts what happened in the actor's bank over the last twelve months.
func (s *Service) Community(ctx context.Context, a identity.Actor) (Community, error) {
	since := a.Bank.Today(s.Clock.Now()).AddDate(0, -months, 0)
	out := Community{Since: since}
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var n struct{ Members, Joined, Helpers, Helped, Both, Exchanges, Minutes, Requests, Met, Referred int64 }
		b := a.Bank.ID
		err := tx.NewRaw(`with x as (select helper_id, helped_id, minutes from exchange where bank_id = ? and state = 'settled' and happened_on >= ?)
			select (select count(*) from member where bank_id = ? and status in ('active', 'paused')) as members,
				(select count(*) from member where bank_id = ? and status in ('active', 'paused') and joined_on >= ?) as joined,
				(select count(distinct helper_id) from x) as helpers, (select count(distinct helped_id) from x) as helped,
				(select count(*) from (select helper_id from x intersect select helped_id from x) y) as both,
				(select count(*) from x) as exchanges, (select coalesce(sum(minutes), 0) from x) as minutes,
				(select count(*) from listing where bank_id = ? and type = 'request' and created_at >= ?) as requests,
				(select count(*) from listing where bank_id = ? and type = 'request' and created_at >= ? and state = 'met') as met,
				(select count(*) from referral where bank_id = ? and submitted_at >= ?) as referred`,
			b, since, b, b, since, b, since, b, since, b, since).Scan(ctx, &n)
		if err != nil {
			return fmt.Errorf("count: %w", err)
		}
		out.Figures = []Figure{hide(Members, n.Members, n.Members), hide(Joined, n.Joined, n.Joined), hide(Helpers, n.Helpers, n.Helpers), hide(Helped, n.Helped, n.Helped),
			hide(Both, n.Both, n.Both), hide(Exchanges, n.Exchanges, n.Exchanges), hide(Minutes, n.Minutes, min(n.Helpers, n.Helped, n.Exchanges)),
			hide(Requests, n.Requests, n.Requests), hide(Met, n.Met, n.Met), hide(Referred, n.Referred, n.Referred)}
		return nil
	})
	return out, err
}

// Tenant is a bank as the operator of the platform sees it.
type Tenant struct {
	bank.Bank
	Figures []Figure
}

// Banks lists the banks with counts, each counted as that bank: the operator
// enters none of them.
func (s *Service) Banks(ctx context.Context) ([]Tenant, error) {
	var all []bank.Bank
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		all, err = bank.All(ctx, tx)
		return err
	})
	out := make([]Tenant, len(all))
	for i, b := range all {
		if err == nil {
			out[i].Bank = b
			out[i].Figures, err = s.tenant(ctx, b.ID)
		}
	}
	return out, err
}

func (s *Service) tenant(ctx context.Context, b uuid.UUID) (out []Figure, err error) {
	month := s.Clock.Now().AddDate(0, -1, 0)
	err = db.InTx(ctx, s.Pool, b, func(ctx context.Context, tx bun.IDB) error {
		var n struct{ Members, Exchanges, Messages int64 }
		err := tx.NewRaw(`select (select count(*) from member where bank_id = ? and status in ('active', 'paused')) as members,
			(select count(*) from exchange where bank_id = ? and state = 'settled' and happened_on >= ?) as exchanges,
			(select count(*) from message where bank_id = ? and created_at >= ?) as messages`, b, b, month, b, month).Scan(ctx, &n)
		if err != nil {
			return fmt.Errorf("count bank: %w", err)
		}
		out = []Figure{hide(Members, n.Members, n.Members), hide(Exchanges, n.Exchanges, n.Exchanges), hide("messages", n.Messages, n.Messages)}
		return nil
	})
	return out, err
}
