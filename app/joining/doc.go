// Package joining owns the way in for somebody nobody referred: an application
// that a broker answers, or a printed code that a broker gave out.
//
// The same person applying many times is one application. Nobody learns from
// applying whether somebody is a member. What an applicant said stands sealed and
// is forgotten once it is decided.
package joining
