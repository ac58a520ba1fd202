// Package concern owns what people tell because they worry about somebody:
// "I am worried about someone".
//
// Everybody who is signed in may raise a concern; only the safeguarding lead and
// the coordinator know that it exists, and each reading is in the journal. What is
// said stands sealed, also whom it is about. A concern is closed only with a word
// about what was done. Nothing of it is ever in a message, a task of the desk, a
// log or an address.
package concern
