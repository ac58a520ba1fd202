// Package identity owns people who sign in: the codes they sign in with, their
// sessions and tokens, what role each has in which bank, and who acts for whom.
//
// A person is one human being with one sign-in; e-mail and phone are both
// optional. A code works once, for ten minutes and five tries. The browser holds
// a short-lived token and a refresh token that changes at each use; reuse of an
// old one ends the session. Roles are read at every request, so a change counts
// at once. A coordinator also says here how people reach the office by phone.
package identity
