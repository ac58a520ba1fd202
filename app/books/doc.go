// Package books looks after a bank's ledger from outside: it seals the books,
// lets holds expire, proves every night that each hour adds up and keeps what was
// found, and takes hours to another bank when a member moves.
//
// It owns the tables book_check and crossing. Each number it tells comes from
// ledger.Verify, which shares no code with posting.
package books
