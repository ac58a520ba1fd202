// Package exchange owns agreed pieces of help between two members, from the
// proposal to the settled hours.
//
// proposed → agreed → done (said by one side) → settled (confirmed by the other,
// by a broker, or by silence) · disputed → settled or cancelled by a broker ·
// cancelled · expired. The table of moves is in state.go and, row by row, in
// directory.exchange_move: the database refuses a move that is not there.
//
// The helper gave the time, the helped received it, whoever clicked. Settling
// posts the minutes from the helped to the helper in the same transaction, under
// a key made from the exchange's id, so that no exchange is ever paid twice.
package exchange
