package exchangefile

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/exchange"
	"timebank/ledger"
)

// postOpenings posts what the balances have beside the file's transfers, before
// these, so that statements begin with it.
func (w *writer) postOpenings(ctx context.Context, tx bun.IDB) error {
	for _, o := range w.d.Openings {
		if o.Standing != New {
			continue
		}
		from, to := w.d.Bank.IssueAccount, w.accounts[o.Member.Key()]
		if o.Minutes < 0 {
			from, to = to, from
		}
		t := ledger.Transfer{Kind: ledger.Opening, Key: o.Key(), EffectiveOn: ledger.DateOf(o.On), Reason: "balance brought in from TimeOverflow"}
		if _, err := w.post(ctx, tx, t, from, to, max(o.Minutes, -o.Minutes)); err != nil {
			return fmt.Errorf("opening balance of member %d: %w", o.Member.UID, err)
		}
	}
	return nil
}

// postTransfers posts the transfers in the order of time. Help from one member to
// another becomes a settled exchange as well, so that it counts as done before.
func (w *writer) postTransfers(ctx context.Context, tx bun.IDB) error {
	var all []exchange.Exchange
	var events []exchange.Event
	for _, p := range w.d.Transfers {
		if p.Standing != New {
			continue
		}
		t := ledger.Transfer{Kind: p.ledgerKind(), Key: p.Key(), EffectiveOn: ledger.DateOf(p.On), Category: p.Kind, Reason: p.Reason}
		if p.Help() {
			t.Reference = ledger.Reference{Kind: "exchange", ID: idAt(w.happened(p.When))}
		}
		receipt, err := w.post(ctx, tx, t, w.accounts[p.From.Key()], w.accounts[p.To.Key()], p.Minutes)
		if err != nil {
			return fmt.Errorf("transfer of row %d: %w", p.Row, err)
		}
		if p.Help() {
			e := w.exchange(p, t.Reference.ID, receipt.ID)
			all = append(all, e)
			events = append(events, w.events(e)...)
		}
	}
	return addExchanges(ctx, tx, all, events)
}

// ledgerKind is why the minutes moved.
func (t Transfer) ledgerKind() ledger.Kind {
	switch {
	case t.From.Kind == OtherBank || t.To.Kind == OtherBank:
		return ledger.BetweenBanks
	case t.From.Kind == ThePot:
		return ledger.Grant
	case t.To.Kind == ThePot:
		return ledger.Donation
	case !t.Help():
		return ledger.Gift // more than a day in one piece is nobody's afternoon
	}
	return ledger.Exchange
}

func (w *writer) post(ctx context.Context, tx bun.IDB, t ledger.Transfer, from, to uuid.UUID, minutes int64) (ledger.Receipt, error) {
	legs, err := ledger.Move(from, to, ledger.Minutes(minutes))
	if err != nil {
		return ledger.Receipt{}, err
	}
	t.Bank, t.Actor, t.At, t.Legs, t.Key = w.d.Bank.ID, w.actor, w.d.At, legs, ledgerKey(t.Key)
	return ledger.Post(ctx, tx, t)
}

// exchange is the settled exchange of a transfer: who received the hours helped.
func (w *writer) exchange(p TransferPlan, exchangeID, transfer uuid.UUID) exchange.Exchange {
	at, key, on, minutes := w.happened(p.When), p.Key(), p.On, p.Minutes
	helper := w.members[p.To.Key()]
	return exchange.Exchange{BankID: w.d.Bank.ID, ID: exchangeID, Kind: p.Kind, HelperID: helper, HelpedID: w.members[p.From.Key()],
		State: exchange.Settled, Note: p.Post, HelperSaid: "yes", HelpedSaid: "yes", Minutes: &minutes, HappenedOn: &on,
		DoneBy: &helper, DoneAt: &at, TransferID: &transfer, Version: 2, CreatedAt: at, ImportKey: &key}
}

func (w *writer) events(e exchange.Exchange) []exchange.Event {
	moved := func(seq int, from, to exchange.State) exchange.Event {
		return exchange.Event{BankID: e.BankID, ExchangeID: e.ID, Seq: seq, From: from, To: to, ActorID: w.actor, ActedAs: exchange.Broker,
			Minutes: e.Minutes, Reason: "brought in from TimeOverflow", At: w.d.At}
	}
	return []exchange.Event{moved(1, exchange.New, exchange.Done), moved(2, exchange.Done, exchange.Settled)}
}
