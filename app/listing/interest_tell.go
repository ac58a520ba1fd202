package listing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/contact"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
	"timebank/app/platform/keep"
	"timebank/app/platform/words"
)

// TellOfNew tells a member, in one message, what is new of what they want to be told
// about.
const TellOfNew = "new-help"

// TellInterests is the job that looks, once a day for each member of one bank, whether
// something new is there for them.
type TellInterests struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (TellInterests) Kind() string { return "tell-interests" }

// Nobody is woken by what can wait: it is told from 9 in the morning until the
// evening, in the bank's zone.
const (
	tellFrom  = 9
	tellUntil = 19
)

const (
	lookBack  = 5 * time.Minute // what was being published while we looked
	mostNew   = 500             // listings that are looked through for one member
	mostLines = 10              // of one message
	everyWeek = 7               // days, for whom a broker rings
)

// interestFound is a listing that a member was told of.
type interestFound struct {
	bun.BaseModel `bun:"table:interest_found"`

	BankID    uuid.UUID `bun:"bank_id"`
	MemberID  uuid.UUID `bun:"member_id"`
	ListingID uuid.UUID `bun:"listing_id"`
	DigestID  uuid.UUID `bun:"digest_id"` // all that were told at once
	FoundAt   time.Time `bun:"found_at"`
}

// TellInterests tells every member of a bank at most once a day what is new for them;
// whom a broker has to ring, once a week. Run twice it tells once.
func (s *Service) TellInterests(ctx context.Context, bankID uuid.UUID) error {
	now := s.Clock.Now()
	var b bank.Bank
	var due []uuid.UUID
	err := db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) (err error) {
		due = nil
		if b, err = bank.ByID(ctx, tx, bankID); err != nil {
			return err
		}
		if h := now.In(b.Location()).Hour(); h < tellFrom || h >= tellUntil {
			return nil
		}
		err = tx.NewSelect().Model((*Interest)(nil)).ColumnExpr("distinct member_id").Where("bank_id = ?", bankID).Where("ended_at is null").
			Where("looked_on < ?", b.Today(now)).Scan(ctx, &due)
		if err != nil {
			return fmt.Errorf("list who wants to be told: %w", err)
		}
		return nil
	})
	for _, who := range due {
		err = errors.Join(err, db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error { return s.tellOne(ctx, tx, b, who, now) }))
	}
	return err
}

// tellOne looks for one member. Who rests is told nothing, and not of it later.
func (s *Service) tellOne(ctx context.Context, tx bun.IDB, b bank.Bank, who uuid.UUID, now time.Time) error {
	today := b.Today(now)
	m, err := member.Lock(ctx, tx, b.ID, who)
	if err != nil {
		return err
	}
	wait := 1
	if rung, err := s.Message.Rung(ctx, tx, m); err != nil {
		return err
	} else if rung {
		wait = everyWeek
	}
	var wants []Interest
	err = tx.NewSelect().Model(&wants).Where("bank_id = ?", b.ID).Where("member_id = ?", who).Where("ended_at is null").
		Where("looked_on <= ?", today.AddDate(0, 0, -wait)).Order("id").For("update").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read interests: %w", err)
	}
	if len(wants) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(wants))
	for i, w := range wants {
		ids[i] = w.ID
	}
	_, err = tx.NewUpdate().Model((*Interest)(nil)).Set("looked_on = ?", today).Set("told_from = ?", now.Add(-lookBack)).
		Where("bank_id = ?", b.ID).Where("id in (?)", bun.List(ids)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note who was looked for: %w", err)
	}
	if m.Status != member.Active {
		return nil
	}
	found, err := fresh(ctx, tx, b.ID, m, wants, today)
	if err != nil || len(found) == 0 {
		return err
	}
	digest := id.New()
	rows := make([]interestFound, len(found))
	for i, l := range found {
		rows[i] = interestFound{BankID: b.ID, MemberID: who, ListingID: l, DigestID: digest, FoundAt: now}
	}
	var told []uuid.UUID
	if err := tx.NewInsert().Model(&rows).On("conflict do nothing").Returning("listing_id").Scan(ctx, &told); err != nil {
		return fmt.Errorf("note what was found: %w", err)
	}
	if len(told) == 0 {
		return nil
	}
	return s.Message.Write(ctx, tx, message.To{Bank: b, Member: who, Template: TellOfNew, Subject: digest, CallBy: b.AfterWorkingDays(now, 3)})
}

