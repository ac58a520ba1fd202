package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"

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

	// Changes and holds; the entries are looked at with each account's history. Nothing is read for what a
	// seal has nothing new of.
	{coverRule, `
select format('seal %s of account %s', s.height, s.account_id),
       concat_ws(', ', case when s.changes_now <> s.changes_hash then format('changes %s to %s of account %s', s.from_changes + 1, s.changes, s.account_id) end,
                 case when s.holds_now <> s.holds_hash then format('hold events %s to %s of account %s', s.from_holds + 1, s.hold_events, s.account_id) end)
         || ': not what was sealed'
  from (select s.*,
    case when s.changes <= s.from_changes then sha256('') else (select sha256(coalesce(string_agg(x.b, ''::bytea), ''::bytea)) from (
      select int8send(c.n) || int4send(octet_length(c.what)) || c.what::bytea || int4send(octet_length(c.kind)) || c.kind::bytea
             || case when c.soft_floor is null then '\x00'::bytea else '\x01'::bytea || int8send(c.soft_floor) end
             || case when c.floor is null then '\x00'::bytea else '\x01'::bytea || int8send(c.floor) end
             || case when c.ceiling is null then '\x00'::bytea else '\x01'::bytea || int8send(c.ceiling) end
             || int4send(16) || uuid_send(c.actor) || int4send(octet_length(convert_to(c.reason, 'UTF8'))) || convert_to(c.reason, 'UTF8')
             || timestamptz_send(c.at)
        from ledger.account_change c
       where c.bank_id = ?0 and c.account_id = s.account_id and c.n > s.from_changes and c.n <= s.changes order by c.n) x (b)) end as changes_now,
    case when s.hold_events <= s.from_holds then sha256('') else (select sha256(coalesce(string_agg(x.b, ''::bytea), ''::bytea)) from (
      select int8send(x.n) || uuid_send(x.hold_id) || int4send(octet_length(x.how)) || x.how::bytea || int4send(16) || uuid_send(x.actor)
             || int4send(octet_length(convert_to(x.reason, 'UTF8'))) || convert_to(x.reason, 'UTF8')
             || timestamptz_send(x.at) || coalesce(int4send(16) || uuid_send(x.transfer_id), int4send(0)) || x.hash
        from (select n, id, 'placed', actor, '', placed_at, null::uuid, hash::bytea from ledger.hold
               where bank_id = ?0 and accounts[1] = s.account_id and n > s.from_holds and n <= s.hold_events
              union all
              select n, hold_id, how, actor, reason, at, transfer_id, ''::bytea from ledger.hold_end
               where bank_id = ?0 and account_id = s.account_id and n > s.from_holds and n <= s.hold_events)
             x (n, hold_id, how, actor, reason, at, transfer_id, hash) order by x.n) x (b)) end as holds_now
  from (select *, lag(changes, 1, 0::bigint) over w as from_changes,
               lag(hold_events, 1, 0::bigint) over w as from_holds
          from ledger.seal where bank_id = ?0 window w as (partition by account_id order by height)) s) s
 where s.changes_now <> s.changes_hash or s.holds_now <> s.holds_hash`},

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

// checkRoots builds every block's root again from its seals, in one pass with a
// stack as high as a tree.
func checkRoots(ctx context.Context, db bun.IDB, bank uuid.UUID) ([]Fault, error) {
	rows, err := db.QueryContext(ctx, `select b.height, b.root, s.account_id is not null, sha256('\x00'::bytea || uuid_send(s.account_id) || int8send(s.n)
  || int8send(s.changes) || int8send(s.hold_events) || int8send(s.balance) || s.entries_hash || s.changes_hash || s.holds_hash)
from ledger.block b left join ledger.seal s on s.bank_id = ?0 and s.height = b.height
where b.bank_id = ?0 order by b.height, s.account_id`, bank)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []Fault
	var t tree
	var height int64
	var want []byte
	flush := func() {
		if height != 0 && string(want) != string(t.root()) && len(found) < maxFaults {
			found = append(found, Fault{Rule: rootRule, Row: fmt.Sprintf("block %d", height), Detail: "the seals come to another root"})
		}
		t = t[:0]
	}
	for rows.Next() {
		var h int64
		var root, leaf []byte
		var sealed bool
		if err := rows.Scan(&h, &root, &sealed, &leaf); err != nil {
			return nil, err
		}
		if h != height {
			flush()
			height, want = h, root
		}
		if sealed {
			t.add(leaf)
		}
	}
	flush()
	return found, rows.Err()
}

// tree is the complete subtrees of the leaves so far, the largest first.
type tree []struct {
	leaves int
	sum    []byte
}

func (t *tree) add(leaf []byte) {
	*t = append(*t, struct {
		leaves int
		sum    []byte
	}{1, leaf})
	for n := len(*t); n > 1 && (*t)[n-1].leaves == (*t)[n-2].leaves; n-- {
		t.join()
	}
}

// join makes one of the last two subtrees.
func (t *tree) join() {
	s := *t
	a, b := s[len(s)-2], s[len(s)-1]
	sum := sha256.Sum256(append(append([]byte{1}, a.sum...), b.sum...))
	s[len(s)-2].leaves, s[len(s)-2].sum = a.leaves+b.leaves, sum[:]
	*t = s[:len(s)-1]
}

func (t *tree) root() []byte {
	if len(*t) == 0 {
		sum := sha256.Sum256(nil)
		return sum[:]
	}
	for len(*t) > 1 {
		t.join()
	}
	return (*t)[0].sum
}
