// Package listing owns offers and requests: what a member would do, or would
// like done, until it is met, withdrawn or has expired.
//
// A request is asked in three taps: a kind of help, when, and send. Every open
// request has a task on the desk until somebody helps. Photos are painted anew
// before they are kept, and are seen by whoever may see the listing. Members say what
// they want to be told about, and get at most one message a day of what is new.
package listing
