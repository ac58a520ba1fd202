// Package desk owns the broker's queue: tasks, each with an owner and a due time.
//
// Other slices raise a task in the transaction that made it necessary and finish
// it in the one that made it superfluous. There is never more than one open task
// of a kind for one thing. A task tells only what it is about, by id; the words
// come from the slice that owns the thing, at the moment of looking.
package desk
