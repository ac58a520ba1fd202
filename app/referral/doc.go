// Package referral owns people handed over by a surgery, from the form to the
// membership, and the promises made about them on the way.
//
// What must hold:
//
//   - A surgery refers by form only while its sharing agreement is in date. It
//     sees its own referrals and nobody else's, in the words of words.go, and of
//     what came after the first conversation only what the person allows.
//   - What was told stands sealed. Names, numbers and notes are in no log, error,
//     address or task; those carry ids and the reference people read aloud.
//   - A referral moves only along the table in state.go, which is also a table in
//     the database. Each move is an event; events are never changed.
//   - Nothing closes by itself and nothing closes without an outcome. "Could not
//     reach" needs three fair tries. Whoever is turned away gets an alternative.
//   - Every open referral has an owner or stands in the team's inbox, and a due
//     time. Three clocks count from the form in the bank's working days: say that
//     we have it (1), try to reach them (2), speak with them (5). One that runs
//     out is escalated once; the surgery is told that we are late.
//
// The slice calls bank, identity and desk. Becoming a member is the member
// slice's work, handed in as Service.Join.
package referral
