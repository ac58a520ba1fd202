package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// call is what a client asks: to move minutes, or what an account stands at.
type call struct {
	read     bool
	from, to int
	minutes  ledger.Minutes
}

type reply struct {
	refused bool
	balance ledger.Minutes // of from
}

const lowest ledger.Minutes = -60

// sequential is the ledger as it would be with one client: a few balances, none
// below the floor.
var sequential = porcupine.Model{
	Init: func() any { return [3]ledger.Minutes{} },
	Step: func(state, input, output any) (bool, any) {
		s, in, out := state.([3]ledger.Minutes), input.(call), output.(reply)
		if in.read {
			return out.balance == s[in.from], s
		}
		if s[in.from]-in.minutes < lowest {
			return out.refused, s
		}
		s[in.from] -= in.minutes
		s[in.to] += in.minutes
		return !out.refused && out.balance == s[in.from], s
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

// Whatever happens at once could have happened one after the other, each between
// its question and its answer: posts, batches, shared commits and reads.
func TestHistoriesAreLinearizable(t *testing.T) {
	b := newBook(t)
	p := ledger.NewPoster(b.Bun)
	defer p.Close()
	for range 5 {
		accounts := make([]uuid.UUID, 3)
		for i := range accounts {
			accounts[i] = b.open(ledger.Member, ledger.Limits{Floor: new(lowest)})
		}
		var mu sync.Mutex
		var history []porcupine.Operation
		start := time.Now()
		together(5, func(client int) {
			r := rand.New(rand.NewPCG(uint64(client), uint64(start.UnixNano())))
			for range 16 {
				in := call{read: r.IntN(3) == 0, from: r.IntN(3), minutes: ledger.Minutes(1 + r.IntN(40))}
				in.to = (in.from + 1 + r.IntN(2)) % 3
				op := porcupine.Operation{ClientId: client, Input: in, Call: int64(time.Since(start))}
				out, err := b.ask(p, r.IntN(3), accounts, in)
				op.Return, op.Output = int64(time.Since(start)), out
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
		if got := porcupine.CheckOperationsTimeout(sequential, history, 20*time.Second); got != porcupine.Ok {
			t.Fatalf("the history of %d operations is %s", len(history), got)
		}
	}
	b.clean()
}

// ask does one call, in one of three ways.
func (b *book) ask(p *ledger.Poster, way int, accounts []uuid.UUID, in call) (out reply, err error) {
	if in.read {
		err = b.in(func(ctx context.Context, tx bun.IDB) error {
			x, err := ledger.BalanceOf(ctx, tx, b.bank, accounts[in.from])
			out.balance = x.Posted
			return err
		})
		return out, err
	}
	x := b.transfer(accounts[in.from], accounts[in.to], in.minutes)
	var r ledger.Receipt
	switch way {
	case 0:
		r, err = b.try(x)
	case 1:
		r, err = p.Post(context.Background(), x)
	case 2:
		var all []ledger.Result
		if all, err = b.tryMany([]ledger.Transfer{x}); err == nil {
			r, err = all[0].Receipt, all[0].Err
		}
	}
	if errors.As(err, &ledger.ErrInsufficient{}) {
		return reply{refused: true}, nil
	}
	leg, _ := r.Of(accounts[in.from])
	return reply{balance: leg.Balance}, err
}
