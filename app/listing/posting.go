package listing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/words"
)

// Posting says that a word, or a kind of help, stands in a listing.
type Posting struct {
	bun.BaseModel `bun:"table:posting"`

	BankID    uuid.UUID `bun:"bank_id"`
	ListingID uuid.UUID `bun:"listing_id"`
	Key       int64     `bun:"key"`
	Type      int16     `bun:"type"` // 1 offer, 2 request
	Weight    int16     `bun:"weight"`
	Area      int64     `bun:"area"` // of the member; odd: they stay there
	Live      bool      `bun:"live"`
}

// How much it says of a listing that a word stands in it. What the member chose
// says most, then the kind's name, then their own words.
const (
	weightKind  = 10
	weightWider = 3
	weightName  = 6
	weightNote  = 5
)

func typeKey(kind string) int16 {
	if kind == Offer {
		return 1
	}
	return 2
}

// word is one of a bank's vocabulary.
type word struct {
	bun.BaseModel `bun:"table:vocabulary"`

	BankID uuid.UUID `bun:"bank_id"`
	Key    int64     `bun:"key"`
	Word   string    `bun:"word"`
	N      int       `bun:"n"`
}

type slip struct {
	bun.BaseModel `bun:"table:slip"`

	BankID uuid.UUID `bun:"bank_id"`
	Key    int64     `bun:"key"`
	Word   int64     `bun:"word"`
}

// Postings are what search keeps of a listing, with the words that are in it, in
// the order in which they are written.
func Postings(l Listing, area string, kinds map[string]Kind) ([]Posting, map[int64]string) {
	weights, words := map[int64]int16{}, map[int64]string{}
	put := func(k int64, w int16, written string) {
		weights[k] = max(weights[k], w)
		words[k] = cmp.Or(words[k], written)
	}
	kind := kinds[l.Kind]
	put(kindKey(l.Kind), weightKind, "")
	if kind.Parent != nil {
		put(kindKey(*kind.Parent), weightWider, "")
	}
	for _, t := range tokens(kind.Name) {
		put(key(t.stem), weightName, t.word)
	}
	for _, t := range tokens(l.Note) {
		put(key(t.stem), weightNote, t.word)
	}
	where := areaKey(area)
	if where != nowhere && l.Stays() {
		where |= 1
	}
	out := make([]Posting, 0, len(weights))
	for k, w := range weights {
		out = append(out, Posting{BankID: l.BankID, ListingID: l.ID, Key: k, Type: typeKey(l.Type), Weight: w, Area: where, Live: l.State == Open})
	}
	slices.SortFunc(out, func(a, b Posting) int { return cmp.Compare(a.Key, b.Key) })
	return out, words
}

// index writes what search keeps of listings. Words are written in the order of
// their keys, so that two who publish at once never wait for each other in a circle.
func index(ctx context.Context, tx bun.IDB, bank uuid.UUID, all []Listing) error {
	if len(all) == 0 {
		return nil
	}
	kinds, err := KindNames(words.With(ctx, words.English), tx, bank) // search knows them by these
	if err != nil {
		return err
	}
	ids := make([]uuid.UUID, len(all))
	for i, l := range all {
		ids[i] = l.MemberID
	}
	people, err := member.Some(ctx, tx, bank, ids)
	if err != nil {
		return err
	}
	var postings []Posting
	var vocabulary []word
	var wrong []slip
	seen := map[int64]bool{}
	for _, l := range all {
		some, words := Postings(l, people[l.MemberID].Area, kinds)
		postings = append(postings, some...)
		for k, w := range words {
			if seen[k] {
				continue
			}
			seen[k] = true
			vocabulary = append(vocabulary, word{BankID: bank, Key: k, Word: w})
			for _, s := range slips(w) {
				wrong = append(wrong, slip{BankID: bank, Key: s, Word: k})
			}
		}
	}
	slices.SortFunc(vocabulary, func(a, b word) int { return cmp.Compare(a.Key, b.Key) })
	slices.SortFunc(wrong, func(a, b slip) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Word, b.Word)) })
	if _, err := tx.NewInsert().Model(&postings).On("conflict do nothing").Exec(ctx); err != nil {
		return fmt.Errorf("write postings: %w", err)
	}
	// A word that was forgotten with the last one who used it may come back.
	if _, err := tx.NewInsert().Model(&vocabulary).On("conflict (bank_id, key) do update").Set("word = excluded.word").Where("word.word = ''").Where("excluded.word <> ''").Exec(ctx); err != nil {
		return fmt.Errorf("write words: %w", err)
	}
	if len(wrong) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&wrong).On("conflict do nothing").Exec(ctx); err != nil {
		return fmt.Errorf("write slips: %w", err)
	}
	return nil
}

