// Package gift owns hours that are given without help: to a neighbour, to the
// community pot, and from the pot to who asks for it.
//
// What always holds:
//
//   - A gift to a neighbour is a hold of the ledger until they say yes: it counts as
//     given at once and as theirs only then. A no, or no word for 14 days, gives it
//     back, and the giver is told.
//   - Nobody gives what they do not have: a gift comes out of hours above zero.
//   - Every member reads what the pot stands at and each line of it. Lines name
//     nobody: who asks the pot must not have to explain it to the neighbours.
//   - A broker answers who asks the pot, with words, yes or no.
package gift
