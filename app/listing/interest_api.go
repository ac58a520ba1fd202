package listing

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// InterestView is what a member wants to be told about.
type InterestView struct {
	ID        uuid.UUID `json:"id"`
	Type      string    `json:"type" enum:"offer,request"`
	Kind      string    `json:"kind,omitempty" doc:"A kind of help, or a group of them; none: any"`
	Words     string    `json:"words,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

type interestsOutput struct {
	Body struct {
		Interests []InterestView `json:"interests"`
	}
}

type interestInput struct {
	Bank string `path:"bank"`
	Body struct {
		Type  string `json:"type" enum:"offer,request"`
		Kind  string `json:"kind,omitempty" maxLength:"60" doc:"A kind of help, or a group of them"`
		Words string `json:"words,omitempty" maxLength:"400" doc:"Words to look for, as search understands them"`
		identity.OnBehalf
	}
}

type endInterestInput struct {
	Bank     string    `path:"bank"`
	Interest uuid.UUID `path:"interest" format:"uuid"`
	Body     identity.OnBehalf
}

func (s *Service) interestRoutes(r *web.Routes) {
	web.Register(r, web.Op{ID: "interests", Method: http.MethodGet, Path: "/banks/{bank}/members/{member}/interests", Room: "help", Who: identity.TakePart, Summary: "What a member wants to be told about"},
		func(ctx context.Context, in *ofMemberInput) (*interestsOutput, error) {
			all, err := s.Interests(ctx, identity.ActorFrom(ctx), in.Member)
			out := &interestsOutput{}
			out.Body.Interests = make([]InterestView, len(all))
			for n, i := range all {
				out.Body.Interests[n] = InterestView{i.ID, i.Type, i.Kind, i.Words, i.CreatedAt}
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "add-interest", Method: http.MethodPost, Path: "/banks/{bank}/interests", Room: "help", Who: identity.TakePart, Summary: "Be told about new offers or requests; the same twice is one", Status: http.StatusCreated},
		func(ctx context.Context, in *interestInput) (*idOutput, error) {
			out := &idOutput{}
			var err error
			out.Body.ID, err = s.TellOf(ctx, identity.ActorFrom(ctx), InterestWish{in.Body.Type, in.Body.Kind, in.Body.Words, in.Body.OnBehalf})
			return out, err
		})
	web.Register(r, web.Op{ID: "end-interest", Method: http.MethodPost, Path: "/banks/{bank}/interests/{interest}/end", Room: "help", Who: identity.TakePart, Summary: "Be told no more", Status: http.StatusNoContent},
		func(ctx context.Context, in *endInterestInput) (*struct{}, error) {
			return nil, s.TellNoMore(ctx, identity.ActorFrom(ctx), in.Interest, in.Body)
		})
}
