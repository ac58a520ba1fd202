package identity

import (
	"context"
	"net/http"

	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

// RoleView is a role as a coordinator reads it.
type RoleView struct {
	Role    Role     `json:"role"`
	Name    string   `json:"name"`
	Who     string   `json:"who" doc:"Who has it, in a sentence"`
	May     []string `json:"may" doc:"Each completes \"They may …\""`
	CanGive bool     `json:"can_give" doc:"A coordinator gives and ends it"`
}

type rolesOutput struct {
	Body struct {
		Roles []RoleView `json:"roles"`
	}
}

// policyRoutes hangs what policy.go says, for people to read.
func (s *Service) policyRoutes(r *web.Routes) {
	s.officeRoutes(r)
	web.Register(r, web.Op{ID: "roles", Method: http.MethodGet, Path: "/banks/{bank}/roles", Room: "staff", Who: SetPolicy, Summary: "What each role may do"},
		func(ctx context.Context, _ *bankInput) (*rolesOutput, error) {
			out, l := &rolesOutput{}, words.Of(ctx)
			for _, x := range Policy() {
				v := RoleView{Role: x.Role, Name: l.Say(x.Name), Who: l.Say(x.Who), CanGive: x.CanGive}
				for _, p := range x.May {
					v.May = append(v.May, l.Say(PermissionWords[p]))
				}
				out.Body.Roles = append(out.Body.Roles, v)
			}
			return out, nil
		})
}
