// Package message owns what is told to people: each message once, by the route
// that suits the person, with a log of what became of it.
//
// A slice writes a message in the transaction that gave the reason. Its dedupe
// key says what, for whom and due at, so a reminder that two ticks ask for is
// written once. The words are made when it is sent, from the state of things at
// that moment: what is no longer true is not sent. Somebody without e-mail, or whose
// address takes no mail, gets a call instead: a task on the desk. A device on which the
// person switched messages on shows the subject besides, whatever else they get
// (push.go); it has that until they sign out there. Words carry no health, no surgery and no
// address.
package message
