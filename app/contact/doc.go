// Package contact owns whom a member would rather not meet, and what members tell
// the office about each other.
//
// The other side is told neither. Two of whom one has blocked the other do not see
// each other's offers and requests, are not matched and cannot plan or write;
// what is agreed already stays until it is called off. Listing, exchange and
// matching ask Between.
package contact
