package figures

import (
	"context"
	"net/http"
	"time"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// View is one count.
type View struct {
	Name   string `json:"name" enum:"members,joined,helpers,helped,both,exchanges,minutes,requests,met,referred,messages"`
	N      int64  `json:"n"`
	Hidden bool   `json:"hidden" doc:"More than none and fewer than five: n is not told"`
}

// TenantView is one bank with counts.
type TenantView struct {
	Slug    string `json:"slug"`
	Name    string `json:"name"`
	Since   string `json:"since" format:"date"`
	Figures []View `json:"figures" doc:"Members now; exchanges and messages of the last month"`
}

type bankInput struct {
	Bank string `path:"bank"`
}

type communityOutput struct {
	Body struct {
		Since   string `json:"since" format:"date"`
		Figures []View `json:"figures"`
	}
}

type banksOutput struct {
	Body struct {
		Banks []TenantView `json:"banks"`
	}
}

// Routes hangs the operations.
func (s *Service) Routes(r *web.Routes) {
	web.Register(r, web.Op{ID: "community-figures", Method: http.MethodGet, Path: "/banks/{bank}/figures", Room: "figures", Who: identity.SeeFigures, Summary: "How the community does, in counts"},
		func(ctx context.Context, _ *bankInput) (*communityOutput, error) {
			c, err := s.Community(ctx, identity.ActorFrom(ctx))
			out := &communityOutput{}
			out.Body.Since, out.Body.Figures = c.Since.Format(time.DateOnly), views(c.Figures)
			return out, err
		})
	web.Register(r, web.Op{ID: "platform-banks", Method: http.MethodGet, Path: "/platform/banks", Room: "figures", Who: identity.RunPlatform, Summary: "The banks of this platform, in counts"},
		func(ctx context.Context, _ *struct{}) (*banksOutput, error) {
			all, err := s.Banks(ctx)
			out := &banksOutput{}
			out.Body.Banks = make([]TenantView, len(all))
			for i, t := range all {
				out.Body.Banks[i] = TenantView{t.Slug, t.Name, t.CreatedAt.Format(time.DateOnly), views(t.Figures)}
			}
			return out, err
		})
}

func views(all []Figure) []View {
	out := make([]View, len(all))
	for i, f := range all {
		out[i] = View(f)
	}
	return out
}
