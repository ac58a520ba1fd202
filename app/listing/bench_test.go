package listing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/id"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const (
	benchListings = 100_000
	benchMembers  = 5_000
	benchWords    = 8_000
	benchAsked    = 2_000
	benchCold     = 250 // before them, until what was loaded is in the server's memory; told apart
)

// BenchmarkSearchBesidePrimaryKey fills one bank with 100,000 open listings and asks
// 2,000 questions, each beside a read of one listing by its primary key: the same
// server, the same role under row-level security, the same way through the use
// case. It prints both and their ratio. What comes first, from a server that has not
// read these tables yet, is printed beside it.
func BenchmarkSearchBesidePrimaryKey(b *testing.B) {
	d := dbtest.New(b)
	rnd := rand.New(rand.NewPCG(1, 2))
	x := newMarket(rnd)
	ids := x.fill(b, d)
	s := &listing.Service{Pool: d.Bun, Clock: clock.NewFake(benchNow)}
	a := identity.Actor{Person: x.people[0], Bank: x.bank, Member: x.members[0], Roles: []identity.Role{identity.Member}}
	for b.Loop() {
		var read, search, row []time.Duration
		found := 0
		for i := range benchCold + benchAsked {
			if i == benchCold {
				fmt.Printf("the first %d after loading: a page read p95 %s, search p95 %s\n", benchCold, at(read, 95), at(search, 95))
				read, search, row, found = nil, nil, nil, 0
			}
			one := ids[rnd.IntN(len(ids))]
			start := time.Now()
			err := db.InTx(b.Context(), d.Bun, x.bank.ID, func(ctx context.Context, tx bun.IDB) error {
				_, err := listing.ByID(ctx, tx, x.bank.ID, one)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			row = append(row, time.Since(start))
			start = time.Now()
			if _, err := s.One(b.Context(), a, one); err != nil {
				b.Fatal(err)
			}
			read = append(read, time.Since(start))
			words := x.question(rnd, i)
			start = time.Now()
			f, err := s.Search(b.Context(), a, listing.Offer, words)
			if err != nil {
				b.Fatal(err)
			}
			search = append(search, time.Since(start))
			if len(f.Listings) > 0 {
				found++
			}
		}
		fmt.Printf("%d listings of one bank, %d questions, %d with an answer\n", benchListings, benchAsked, found)
		for _, line := range []struct {
			name string
			all  []time.Duration
		}{{"one row by primary key, in a transaction", row}, {"a page read by primary key (see-listing)", read}, {"search (list-help?words=)", search}} {
			fmt.Printf("  %-42s p50 %8s  p95 %8s\n", line.name, at(line.all, 50), at(line.all, 95))
		}
		ratio := float64(at(search, 95)) / float64(at(read, 95))
		fmt.Printf("  p95 of a search is %.1f times that of a page read, %.1f times that of one row\n", ratio, float64(at(search, 95))/float64(at(row, 95)))
		b.ReportMetric(ratio, "x-of-page-read")
	}
}

func at(all []time.Duration, percent int) time.Duration {
	slices.Sort(all)
	return all[len(all)*percent/100].Round(time.Microsecond)
}

var benchNow = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// market is a bank with members and made-up notes: common words common, rare ones rare.
type market struct {
	bank    bank.Bank
	people  []uuid.UUID
	members []uuid.UUID
	lexicon []string
	common  *rand.Zipf
	kinds   []string
}

func newMarket(rnd *rand.Rand) *market {
	x := &market{bank: bank.Bank{ID: id.New(), Slug: "large", Name: "Large", Zone: "Europe/London", Nation: "england-wales"}, common: rand.NewZipf(rnd, 1.2, 8, benchWords-1)}
	parts := strings.Fields("ba ce di fo gu har kel lim mon nar pel quin ros sal ter ul ven wal yor zin ash bro cla dre fen gla")
	for len(x.lexicon) < benchWords {
		w := ""
		for range 2 + rnd.IntN(3) {
			w += parts[rnd.IntN(len(parts))]
		}
		x.lexicon = append(x.lexicon, w)
	}
	for range benchMembers {
		x.people, x.members = append(x.people, id.New()), append(x.members, id.New())
	}
	return x
}

func (x *market) word() string { return x.lexicon[x.common.Uint64()] }

// question is one to three words; every tenth has a slip of the finger.
func (x *market) question(rnd *rand.Rand, n int) string {
	var out []string
	for range 1 + rnd.IntN(3) {
		out = append(out, x.word())
	}
	if n%4 == 0 {
		out = append(out, []string{"gardening", "lift", "dog", "computer", "chat", "hospital", "baking"}[rnd.IntN(7)])
	}
	if w := out[0]; n%10 == 0 {
		out[0] = w[:2] + string(w[3]) + string(w[2]) + w[4:]
	}
	return strings.Join(out, " ")
}

// fill writes everything in bulk, as the owner; the postings are those that
// publishing writes.
func (x *market) fill(b *testing.B, d *dbtest.DB) []uuid.UUID {
	b.Helper()
	var kinds map[string]listing.Kind
	if err := db.InTx(b.Context(), d.Bun, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		kinds, err = listing.KindNames(ctx, tx, db.NoBank)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	for code, k := range kinds {
		if k.Parent != nil {
			x.kinds = append(x.kinds, code)
		}
	}
	slices.Sort(x.kinds)
	areas := strings.Fields("Northgate Southfield Eastway Westbrook Hilltop Millbrook Station Harbour")
	var members, listings, postings, words, slips [][]any
	for i, m := range x.members {
		members = append(members, []any{x.bank.ID, m, x.people[i], fmt.Sprint("R", i), "Member", "Member", "active", "met", areas[i%len(areas)], "email", id.New(), benchNow, benchNow})
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	seen := map[int64]string{}
	count := map[int64]int{}
	var ids []uuid.UUID
	for i := range benchListings {
		note := make([]string, 3+rnd.IntN(9))
		for j := range note {
			note[j] = x.word()
		}
		who := i % benchMembers
		l := listing.Listing{BankID: x.bank.ID, ID: id.New(), MemberID: x.members[who], Type: listing.Offer, Kind: x.kinds[rnd.IntN(len(x.kinds))], Note: strings.Join(note, " "),
			State: listing.Open, ExpiresOn: benchNow.AddDate(0, 6, 0), CreatedAt: benchNow}
		ids = append(ids, l.ID)
		listings = append(listings, []any{l.BankID, l.ID, l.MemberID, l.Type, l.Kind, l.Note, l.State, x.people[who], l.CreatedAt, l.ExpiresOn})
		some, said := listing.Postings(l, areas[who%len(areas)], kinds)
		for _, p := range some {
			postings = append(postings, []any{p.BankID, p.ListingID, p.Key, p.Type, p.Weight, p.Area, p.Live})
			count[p.Key]++
		}
		for k, w := range said {
			seen[k] = w
		}
	}
	for k, w := range seen {
		words = append(words, []any{x.bank.ID, k, w, count[k]})
		for _, s := range listing.Slips(w) {
			slips = append(slips, []any{x.bank.ID, s, k})
		}
	}
	conn, err := pgx.Connect(b.Context(), d.OwnerURL)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(b.Context())) }()
	if _, err := conn.Exec(b.Context(), "set row_security = off"); err != nil {
		b.Fatal(err)
	}
	for _, t := range []struct {
		name, columns string
		rows          [][]any
	}{
		{"member", "bank_id id person_id reference name called status stage area reach_by account_id joined_on created_at", members},
		{"listing", "bank_id id member_id type kind note state created_by created_at expires_on", listings},
		{"posting", "bank_id listing_id key type weight area live", postings},
		{"vocabulary", "bank_id key word n", words},
		{"slip", "bank_id key word", slips},
	} {
		if _, err := conn.CopyFrom(b.Context(), pgx.Identifier{t.name}, strings.Fields(t.columns), pgx.CopyFromRows(t.rows)); err != nil {
			b.Fatal(t.name, err)
		}
		if _, err := conn.Exec(b.Context(), "vacuum analyze "+t.name); err != nil {
			b.Fatal(err)
		}
	}
	// What was loaded is written down, as it long is in a bank of this size: nobody who asks pays for the load.
	if _, err := conn.Exec(b.Context(), "checkpoint"); err != nil {
		b.Fatal(err)
	}
	return ids
}
