// Package statement writes a member's hours for people to read: on screen, as a
// page in large print, as a PDF and as CSV. All four are made from the same lines,
// read once from the ledger, with the same words.
//
// It owns no tables. A line says what happened from the reader's side and never
// debit or credit; the balance behind it is that of the ledger, so lines stand in the
// order in which they were written down, and a period picks them by the day of the
// help. Members read their own; those who stand in for a member and may see hours,
// and brokers, read and print for others, which is noted.
package statement