// fresh lists what is new for a member, newest first: open, of members who are there
// and from whom they are not kept apart, and none of their own.
func fresh(ctx context.Context, tx bun.IDB, bank uuid.UUID, m member.Member, wants []Interest, today time.Time) ([]uuid.UUID, error) {
	since := map[string]time.Time{}
	for _, w := range wants {
		if from, ok := since[w.Type]; !ok || w.ToldFrom.Before(from) {
			since[w.Type] = w.ToldFrom
		}
	}
	var rows []Listing
	for kind, from := range since {
		var some []Listing
		err := tx.NewSelect().Model(&some).Where("bank_id = ?", bank).Where("type = ?", kind).Where("state = 'open'").Where("created_at > ?", from).
			Where("expires_on >= ?", today).Where("member_id <> ?", m.ID).Order("created_at DESC", "id DESC").Limit(mostNew).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("list what is new: %w", err)
		}
		rows = append(rows, some...)
	}
	rows, _, err := telling(ctx, tx, bank, m.ID, rows)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	kinds, err := KindNames(ctx, tx, bank)
	if err != nil {
		return nil, err
	}
	stands, err := standing(ctx, tx, bank, rows)
	if err != nil {
		return nil, err
	}
	var out []uuid.UUID
	for _, w := range wants {
		asked, err := waitedFor(ctx, tx, bank, w.Words)
		if err != nil {
			return nil, err
		}
		for _, l := range rows {
			if l.Type == w.Type && l.CreatedAt.After(w.ToldFrom) && within(kinds, l.Kind, w.Kind) && says(stands[l.ID], asked) && !slices.Contains(out, l.ID) {
				out = append(out, l.ID)
			}
		}
	}
	return out, nil
}

// telling leaves of listings those that a member may be told of now, with whose they
// are: open, of members who are there and from whom they are not kept apart.
func telling(ctx context.Context, tx bun.IDB, bank, reader uuid.UUID, rows []Listing) ([]Listing, map[uuid.UUID]member.Member, error) {
	apart, err := contact.Apart(ctx, tx, bank, reader)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]uuid.UUID, len(rows))
	for i, l := range rows {
		ids[i] = l.MemberID
	}
	people, err := member.Some(ctx, tx, bank, ids)
	if err != nil {
		return nil, nil, err
	}
	return slices.DeleteFunc(rows, func(l Listing) bool {
		return l.State != Open || apart[l.MemberID] || people[l.MemberID].Status != member.Active
	}), people, nil
}

// within tells whether a kind is the wanted one, or in its group.
func within(kinds map[string]Kind, kind, wanted string) bool {
	p := kinds[kind].Parent
	return wanted == "" || kind == wanted || (p != nil && *p == wanted)
}

// waitedFor is, for each word, the keys of which one must stand in a listing: the
// same that search would look for.
func waitedFor(ctx context.Context, tx bun.IDB, bankID uuid.UUID, words string) (map[int][]int64, error) {
	out := map[int][]int64{}
	asked := tokens(words)
	if len(asked) == 0 {
		return out, nil
	}
	u, err := understand(ctx, tx, identity.Actor{Bank: bank.Bank{ID: bankID}}, asked)
	for _, t := range u.terms {
		out[t.word] = append(out[t.word], t.key)
	}
	return out, err
}

// standing are the keys of what stands in listings.
func standing(ctx context.Context, tx bun.IDB, bank uuid.UUID, rows []Listing) (map[uuid.UUID]map[int64]bool, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, l := range rows {
		ids[i] = l.ID
	}
	var stands []Posting
	if err := tx.NewSelect().Model(&stands).Column("listing_id", "key").Where("bank_id = ?", bank).Where("listing_id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read postings: %w", err)
	}
	out := map[uuid.UUID]map[int64]bool{}
	for _, p := range stands {
		if out[p.ListingID] == nil {
			out[p.ListingID] = map[int64]bool{}
		}
		out[p.ListingID][p.Key] = true
	}
	return out, nil
}

// says tells whether every word, by one of its keys, is among those of a listing.
func says(stands map[int64]bool, asked map[int][]int64) bool {
	for _, keys := range asked {
		if !slices.ContainsFunc(keys, func(k int64) bool { return stands[k] }) {
			return false
		}
	}
	return true
}

// digestOf lists what a member is to be told of, as far as it still holds.
func digestOf(ctx context.Context, tx bun.IDB, bank, digest uuid.UUID) (who uuid.UUID, rows []Listing, people map[uuid.UUID]member.Member, err error) {
	var found []interestFound
	if err := tx.NewSelect().Model(&found).Where("bank_id = ?", bank).Where("digest_id = ?", digest).Scan(ctx); err != nil {
		return uuid.Nil, nil, nil, fmt.Errorf("read what was found: %w", err)
	}
	if len(found) == 0 {
		return uuid.Nil, nil, nil, nil
	}
	ids := make([]uuid.UUID, len(found))
	for i, f := range found {
		ids[i] = f.ListingID
	}
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id in (?)", bun.List(ids)).Order("type", "id DESC").Scan(ctx); err != nil {
		return uuid.Nil, nil, nil, fmt.Errorf("read what was found: %w", err)
	}
	who = found[0].MemberID
	rows, people, err = telling(ctx, tx, bank, who, rows)
	return who, rows, people, err
}

