// Package ledger keeps the books of time banks: who gave how many minutes to
// whom, and what every account stands at because of it.
//
// It knows banks, accounts, minutes, an opaque reference and the caller's
// transaction. It knows nothing of members, requests, screens or clocks: times
// come in as parameters, and what a reference points at is the caller's affair.
//
// It owns everything in the SQL schema "ledger" (see [Migrations]), where the
// following hold for any program that connects, not just for this package:
//
//   - A transfer moves whole minutes between two or more different accounts;
//     its legs sum to zero and none of them is zero. There is no other way for
//     an hour to come into being or to vanish: starting hours come from an
//     issuance account, which goes as far below zero as the members are above.
//   - Transfers and entries are never changed or deleted. A mistake is answered
//     by a reversal, linked to its original, at most one per original.
//   - No balance, less what open holds have promised away, is below its
//     account's hard floor, or above its ceiling. An account already beyond a
//     new limit may only move back.
//   - One idempotency key per bank posts one transfer.
//   - Entries are numbered 1, 2, 3 … per account, each with the balance after
//     it and an instant later than the one before.
//
// A caller opens the transaction, tells Postgres the tenant
// (set_config('timebank.bank', …, true)) and hands the transaction in. Refusals
// come before anything is written and are typed errors that carry the numbers a
// person needs; the transaction is still usable afterwards. Postgres may end any
// transaction with a deadlock or a serialization failure: callers run such a
// transaction again, as a whole.
//
// There are three ways to move minutes, with the same answers:
//
//   - [Post] (and [Reverse]) inside the caller's transaction, one round trip;
//   - [PostMany] there too, for thousands at once, each judged by itself;
//   - [Poster] as transactions of its own, sharing commits between what comes at
//     the same time.
//
// A hold ([PlaceHold]) promises minutes: they count against both sides' limits at
// once, and are moved by [SettleHold], in full or with less, or given back by
// [ReleaseHold] or, when their time is over, [ExpireDue].
//
// [CloseBooks] ends a period and writes down what everybody stood at. [Seal] links
// what has been written into a chain of blocks, in the background; keep [Head]
// somewhere else, and nobody can change what lies below it unnoticed.
//
// [Verify] proves the above from the rows alone and shares no code with posting.
// [Export] writes the journal for hledger and beancount, as CSV or as JSON.
package ledger
