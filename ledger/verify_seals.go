package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Rules of closings and seals, as in checks.
var sealChecks = []query{
	{"each account stood at its closing balance by the transfers that took effect until then", `
select format('closing balance %s of account %s', c.through, coalesce(b.account_id, a.id)),
       format('closed with %s; the transfers until then come to %s', b.balance, coalesce(s.m, 0))
  from ledger.closing c
  join ledger.account a on a.bank_id = ?0
  left join ledger.closing_balance b on b.bank_id = ?0 and b.account_id = a.id and b.through = c.through
  left join (select x.through, l.account_id, sum(l.m) as m
          from ledger.closing x join ledger.transfer t on t.bank_id = ?0 and t.effective_on <= x.through
         cross join lateral unnest(t.accounts, t.minutes) l (account_id, m)
         where x.bank_id = ?0 group by x.through, l.account_id) s on s.through = c.through and s.account_id = a.id
 where c.bank_id = ?0
   and ((b.account_id is null and s.m is not null) or b.balance <> coalesce(s.m, 0))
union all
select format('closing balance %s of account %s', b.through, b.account_id), 'no such closing or account'
  from ledger.closing_balance b
  left join ledger.closing c on c.bank_id = ?0 and c.through = b.through
  left join ledger.account a on a.bank_id = ?0 and a.id = b.account_id
 where b.bank_id = ?0 and (c.through is null or a.id is null)`},

	{"nothing took effect in a period after its books were closed, and accounts say how far they are", `
select format('transfer %s', t.id), format('posted %s, takes effect on %s; closed through %s at %s', t.posted_at, t.effective_on, c.through, c.closed_at)
  from ledger.closing c join ledger.transfer t on t.bank_id = ?0 and t.effective_on <= c.through and t.posted_at > c.closed_at
 where c.bank_id = ?0
union all
select format('account %s', a.id), format('books closed through %s; the bank''s through %s', a.books_closed_through, c.through)
  from ledger.account a cross join (select max(through) as through from ledger.closing where bank_id = ?0) c
 where a.bank_id = ?0 and a.books_closed_through is distinct from c.through`},

	// Of holds; entries and changes are looked at with each account's history. Nothing is read for what a
	// seal has nothing new of.
	{coverRule, `
select format('seal %s of account %s', s.height, s.account_id),
       format('hold events %s to %s of account %s: not what was sealed', s.from_holds + 1, s.hold_events, s.account_id)
  from (select height, account_id, hold_events, holds_hash, lag(hold_events, 1, 0::bigint) over (partition by account_id order by height) as from_holds
          from ledger.seal where bank_id = ?0) s
 where s.holds_hash <> case when s.hold_events <= s.from_holds then sha256('') else (
      select sha256(coalesce(string_agg(x.b, ''::bytea), ''::bytea)) from (
      select int8send(x.n) || uuid_send(x.hold_id) || int4send(octet_length(x.how)) || x.how::bytea || int4send(16) || uuid_send(x.actor)
             || int4send(octet_length(convert_to(x.reason, 'UTF8'))) || convert_to(x.reason, 'UTF8')
             || timestamptz_send(x.at) || coalesce(int4send(16) || uuid_send(x.transfer_id), int4send(0)) || x.hash
        from (select n, id, 'placed', actor, '', placed_at, null::uuid, hash::bytea from ledger.hold
               where bank_id = ?0 and accounts[1] = s.account_id and n > s.from_holds and n <= s.hold_events
              union all
              select n, hold_id, how, actor, reason, at, transfer_id, ''::bytea from ledger.hold_end
               where bank_id = ?0 and account_id = s.account_id and n > s.from_holds and n <= s.hold_events)
             x (n, hold_id, how, actor, reason, at, transfer_id, hash) order by x.n) x (b)) end`},

	{"every block links to the one before, and its hash is that of its contents", `
select format('block %s', b.height), format('after block %s, previous %s, entries %s of %s, closed through %s', b.before, encode(b.previous, 'hex'),
       b.entries, coalesce(s.entries, 0), b.closed_through)
  from (select *, lag(height, 1, 0::bigint) over w as before, lag(hash) over w as from_hash, lag(sealed_at) over w as from_time,
               lag(closed_through) over w as from_closed
          from ledger.block where bank_id = ?0 window w as (order by height)) b
  left join (select height, sum(added) as entries
          from (select height, n - lag(n, 1, 0::bigint) over (partition by account_id order by height) as added
                  from ledger.seal where bank_id = ?0) x group by height) s on s.height = b.height
 where b.height <> b.before + 1 or b.sealed_at < b.from_time or b.closed_through < b.from_closed
    or b.previous <> coalesce(b.from_hash, decode(repeat('00', 32), 'hex')) or b.entries <> coalesce(s.entries, 0)
    or b.closings_hash <> (select sha256(coalesce(string_agg(int4send(10) || to_char(c.through, 'YYYY-MM-DD')::bytea
             || int4send(16) || uuid_send(c.actor) || int4send(octet_length(convert_to(c.reason, 'UTF8'))) || convert_to(c.reason, 'UTF8')
             || timestamptz_send(c.closed_at), ''::bytea order by c.through), ''::bytea))
          from ledger.closing c where c.bank_id = ?0 and c.through <= b.closed_through and (b.from_closed is null or c.through > b.from_closed))
    or b.hash <> sha256(int4send(23) || 'timebank-ledger-block/1'::bytea || int4send(16) || uuid_send(b.bank_id) || int8send(b.height)
             || timestamptz_send(b.sealed_at) || int8send(b.entries)
             || coalesce(int4send(10) || to_char(b.closed_through, 'YYYY-MM-DD')::bytea, int4send(0))
             || b.closings_hash || b.root || b.previous)
union all
select format('closing %s', max(c.through)), format('sealed through %s, which is not there', max(b.closed_through))
  from ledger.block b left join ledger.closing c on c.bank_id = ?0
 where b.bank_id = ?0 having max(b.closed_through) > max(c.through) or (max(b.closed_through) is not null and max(c.through) is null)`},
}

