package matching

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/listing"
	"timebank/app/member"
)

// fit is how somebody could do what is asked for: by one of their offers, or without.
type fit struct {
	kind   string          // "offers", "near"; empty: by no offer
	offer  listing.Listing // none: empty
	shared int             // half days at which both are free
	comes  bool            // the helper stays in their area, and the asker would come
}

// fitting finds how a member could do what is asked for, with just this before
// something near it. Who has said where and when they do just this is not asked for
// it elsewhere or on other days; an offer of something near that does not fit is
// passed over. ever is false where nothing fits.
func fitting(l listing.Listing, asker, m member.Member, offers []offer) (best fit, ever bool) {
	for _, exact := range []bool{true, false} {
		some := false
		for _, o := range offers {
			if o.Exact != exact {
				continue
			}
			some = true
			shared, free := bothFree(when(l, asker.FreeSlots, o.Days), when(o.Listing, m.FreeSlots, l.Days))
			reach, comes := reaches(l, o.Listing, asker.Area, m.Area)
			if !free || !reach || (len(l.Days) > 0 && len(o.Days) > 0 && len(both(l.Days, o.Days)) == 0) {
				continue
			}
			kind := "near"
			if exact {
				kind = "offers"
			}
			return fit{kind, o.Listing, shared, comes}, true
		}
		if some && exact {
			return fit{}, false
		}
	}
	shared, free := bothFree(wanted(l.Days, asker.FreeSlots), m.FreeSlots)
	return fit{shared: shared}, free
}

// when is at which half days a listing's member is free for it, where the other side
// has named days too only on those that both have.
func when(l listing.Listing, free int, others []string) int {
	if len(l.Days) > 0 && len(others) > 0 {
		return wanted(both(l.Days, others), free)
	}
	return wanted(l.Days, free)
}

func both(one, other []string) []string {
	return slices.DeleteFunc(slices.Clone(one), func(d string) bool { return !slices.Contains(other, d) })
}

// reaches tells whether the two of a request and an offer can meet as far as they go
// for it; comes: the helper stays in their area, and the asker would come there. Where
// an area is not known nobody is left out.
func reaches(request, offer listing.Listing, asker, helper string) (reach, comes bool) {
	switch {
	case !offer.Stays() || request.Afar() || asker == "" || helper == "" || listing.SameArea(asker, helper):
		return true, false
	case request.Place != "home" && request.Far == listing.FarAnywhere:
		return true, true
	}
	return false, false
}

// offer is a listing that offers just what is asked for, or something near it.
type offer struct {
	listing.Listing
	Exact bool
}

// offered lists who offers this kind of help, or one near it, with the newest first.
func offered(ctx context.Context, tx bun.IDB, bank uuid.UUID, kind string, today time.Time) (map[uuid.UUID][]offer, error) {
	exact, group, err := listing.Near(ctx, tx, bank, kind)
	if err != nil {
		return nil, err
	}
	var rows []listing.Listing
	err = tx.NewSelect().Model(&rows).Column("id", "member_id", "kind", "place", "far", "days").Where("bank_id = ?", bank).Where("type = 'offer'").Where("state = 'open'").
		Where("expires_on >= ?", today).Where("kind in (?)", bun.List(append(slices.Clone(exact), group...))).Order("id desc").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read offers: %w", err)
	}
	out := map[uuid.UUID][]offer{}
	for _, l := range rows {
		l.Days = slices.DeleteFunc(l.Days, func(d string) bool { return d < today.Format(time.DateOnly) })
		out[l.MemberID] = append(out[l.MemberID], offer{l, slices.Contains(exact, l.Kind)})
	}
	return out, nil
}
