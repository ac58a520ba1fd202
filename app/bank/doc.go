// Package bank owns the list of time banks: who they are, how to reach them,
// their policies, and the calendar by which their working days are counted.
//
// A bank is the tenant. Every other slice takes its id first.
package bank
