package listing

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

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
		ask, instead, err := understand(ctx, tx, a.Bank.ID, asked)
		if err != nil {
			return err
		}
		rows, err := s.find(ctx, tx, a, kind, ask)
		if err != nil {
			return err
		}
		out.Instead = instead
		out.Listings, err = visible(ctx, tx, a, rows)
		return err
	})
	return out, err
}

// understand turns words into terms: each word's stem and the kinds of help it
// speaks of, the rarer the heavier. A word that neither the bank nor the kinds know
// is read as the commonest near one that the bank knows.
func understand(ctx context.Context, tx bun.IDB, bank uuid.UUID, asked []token) ([]term, []string, error) {
	var keys, near []int64
	for _, t := range asked {
		keys = append(keys, key(t.stem))
		for _, kind := range synonyms[t.stem] {
			keys = append(keys, kindKey(kind))
		}
		if len(synonyms[t.stem]) == 0 {
			near = append(near, slips(t.word)...)
		}
	}
	q := tx.NewSelect().Model((*word)(nil)).Column("key", "word", "n").Where("bank_id = ?", bank).Where("key in (?)", bun.List(keys))
	if len(near) > 0 {
		q = q.UnionAll(tx.NewSelect().TableExpr("slip as s").ColumnExpr("v.key, v.word, v.n").Join("join vocabulary v on v.bank_id = ? and v.key = s.word", bank).
			Where("s.bank_id = ?", bank).Where("s.key in (?)", bun.List(near)))
	}
	// What the bank itself says of a word comes with the same question, its count below zero.
	q = q.UnionAll(tx.NewSelect().TableExpr("bank_kind as b cross join unnest(b.word_keys) as w (key)").ColumnExpr("w.key, b.code, -1 - coalesce(v.n, 0)").
		Join("left join vocabulary v on v.bank_id = ? and v.key = b.key", bank).Where("b.bank_id = ?", bank).Where("w.key in (?)", bun.List(keys)))
	var rows []word
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, nil, fmt.Errorf("read words: %w", err)
	}
	rows, own, counts := ownWords(rows)
	speaks := func(t token) []string {
		return slices.Concat(synonyms[t.stem], slices.DeleteFunc(own[key(t.stem)], func(k string) bool { return slices.Contains(synonyms[t.stem], k) }))
	}
	slices.SortFunc(rows, func(x, y word) int { return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(x.Word, y.Word)) })
	var out []term
	var instead []string
	add := func(k int64, boost float64, word int) {
		out = append(out, term{k, boost / (1 + math.Log(float64(1+counts[k]))), word})
	}
	for i, t := range asked {
		k := key(t.stem)
		if _, known := counts[k]; !known && len(speaks(t)) == 0 {
			if n := nearest(t.word, rows); n >= 0 {
				k = rows[n].Key
				instead = append(instead, rows[n].Word)
			}
		}
		add(k, 1, i)
		for _, kind := range speaks(t) {
			add(kindKey(kind), 0.6, i)
		}
	}
	return out, instead, nil
}

// nearest is the first of these words, the commonest first, that a slip makes of
// another; -1 when there is none.
func nearest(w string, rows []word) int {
	return slices.IndexFunc(rows, func(r word) bool { return r.Word != "" && near(w, r.Word) })
}

// find reads the best postings of each term, and of these the best listings: the
// more words of the question stand in one, the better.
func (s *Service) find(ctx context.Context, tx bun.IDB, a identity.Actor, kind string, ask []term) ([]Listing, error) {
	home := int64(nowhere)
	if a.Member != uuid.Nil {
		faces, err := member.Faces(ctx, tx, a.Bank.ID, []uuid.UUID{a.Member})
		if err != nil {
			return nil, err
		}
		home = areaKey(faces[a.Member].Area)
	}
	values := make([]string, len(ask))
	for i, t := range ask {
		values[i] = fmt.Sprintf("(%d::bigint, %g::float8, %d)", t.key, t.boost, 1<<t.word)
	}
	var out []Listing
	err := tx.NewRaw(`with best as (
			select p.listing_id, sum(p.weight * q.boost) * bit_count(bit_or(q.word)::bit(8)) * case
				when bool_or(p.area & -2 = ?0) then 1.25 when ?0 <> 0 and bool_or(p.area & 1 = 1) then 0.5 else 1 end as score
			from (values `+strings.Join(values, ", ")+`) q (key, boost, word) cross join lateral (
				select listing_id, weight, area from posting where bank_id = ?1 and type = ?2 and key = q.key and live
				order by weight desc, listing_id desc limit ?3) p
			group by p.listing_id order by 2 desc, 1 desc limit ?4)
		select l.* from best join listing l on l.bank_id = ?1 and l.id = best.listing_id
		where l.state = 'open' and l.expires_on >= ?5 order by best.score desc, l.id desc`,
		home, a.Bank.ID, typeKey(kind), perWord, maxResults, a.Bank.Today(s.Clock.Now())).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return out, nil
}
