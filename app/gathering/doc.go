// Package gathering owns what many do together: drop-ins, talks, lunch clubs,
// their venues, who means to come, who came, and the hours for all of them.
//
// What always holds:
//
//   - A person is on a gathering's register once, whoever checks them in, from
//     however many phones: the table's keys say so. Checking in twice is one
//     check-in; a guest is known by name.
//   - The waiting list is a queue. When a place comes free, those at the front go
//     in by themselves and are told by their own route. Two who come together
//     go in together; while only one place is free, the next single person has it.
//     Who helps or leads takes no place.
//   - Hours are shared by one of the rules in split.go, which lose no minute. The
//     preview is the posting without the last step: the same function. All of it is one
//     transfer of the ledger, or, beyond its 500 accounts, several in one
//     transaction, linked by the gathering.
//   - Hours are posted once, from however many devices. Afterwards the register
//     is closed; a coordinator may take the hours back, with a reason.
//   - An outside expert is a name on a programme, no member, and has no hours.
//
// Members see what is on and their own place; who else comes is seen by staff and
// by those who lead it.
package gathering
