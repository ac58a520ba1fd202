package ledger

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

const sqlPost = `select ledger.post(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, ?, ?, ?, ?, ?, ?)`

const sqlReverse = `select ledger.reverse(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// Post moves minutes, in one round trip inside the caller's transaction.
//
// The same key with the same input answers the first receipt again, with
// Replayed set, also where the transfer would be refused by now.
//
// Refusals, with nothing written and the transaction still usable: ErrInvalid,
// ErrFuture, ErrZero, ErrUnbalanced, ErrSameAccount, ErrOverflow, ErrNoAccount,
// ErrClosed, ErrBooksClosed, ErrWrongAccount, ErrInsufficient, ErrCeiling,
// ErrKeyReused. A soft floor blocks nothing: see [Posted.CrossedSoft].
func Post(ctx context.Context, db bun.IDB, t Transfer) (Receipt, error) {
	legs, err := t.check()
	if err != nil {
		return Receipt{}, err
	}
	accounts, minutes := arrays(legs)
	side := sides[t.Kind]
	a, err := answerOf(ctx, db, sqlPost, t.Bank, newID(t.At), string(t.Kind), t.Key, digest(t.canonical(legs, uuid.Nil)), t.Actor,
		orNull(t.OnBehalfOf), t.Category, t.Reference.Kind, orNull(t.Reference.ID), t.EffectiveOn.String(), stamp(t.At), t.Reason,
		accounts, minutes, side.givers, side.receivers, side.needs)
	if err != nil {
		return Receipt{}, fmt.Errorf("ledger: post: %w", err)
	}
	return a.receipt(t)
}

// Reversing is a request to take a transfer back.
type Reversing struct {
	Bank        uuid.UUID
	Original    uuid.UUID
	Key         string // as in Transfer
	Actor       uuid.UUID
	OnBehalfOf  uuid.UUID
	Reason      string // required
	EffectiveOn Date
	At          time.Time
}

// Reverse takes a transfer back: it posts the same legs with their signs turned,
// linked to the original, which stays as it is. Each transfer is taken back at
// most once, whoever races. Limits hold for a reversal too: hours that have been
// spent since cannot be taken back below a hard floor.
//
// Refusals are those of Post and ErrNoTransfer, ErrAlreadyReversed,
// ErrReversalOfReversal.
func Reverse(ctx context.Context, db bun.IDB, r Reversing) (Receipt, error) {
	if err := (request{r.Bank, r.Key, r.Actor, r.EffectiveOn, r.At}).check(); err != nil {
		return Receipt{}, err
	}
	if err := text("reason", r.Reason, 1000, true); err != nil {
		return Receipt{}, err
	}
	if r.Original == uuid.Nil {
		return Receipt{}, ErrNoTransfer{}
	}
	// The original says what moves, so the request has no legs of its own.
	t := Transfer{Bank: r.Bank, Kind: Reversal, Key: r.Key, Actor: r.Actor, OnBehalfOf: r.OnBehalfOf,
		EffectiveOn: r.EffectiveOn, Reason: r.Reason, At: r.At}
	a, err := answerOf(ctx, db, sqlReverse, r.Bank, newID(r.At), r.Key, digest(t.canonical(nil, r.Original)), r.Actor,
		orNull(r.OnBehalfOf), r.EffectiveOn.String(), stamp(r.At), r.Original, r.Reason)
	if err != nil {
		return Receipt{}, fmt.Errorf("ledger: reverse: %w", err)
	}
	switch a.outcome {
	case "no-transfer":
		return Receipt{}, ErrNoTransfer{r.Original}
	case "reversal-of-reversal":
		return Receipt{}, ErrReversalOfReversal{r.Original}
	case "already-reversed":
		return Receipt{}, ErrAlreadyReversed{Original: r.Original, Reversal: a.id.UUID}
	}
	return a.receipt(t)
}

// answer is what a function of the ledger said.
type answer struct {
	outcome  string
	id       uuid.NullUUID
	postedAt sql.NullTime
	accounts []uuid.UUID
	figures  []*Minutes
}

// answerOf reads the answer of ledger.post or ledger.reverse.
func answerOf(ctx context.Context, db bun.IDB, query string, args ...any) (a answer, err error) {
	var said string
	if err := db.NewRaw(query, args...).Scan(ctx, &said); err != nil {
		return a, err
	}
	f := strings.Split(said, "|")
	if len(f) != 5 {
		return a, fmt.Errorf("read %q: not five fields", said)
	}
	a.outcome = f[0]
	if f[1] != "" {
		if err := a.id.Scan(f[1]); err != nil {
			return a, err
		}
	}
	if f[2] != "" {
		a.postedAt.Valid = true
		if a.postedAt.Time, err = instantOf(f[2]); err != nil {
			return a, err
		}
	}
	if a.accounts, err = parseIDs(f[3]); err != nil {
		return a, err
	}
	a.figures, err = parseMinutes(f[4])
	return a, err
}

// instantOf reads an instant as Postgres writes it in UTC.
func instantOf(s string) (time.Time, error) { return time.Parse("2006-01-02 15:04:05-07", s) }

func ask(ctx context.Context, db bun.IDB, query string, args ...any) (answer, error) {
	return askMore(ctx, db, nil, query, args...)
}

// askMore also reads columns behind those of every answer.
func askMore(ctx context.Context, db bun.IDB, more []any, query string, args ...any) (answer, error) {
	var a answer
	var accounts, figures sql.NullString
	err := db.NewRaw(query, args...).Scan(ctx, append([]any{&a.outcome, &a.id, &a.postedAt, &accounts, &figures}, more...)...)
	if err != nil {
		return a, err
	}
	if a.accounts, err = parseIDs(accounts.String); err != nil {
		return a, err
	}
	a.figures, err = parseMinutes(figures.String)
	return a, err
}

// receipt turns the database's answer into a receipt or a typed refusal.
func (a answer) receipt(t Transfer) (Receipt, error) {
	switch a.outcome {
	case "posted", "replayed":
		if len(a.figures) != 4*len(a.accounts) {
			return Receipt{}, fmt.Errorf("ledger: %d figures for %d legs", len(a.figures), len(a.accounts))
		}
		r := Receipt{ID: a.id.UUID, PostedAt: a.postedAt.Time.UTC(), Replayed: a.outcome == "replayed"}
		r.Legs = make([]Posted, len(a.accounts))
		for i, account := range a.accounts {
			f := a.figures[4*i:]
			r.Legs[i] = Posted{Leg: Leg{account, *f[0]}, Balance: *f[1], N: int64(*f[2]), SoftFloor: f[3]}
		}
		return r, nil
	case "key-reused":
		return Receipt{}, ErrKeyReused{Key: t.Key, First: a.id.UUID}
	}
	var account uuid.UUID
	if len(a.accounts) == 1 {
		account = a.accounts[0]
	}
	var posted, minutes, out, in, low, high Minutes
	for i, p := range []*Minutes{&posted, &minutes, &out, &in, &low, &high} {
		if i < len(a.figures) && a.figures[i] != nil {
			*p = *a.figures[i]
		}
	}
	switch a.outcome {
	case "no-account":
		return Receipt{}, ErrNoAccount{account}
	case "closed":
		return Receipt{}, ErrClosed{account}
	case "books-closed":
		return Receipt{}, ErrBooksClosed{account, t.EffectiveOn}
	case "wrong-account":
		return Receipt{}, ErrWrongAccount{account, t.Kind}
	case "insufficient":
		return Receipt{}, ErrInsufficient{Account: account, Balance: posted, Held: out, Needed: -minutes, Floor: low}
	case "ceiling":
		return Receipt{}, ErrCeiling{Account: account, Balance: posted, Held: in, Added: minutes, Ceiling: high}
	case "overflow":
		return Receipt{}, ErrOverflow{Account: account, Balance: posted, Minutes: minutes}
	}
	return Receipt{}, fmt.Errorf("ledger: unknown outcome %q", a.outcome)
}

// newID is a UUIDv7 of the given instant, so that ids ascend with the time of
// posting and nothing reads a clock.
func newID(at time.Time) uuid.UUID {
	id := uuid.New()
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = 0x70 | id[6]&0x0f
	return id
}

// stamp is an instant as the database keeps it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func orNull(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}

type literals struct{ givers, receivers, needs any }

// sides is rules as Postgres arrays, made once.
var sides = func() map[Kind]literals {
	array := func(kinds []AccountKind) any {
		if kinds == nil {
			return nil
		}
		words := make([]string, len(kinds))
		for i, k := range kinds {
			words[i] = string(k)
		}
		return "{" + strings.Join(words, ",") + "}"
	}
	m := make(map[Kind]literals, len(rules))
	for k, r := range rules {
		m[k] = literals{array(r.givers), array(r.receivers), array(r.needs)}
	}
	return m
}()

// arrays is the legs as two Postgres array literals.
func arrays(legs []Leg) (accounts, minutes string) {
	a, m := make([]byte, 1, 2+37*len(legs)), make([]byte, 1, 2+8*len(legs))
	a[0], m[0] = '{', '{'
	for i, l := range legs {
		if i > 0 {
			a, m = append(a, ','), append(m, ',')
		}
		a = append(a, l.Account.String()...)
		m = strconv.AppendInt(m, int64(l.Minutes), 10)
	}
	return string(append(a, '}')), string(append(m, '}'))
}

func parseIDs(s string) ([]uuid.UUID, error) {
	s = strings.Trim(s, "{}")
	if s == "" {
		return nil, nil
	}
	ids := make([]uuid.UUID, 0, (len(s)+1)/37)
	for p := range strings.SplitSeq(s, ",") {
		id, err := uuid.Parse(p)
		if err != nil {
			return nil, fmt.Errorf("ledger: read accounts: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// parseMinutes reads a Postgres bigint[]; null elements become nil.
func parseMinutes(s string) ([]*Minutes, error) {
	s = strings.Trim(s, "{}")
	if s == "" {
		return nil, nil
	}
	var out []*Minutes
	for p := range strings.SplitSeq(s, ",") {
		if p == "NULL" {
			out = append(out, nil)
			continue
		}
		v, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("ledger: read figures: %w", err)
		}
		out = append(out, new(Minutes(v)))
	}
	return out, nil
}
