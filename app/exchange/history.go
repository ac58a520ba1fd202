package exchange

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Helping is how often a member has helped, for those who look for a helper.
type Helping struct {
	MemberID uuid.UUID
	Total    int       // exchanges in which they helped, ever
	OfKind   int       // of these, with this kind of help
	With     int       // exchanges with this person, whoever helped
	Last     time.Time // of the newest, whoever helped; zero: none
}

// History counts, for every member of a bank, the settled exchanges that matter
// to a request of this kind by this person.
func History(ctx context.Context, tx bun.IDB, bank, asker uuid.UUID, kind string) (map[uuid.UUID]Helping, error) {
	var rows []Helping
	err := tx.NewRaw(`select m as member_id, count(*) filter (where m = helper_id) as total,
			count(*) filter (where m = helper_id and kind = ?) as of_kind,
			count(*) filter (where helper_id = ? or helped_id = ?) as "with", max(happened_on) as last
		from exchange, lateral (values (helper_id), (helped_id)) v (m)
		where bank_id = ? and state = 'settled' and m <> ? group by m`, kind, asker, asker, bank, asker).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	out := make(map[uuid.UUID]Helping, len(rows))
	for _, h := range rows {
		out[h.MemberID] = h
	}
	return out, nil
}