// renderNew words one digest.
func (s *Service) renderNew(ctx context.Context, tx bun.IDB, b bank.Bank, _ member.Member, digest uuid.UUID) (message.Words, error) {
	_, rows, people, err := digestOf(ctx, tx, b.ID, digest)
	if err != nil || len(rows) == 0 {
		return message.Words{}, err
	}
	kinds, err := KindNames(ctx, tx, b.ID)
	if err != nil {
		return message.Words{}, err
	}
	say := words.Of(ctx)
	var lines strings.Builder
	for _, l := range rows[:min(len(rows), mostLines)] {
		text := words.Text("{name} offers: {kind}\n{link}\n\n")
		if l.Type == Request {
			text = "{name} asks for: {kind}\n{link}\n\n"
		}
		lines.WriteString(say.Say(text, "name", people[l.MemberID].Called, "kind", kinds[l.Kind].Name, "link", s.URL+"/listing?id="+l.ID.String()))
	}
	if more := len(rows) - mostLines; more > 0 {
		lines.WriteString(say.Say("There are {n} more on the list: {link}\n\n", "n", more, "link", s.URL+"/offers"))
	}
	subject := say.Say("New: {kind}", "kind", kinds[rows[0].Kind].Name)
	if len(rows) > 1 {
		subject = say.Say("New for you: {n} things on the list", "n", len(rows))
	}
	return message.Words{Subject: subject, Text: say.Say("You asked to be told about this.\n\n{lines}To be told about other things, or no more: {link}",
		"lines", lines.String(), "link", s.URL+"/interests")}, nil
}

// DescribeNew words digests of members whom a broker rings, for the desk.
func DescribeNew(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	kinds, err := KindNames(ctx, tx, bank)
	if err != nil {
		return nil, err
	}
	say := words.Of(ctx)
	out := map[uuid.UUID]desk.Line{}
	for _, digest := range ids {
		who, rows, people, err := digestOf(ctx, tx, bank, digest)
		if err != nil {
			return nil, err
		}
		if who == uuid.Nil {
			continue
		}
		one, err := member.Some(ctx, tx, bank, []uuid.UUID{who})
		if err != nil {
			return nil, err
		}
		label, err := member.Labels(ctx, tx, bank, one)
		if err != nil {
			return nil, err
		}
		line := desk.Line{Who: label[who], What: say.Say("Something that they wanted to hear about was there, and is gone"), Link: "/broker/member?id=" + who.String(), Member: &who}
		if len(rows) > 0 {
			news := make([]string, 0, mostLines)
			for _, l := range rows[:min(len(rows), mostLines)] {
				text := words.Text("{name} offers {kind}")
				if l.Type == Request {
					text = "{name} asks for {kind}"
				}
				news = append(news, say.Say(text, "name", people[l.MemberID].Called, "kind", kinds[l.Kind].Name))
			}
			line.What = say.Say("Tell them what is new: {news}", "news", say.And(news))
		}
		out[digest] = line
	}
	return out, nil
}

func interestRule() keep.Rule {
	const over = `(select count(*) as n, min(found_at) as since from interest_found where bank_id = ?0 and found_at < ?1
		union all select count(*), min(ended_at) from interest where bank_id = ?0 and ended_at < ?1) x`
	return keep.Rule{Name: "interests", Title: "What members were told of, and no longer want to be told", Then: "The line is deleted. What a member wants to be told stays until they take it off or leave.", Days: 60, Least: 14,
		Count: func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before time.Time) (keep.Due, error) {
			var d keep.Due
			if err := tx.NewRaw("select coalesce(sum(n), 0), min(since) from "+over, bank, before).Scan(ctx, &d.Count, &d.Oldest); err != nil {
				return d, fmt.Errorf("count interests: %w", err)
			}
			return d, nil
		},
		Forget: func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before, _ time.Time, most int) (n int64, err error) {
			if err := tx.NewRaw("select forget_interests(?, ?, ?)", bank, before, most).Scan(ctx, &n); err != nil {
				return 0, fmt.Errorf("forget interests: %w", err)
			}
			return n, nil
		}}
}