// show says whether search finds a listing.
func show(ctx context.Context, tx bun.IDB, bank, id uuid.UUID, live bool) error {
	_, err := tx.NewUpdate().Model((*Posting)(nil)).Set("live = ?", live).Where("bank_id = ?", bank).Where("listing_id = ?", id).Where("live <> ?", live).Exec(ctx)
	if err != nil {
		return fmt.Errorf("change postings: %w", err)
	}
	return nil
}

// Moves follows a member whose area has changed.
func Moves(ctx context.Context, tx bun.IDB, bank, member uuid.UUID, area string) error {
	_, err := tx.NewRaw(`update posting p set area = case when l.far in ('street', 'area') and l.place not in ('phone', 'online') and ?0 <> 0 then ?0 | 1 else ?0 end
		from listing l where p.bank_id = ?1 and l.bank_id = p.bank_id and l.id = p.listing_id and l.member_id = ?2`, areaKey(area), bank, member).Exec(ctx)
	if err != nil {
		return fmt.Errorf("move postings: %w", err)
	}
	return nil
}

// forgetWords makes what search kept of a member's listings unreadable: the keys
// of their words are hashed under a secret that nobody keeps, and words that nobody
// else has written are emptied.
func forgetWords(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) error {
	_, err := tx.NewRaw(`update vocabulary v set word = '' where v.bank_id = ? and v.word <> ''
		and exists (select 1 from posting p join listing l on l.bank_id = p.bank_id and l.id = p.listing_id where p.bank_id = ? and p.key = v.key and l.member_id = ?)
		and not exists (select 1 from posting p join listing l on l.bank_id = p.bank_id and l.id = p.listing_id where p.bank_id = ? and p.key = v.key and l.member_id <> ?)`,
		bank, bank, member, bank, member).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget words: %w", err)
	}
	// Under a secret that nobody keeps. One mask over all keys would still tell, by what two of them differ, which words they were.
	_, err = tx.NewRaw(`update posting set key = ('x' || left(encode(sha256(convert_to(? || key::text, 'UTF8')), 'hex'), 16))::bit(64)::bigint, live = false
		where bank_id = ? and listing_id in (select id from listing where bank_id = ? and member_id = ?)`, uuid.NewString(), bank, bank, member).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget postings: %w", err)
	}
	return nil
}

// batch is how many listings are indexed in one transaction.
const batch = 200

// Reindex indexes what is open and not yet found, and counts every word: what an
// older version has published, and how common each word is. It is the job of a
// night.
func (s *Service) Reindex(ctx context.Context, bankID uuid.UUID) error {
	for {
		n := 0
		err := db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
			var rows []Listing
			err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bankID).Where("state in ('open', 'matched')").
				Where("not exists (select 1 from posting p where p.bank_id = ? and p.listing_id = listing.id)", bankID).Order("id").Limit(batch).Scan(ctx)
			if err != nil {
				return fmt.Errorf("list what is not indexed: %w", err)
			}
			n = len(rows)
			return index(ctx, tx, bankID, rows)
		})
		if err != nil {
			return err
		}
		if n < batch {
			break
		}
	}
	return db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := bank.ByID(ctx, tx, bankID); err != nil {
			return err
		}
		_, err := tx.NewRaw(`update vocabulary v set n = c.n from (select key, count(*)::int as n from posting where bank_id = ? and live group by key) c
			where v.bank_id = ? and v.key = c.key and v.n <> c.n`, bankID, bankID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("count words: %w", err)
		}
		return nil
	})
}

// linkLimit is how many web addresses a note may have: an offer of help is not an
// advertisement.
const linkLimit = 2

// links counts what looks like a web address.
func links(text string) int {
	text = strings.ToLower(text)
	return strings.Count(text, "://") + strings.Count(text, "www.") - strings.Count(text, "://www.")
}
