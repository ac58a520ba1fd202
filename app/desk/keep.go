package desk

import "timebank/app/platform/keep"

// Rules are how long this slice keeps what.
func Rules() []keep.Rule {
	return []keep.Rule{keep.Rows(keep.Rule{Name: "tasks", Title: "Tasks that are done", Then: "They are deleted.", Days: 2 * 365, Least: 30}, "task", "created_at", "done_at < ?")}
}
