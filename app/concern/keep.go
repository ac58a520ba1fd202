package concern

import "timebank/app/platform/keep"

// Rules are how long this slice keeps what.
func Rules() []keep.Rule {
	return []keep.Rule{keep.Rows(keep.Rule{Name: "concerns", Title: "Worries about people, once closed", Then: "The words are forgotten. That there was one stays, for counting.", Days: 7 * 365, Least: 365},
		"concern", "raised_at", "closed_at < ? and sealed is not null")}
}
