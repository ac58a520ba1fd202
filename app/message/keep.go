package message

import "timebank/app/platform/keep"

// Rules are how long this slice keeps what.
func Rules() []keep.Rule {
	return []keep.Rule{keep.Rows(keep.Rule{Name: "messages", Title: "That we sent a message", Then: "The line is deleted. The words were never kept.", Days: 365, Least: 30},
		"message", "created_at", "created_at < ? and state <> 'queued'")}
}
