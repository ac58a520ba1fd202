package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Crossing moves minutes from an account of one bank to an account of another. No
// transaction spans two banks: each posts a half of its own against its clearing
// account with the other, and both halves carry the crossing's id as their
// reference, so that either book says where its hours went or came from.
//
// The giving bank posts [Crossing.Out] and enqueues the rest in the same
// transaction; the receiving bank then posts [Crossing.In]. Where it refuses, the
// first half is taken back with [Crossing.Back]. Each has a key made of the id, so
// each may be sent again until its answer has come.
type Crossing struct {
	ID          uuid.UUID
	From, To    End
	Minutes     Minutes // above zero
	Actor       uuid.UUID
	OnBehalfOf  uuid.UUID
	EffectiveOn Date
	Reason      string
	At          time.Time
}

// End is a crossing's account in one of the two banks.
type End struct{ Bank, Account uuid.UUID }

// CrossingReference is the reference kind of both halves.
const CrossingReference = "crossing"

// ClearingWith is the id of a bank's clearing account with another bank: what the
// two owe each other, seen from the first. It is the same on every machine.
func ClearingWith(bank, other uuid.UUID) uuid.UUID {
	return uuid.NewSHA1(bank, other[:])
}

// OpenClearing opens a bank's clearing account with another where there is none
// yet. It has no limits: it stands for a promise between two communities, and
// [Clearing] accounts may stand below zero for as long as they like.
func OpenClearing(ctx context.Context, db bun.IDB, bank, other, actor uuid.UUID, at time.Time) error {
	id := ClearingWith(bank, other)
	if _, err := BalanceOf(ctx, db, bank, id); err != error(ErrNoAccount{id}) {
		return err
	}
	err := OpenAccount(ctx, db, Account{Bank: bank, ID: id, Kind: Clearing, Actor: actor, Reason: "clearing with another time bank", At: at})
	if err == error(ErrAccountExists{Account: id}) {
		return nil // opened meanwhile
	}
	return err
}

// Out is the giving bank's half. It refuses, with ErrInvalid, a crossing within
// one bank or without an id, and with ErrZero minutes that are not above zero.
func (c Crossing) Out() (Transfer, error) {
	return c.half(c.From, c.To.Bank, c.Minutes, "out")
}

// In is the receiving bank's half; refusals as for Out.
func (c Crossing) In() (Transfer, error) {
	return c.half(c.To, c.From.Bank, -c.Minutes, "in")
}

func (c Crossing) half(end End, other uuid.UUID, given Minutes, way string) (Transfer, error) {
	switch {
	case c.ID == uuid.Nil:
		return Transfer{}, ErrInvalid{"id", "is missing"}
	case end.Bank == other:
		return Transfer{}, ErrInvalid{"bank", "is the same on both sides"}
	case c.Minutes <= 0:
		return Transfer{}, ErrZero{Account: c.From.Account, Minutes: c.Minutes}
	}
	return Transfer{Bank: end.Bank, Kind: BetweenBanks, Key: c.key(way), Actor: c.Actor, OnBehalfOf: c.OnBehalfOf,
		Reference: Reference{Kind: CrossingReference, ID: c.ID}, EffectiveOn: c.EffectiveOn, Reason: c.Reason, At: c.At,
		Legs: []Leg{{end.Account, -given}, {ClearingWith(end.Bank, other), given}}}, nil
}

// Back takes the giving bank's half back, for a crossing that the other bank has
// refused; out is that half's transfer.
func (c Crossing) Back(out uuid.UUID, why string, at time.Time) Reversing {
	return Reversing{Bank: c.From.Bank, Original: out, Key: c.key("back"), Actor: c.Actor, OnBehalfOf: c.OnBehalfOf, Reason: why,
		EffectiveOn: c.EffectiveOn, At: at}
}

func (c Crossing) key(way string) string { return "crossing/" + c.ID.String() + "/" + way }

// Crossed is what a bank's books say of its crossings with another: by crossing,
// the minutes that its clearing account has received, a half that was taken back
// counting as nothing. Two banks agree where each crossing's figures sum to zero;
// one that only the giver knows is on its way.
func Crossed(ctx context.Context, db bun.IDB, bank, other uuid.UUID) (map[uuid.UUID]Minutes, error) {
	var rows []struct {
		ID      uuid.UUID
		Minutes Minutes
	}
	err := db.NewRaw(`select t.ref_id as id, sum(e.minutes)::bigint as minutes from ledger.entry e
join ledger.transfer t on t.bank_id = e.bank_id and t.id = e.transfer_id
where e.bank_id = ? and e.account_id = ? and t.ref_kind = ? and t.ref_id is not null group by t.ref_id having sum(e.minutes) <> 0`,
		bank, ClearingWith(bank, other), CrossingReference).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("ledger: crossings: %w", err)
	}
	out := make(map[uuid.UUID]Minutes, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Minutes
	}
	return out, nil
}
