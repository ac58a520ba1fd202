package listing

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"timebank/app/contact"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/db"
)

// Found is what search answers: the best first, and the words that were read for
// others ("gardner" as "gardener").
type Found struct {
	Listings []Shown
	Instead  []string
}

// How much is read for one question, however common its words are.
const (
	maxQuery   = 8  // words
	perWord    = 60 // best postings of each word, and of each kind it speaks of
	maxResults = pageSize
)

// term is one key that a question asks for.
type term struct {
	key   int64
	boost float64
	word  int // which word of the question
}

// Search finds open offers or requests by words: endings, accents and small slips
// are forgiven, everyday words find their kind of help, and what is in the
// member's own area comes before what fits as well elsewhere; what would not come to
// them, because its member stays in another area, comes after.
func (s *Service) Search(ctx context.Context, a identity.Actor, kind, words string) (Found, error) {
	asked := tokens(words)
	if len(asked) > maxQuery {
		asked = asked[:maxQuery]
	}
	if len(asked) == 0 {
		return Found{Listings: []Shown{}}, nil
	}
	var out Found
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		out = Found{}
		// For the very words asked Postgres thinks a plan of their own cheaper, and takes longer to make it than to find.
		if _, err := tx.ExecContext(db.Later(ctx), "set local plan_cache_mode = force_generic_plan"); err != nil {
			return err
		}
		u, err := understand(ctx, tx, a, asked)
		if err != nil {
			return err
		}
		out.Instead = u.instead
		out.Listings, err = s.find(db.Last(ctx), tx, a, kind, u)
		return err
	})
	if err != nil || !slices.ContainsFunc(out.Listings, func(l Shown) bool { return l.Listing.Photos > 0 }) {
		return out, err
	}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		return photograph(db.Last(ctx), tx, a.Bank.ID, out.Listings)
	})
	return out, err
}

// understood is a question as it is looked for.
type understood struct {
	terms   []term
	instead []string // words that were read for others
	home    int64    // the asker's area
}

// understand turns words into terms: each word's stem and the kinds of help it
// speaks of, the rarer the heavier. A word that neither the bank nor the kinds know
// is read as the commonest near one that the bank knows, or else as a near everyday
// word for a kind.
func understand(ctx context.Context, tx bun.IDB, a identity.Actor, asked []token) (out understood, err error) {
	bank := a.Bank.ID
	var keys, near, of []int64
	for _, t := range asked {
		keys = append(keys, key(t.stem))
		speaks := synonyms[t.stem]
		if meant, ok := everyday(t.word); ok && len(speaks) == 0 {
			speaks = synonyms[meant.stem]
		}
		for _, kind := range speaks {
			keys = append(keys, kindKey(kind))
		}
		if len(synonyms[t.stem]) == 0 {
			some := slips(t.word)
			near, of = append(near, some...), append(of, slices.Repeat([]int64{key(t.stem)}, len(some))...)
		}
	}
	q := tx.NewSelect().Model((*word)(nil)).Column("key", "word", "n").Where("bank_id = ?", bank).Where("key = any(?)", db.List(keys))
	if len(near) > 0 { // only the slips of what is not known are looked up
		q = q.UnionAll(tx.NewSelect().TableExpr("unnest(?::bigint[], ?::bigint[]) as q (slip, of)", db.List(near), db.List(of)).ColumnExpr("v.key, v.word, v.n").
			Join("join slip as s on s.bank_id = ? and s.key = q.slip", bank).Join("join vocabulary as v on v.bank_id = ? and v.key = s.word", bank).
			Where("q.of <> all (array(select k.key from vocabulary as k where k.bank_id = ? and k.key = any(?)))", bank, db.List(of)))
	}
	// What the bank itself says of a word comes with the same question, its count below zero.
	q = q.UnionAll(tx.NewSelect().TableExpr("bank_kind as b cross join unnest(b.word_keys) as w (key)").ColumnExpr("w.key, b.code, -1 - coalesce(v.n, 0)").
		Join("left join vocabulary v on v.bank_id = ? and v.key = b.key", bank).Where("b.bank_id = ?", bank).Where("w.key = any(?)", db.List(keys)))
	// So does where the asker lives, under the key of no word.
	if a.Member != uuid.Nil {
		q = q.UnionAll(tx.NewSelect().ColumnExpr("?, (?), 0", nowhere, member.AreaOf(tx, bank, a.Member)))
	}
	var rows []word
	if err := q.Scan(ctx, &rows); err != nil {
		return out, fmt.Errorf("read words: %w", err)
	}
	if i := slices.IndexFunc(rows, func(r word) bool { return r.Key == nowhere }); i >= 0 {
		out.home = areaKey(rows[i].Word)
		rows = slices.Delete(rows, i, i+1)
	}
	rows, own, counts := ownWords(rows)
	speaks := func(t token) []string {
		return slices.Concat(synonyms[t.stem], slices.DeleteFunc(own[key(t.stem)], func(k string) bool { return slices.Contains(synonyms[t.stem], k) }))
	}
	slices.SortFunc(rows, func(x, y word) int { return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(x.Word, y.Word)) })
	add := func(k int64, boost float64, word int) {
		out.terms = append(out.terms, term{k, boost / (1 + math.Log(float64(1+counts[k]))), word})
	}
	for i, t := range asked {
		k := key(t.stem)
		if _, known := counts[k]; !known && len(speaks(t)) == 0 {
			if n := nearest(t.word, rows); n >= 0 {
				k = rows[n].Key
				out.instead = append(out.instead, rows[n].Word)
			} else if meant, ok := everyday(t.word); ok {
				t = meant
				out.instead = append(out.instead, meant.word)
			}
		}
		add(k, 1, i)
		for _, kind := range speaks(t) {
			add(kindKey(kind), 0.6, i)
		}
	}
	return out, nil
}

