// Package rights is what a person may ask of a bank about themselves: who looked
// at their record, everything that is held, to correct it, to rest, and to leave.
//
// It owns no table. Every slice names what it holds about a person as sections;
// a table that is in no section, and not in the list of those that hold nothing
// about anybody, fails a test. What concerns the ledger is pseudonymised when
// somebody leaves and never deleted.
package rights