const rootRule = "the root of a block is that of its seals"

// roots builds every block's root again from its seals, in one pass with a stack as
// high as a tree.
func (b *books) roots(context.Context, bun.IDB) error {
	var t tree
	leaves := b.leaves.sorted()
	for leaves.now != nil {
		height, want := whole(leaves.now[:8]), [32]byte(leaves.now[25:])
		there := leaves.now[8] == 0 // the block comes before its seals
		if there {
			leaves.advance()
		}
		for ; leaves.now != nil && whole(leaves.now[:8]) == height; leaves.advance() {
			if !there {
				b.fault(sealRule, fmt.Sprintf("seal %d of account %s", height, uuid.UUID(leaves.now[9:25])), "there is no such block")
			}
			t.add([32]byte(leaves.now[25:]))
		}
		if there && t.root() != want {
			b.fault(rootRule, fmt.Sprintf("block %d", height), "the seals come to another root")
		}
		t = t[:0]
	}
	return leaves.err
}

// sharedKey tells whether two keys may be one.
func (b *books) sharedKey() (bool, error) {
	keys, last, shared := b.keys.sorted(), uint64(0), false
	for first := true; keys.now != nil; keys.advance() {
		k := binary.BigEndian.Uint64(keys.now)
		shared = shared || !first && k == last
		first, last = false, k
	}
	return shared, keys.err
}

// tree is the complete subtrees of the leaves so far, the largest first.
type tree []struct {
	leaves int
	sum    [32]byte
}

func (t *tree) add(leaf [32]byte) {
	*t = append(*t, struct {
		leaves int
		sum    [32]byte
	}{1, leaf})
	for n := len(*t); n > 1 && (*t)[n-1].leaves == (*t)[n-2].leaves; n-- {
		t.join()
	}
}

// join makes one of the last two subtrees.
func (t *tree) join() {
	s := *t
	a, b := &s[len(s)-2], &s[len(s)-1]
	a.sum = sha256.Sum256(slices.Concat([]byte{1}, a.sum[:], b.sum[:]))
	a.leaves += b.leaves
	*t = s[:len(s)-1]
}

func (t *tree) root() [32]byte {
	if len(*t) == 0 {
		return sha256.Sum256(nil)
	}
	for len(*t) > 1 {
		t.join()
	}
	return (*t)[0].sum
}
