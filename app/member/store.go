package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
)

// ByID finds a member of a bank. Refuses with ErrNoMember.
func ByID(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Member, error) {
	var m Member
	err := tx.NewSelect().Model(&m).Where("bank_id = ?", bank).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return m, ErrNoMember
	}
	if err != nil {
		return m, fmt.Errorf("find member: %w", err)
	}
	return m, nil
}

// OfPerson finds a person's membership; uuid.Nil when there is none, or it ended.
func OfPerson(ctx context.Context, tx bun.IDB, bank, person uuid.UUID) (uuid.UUID, error) {
	var id uuid.UUID
	err := tx.NewSelect().Model((*Member)(nil)).Column("id").Where("bank_id = ?", bank).
		Where("person_id = ?", person).Where("status <> ?", Left).Scan(ctx, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("find membership: %w", err)
	}
	return id, nil
}

// Some reads members by id.
func Some(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]Member, error) {
	out := map[uuid.UUID]Member{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []Member
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id = any(?)", db.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	for _, m := range rows {
		out[m.ID] = m
	}
	return out, nil
}

// Face is what other members see of one, with whether and how they are reached.
type Face struct {
	ID                            uuid.UUID
	Called, Area, Status, ReachBy string
}

// Party is a member as one side of help: what the other side sees, and where their hours stand.
type Party struct {
	Face
	AccountID uuid.UUID
}

// Beside adds to a question the member whose id stands in a column of its table: a Party,
// in columns whose names begin with as and an underscore.
func Beside(q *bun.SelectQuery, as, column string) *bun.SelectQuery {
	for _, c := range []string{"id", "called", "area", "status", "reach_by", "account_id"} {
		q = q.ColumnExpr("?.? as ?", bun.Ident(as), bun.Ident(c), bun.Ident(as+"_"+c))
	}
	return q.Join("join member as ?0 on ?0.bank_id = ?TableAlias.bank_id and ?0.id = ?TableAlias.?1", bun.Ident(as), bun.Ident(column))
}

// Faces reads what others see of members, by id.
func Faces(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]Face, error) {
	out := make(map[uuid.UUID]Face, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var rows []Face
	err := tx.NewSelect().Model((*Member)(nil)).Column("id", "called", "area", "status", "reach_by").Where("bank_id = ?", bank).Where("id = any(?)", db.List(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read faces: %w", err)
	}
	for _, r := range rows {
		out[r.ID] = r
	}
	return out, nil
}

// AreaOf is a member's area as part of another question.
func AreaOf(tx bun.IDB, bank, id uuid.UUID) *bun.SelectQuery {
	return tx.NewSelect().Model((*Member)(nil)).Column("area").Where("bank_id = ?", bank).Where("id = ?", id)
}

// FaceOf is what others see of a member, named by a column of another question.
func FaceOf(tx bun.IDB, bank uuid.UUID, column string) *bun.SelectQuery {
	return tx.NewSelect().Model((*Member)(nil)).Column("called", "area").Where("member.bank_id = ?", bank).Where("member.id = ?", bun.Ident(column))
}

// AllActive lists the members who take part.
func AllActive(ctx context.Context, tx bun.IDB, bank uuid.UUID) ([]Member, error) {
	var out []Member
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("status = ?", Active).Order("name", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return out, nil
}

// pageSize is how many members a page of the register has.
const pageSize = 50

// search finds members by a part of their name, reference or number, by name.
// after is the last member of the page before, or nil.
func search(ctx context.Context, tx bun.IDB, bank uuid.UUID, words string, after *Member) ([]Member, error) {
	var out []Member
	q := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("status <> ?", Left).
		OrderExpr("lower(name), id").Limit(pageSize + 1)
	for _, w := range strings.Fields(words) {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(w)) + "%"
		q = q.Where("(lower(name) like ? or lower(called) like ? or lower(reference) like ? or phone like ?)", like, like, like, number(w))
	}
	if after != nil {
		q = q.Where("(lower(name), id) > (lower(?), ?)", after.Name, after.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("search members: %w", err)
	}
	return out, nil
}

// number is a pattern for a part of a phone number as people say it: 01632 and
// (0)1632 find +441632. A word that is no number finds none.
func number(word string) string {
	d := strings.TrimLeft(strings.Trim(word, "()+-."), "0")
	if d == "" || strings.Trim(d, "0123456789") != "" {
		return ""
	}
	return "%" + d + "%"
}

// SeenEvery is how exactly it is kept when a member was last there.
const SeenEvery = time.Hour

// Seen notes that a member was there, at most once in SeenEvery.
func Seen(ctx context.Context, tx bun.IDB, bank, id uuid.UUID, now time.Time) error {
	_, err := tx.NewUpdate().Model((*Member)(nil)).Set("seen_at = ?", now).Where("bank_id = ?", bank).Where("id = ?", id).
		Where("seen_at is null or seen_at < ?", now.Add(-SeenEvery)).Exec(db.Later(ctx))
	if err != nil {
		return fmt.Errorf("note visit: %w", err)
	}
	return nil
}

// Labels is how staff tell members apart: the name they like, or the full name
// where another member of the bank goes by the same, with the reference where the
// full name is the same too.
func Labels(ctx context.Context, tx bun.IDB, bank uuid.UUID, people map[uuid.UUID]Member) (map[uuid.UUID]string, error) {
	out := make(map[uuid.UUID]string, len(people))
	if len(people) == 0 {
		return out, nil
	}
	var called, names []string
	for _, m := range people {
		called, names = append(called, strings.ToLower(m.Called)), append(names, strings.ToLower(m.Name))
	}
	var rows []struct {
		Called, Name string
	}
	err := tx.NewSelect().Model((*Member)(nil)).ColumnExpr("lower(called) as called, lower(name) as name").Where("bank_id = ?", bank).Where("status <> ?", Left).
		Where("lower(called) in (?) or lower(name) in (?)", bun.List(called), bun.List(names)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("tell members apart: %w", err)
	}
	sameCalled, sameName := map[string]int{}, map[string]int{}
	for _, r := range rows {
		sameCalled[r.Called]++
		sameName[r.Name]++
	}
	for id, m := range people {
		switch {
		case sameName[strings.ToLower(m.Name)] > 1:
			out[id] = m.Name + " (" + m.Reference + ")"
		case sameCalled[strings.ToLower(m.Called)] > 1:
			out[id] = m.Name
		default:
			out[id] = m.Called
		}
	}
	return out, nil
}
