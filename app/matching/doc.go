// Package matching tells a broker who would suit a request, and why.
//
// The score is pure: named parts, each between 0 and 1, multiplied by fixed
// weights. The reasons a broker reads, for and against, are made from those
// parts and from nothing else, so that the same parts give the same words. Hard
// gates come first: who is paused, has said no to this request, or asked for it
// is no candidate at all. Nothing here reads or shows health.
package matching