// nearest is the first of these words, the commonest first, that a slip makes of
// another; -1 when there is none.
func nearest(w string, rows []word) int {
	return slices.IndexFunc(rows, func(r word) bool { return r.Word != "" && near(w, r.Word) })
}

// row is a listing that was found, with whose it is.
type row struct {
	Listing
	Called string `bun:"called"`
	Area   string `bun:"area"`
}

// find reads the best postings of each term, and of these the best listings: the
// more words of the question stand in one, the better. Those whose members the asker
// is kept apart from are left out, but not for staff. Of a listing it reads what is
// shown.
func (s *Service) find(ctx context.Context, tx bun.IDB, a identity.Actor, kind string, u understood) ([]Shown, error) {
	keys, boosts, words := make([]int64, len(u.terms)), make([]float64, len(u.terms)), make([]int64, len(u.terms))
	for i, t := range u.terms {
		keys[i], boosts[i], words[i] = t.key, t.boost, 1<<t.word
	}
	var apart schema.QueryAppender = bun.Safe("select 1 where false")
	if a.Member != uuid.Nil && !a.May(identity.WorkDesk) {
		apart = contact.ApartFrom(tx, a.Bank.ID, a.Member, "l.member_id")
	}
	var rows []row
	// All postings of a listing have the same area.
	err := tx.NewRaw(`with best as (
			select p.listing_id, sum(p.weight * q.boost) * bit_count(bit_or(q.word)::bit(8)) * case
				when p.area & -2 = ?0::bigint then 1.25::float8 when ?0::bigint <> 0 and p.area & 1 = 1 then 0.5::float8 else 1::float8 end as score
			from unnest(?6::bigint[], ?7::float8[], ?8::int[]) q (key, boost, word) cross join lateral (
				select listing_id, weight, area from posting where bank_id = ?1 and type = ?2 and key = q.key and live
				order by weight desc, listing_id desc limit ?3) p
			group by p.listing_id, p.area order by 2 desc, 1 desc limit ?4)
		select l.id, l.member_id, l.type, l.kind, l.note, l.timing, l.place, l.far, l.days, l.state, l.created_at, l.expires_on, l.photos, f.called, f.area
		from best join listing l on l.bank_id = ?1 and l.id = best.listing_id cross join lateral (?10) f
		where l.state = 'open' and l.expires_on >= ?5 and not exists (?9) order by best.score desc, l.id desc`,
		strconv.FormatInt(u.home, 10), a.Bank.ID, typeKey(kind), perWord, maxResults, a.Bank.Today(s.Clock.Now()),
		db.List(keys), db.List(boosts), db.List(words), apart, member.FaceOf(tx, a.Bank.ID, "l.member_id")).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	out := make([]Shown, len(rows))
	for i, r := range rows {
		out[i] = Shown{Listing: r.Listing, Called: r.Called, Area: r.Area}
	}
	return out, nil
}
