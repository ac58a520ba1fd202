package joining

import "timebank/app/platform/keep"

// Rules are how long this slice keeps what.
func Rules() []keep.Rule {
	return []keep.Rule{
		keep.Rows(keep.Rule{Name: "applications", Title: "That somebody applied, and was answered", Then: "The line is deleted. What they told us was forgotten with the answer.", Days: 365, Least: 30},
			"application", "first_at", "decided_at < ? and reply is null"),
		keep.Rows(keep.Rule{Name: "invitations", Title: "Invitation codes that work no more", Then: "They are deleted.", Days: 90, Least: 30}, "invitation", "created_at", "expires_at < ?"),
	}
}
