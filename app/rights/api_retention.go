package rights

import (
	"context"
	"net/http"
	"time"

	"timebank/app/identity"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

// KeptView is how long one kind of thing is kept, and what the next run forgets.
type KeptView struct {
	Name   string     `json:"name"`
	Title  string     `json:"title"`
	Then   string     `json:"then" doc:"What happens to it when its time is over"`
	Days   int        `json:"days"`
	Usual  int        `json:"usual" doc:"Unless a bank decides otherwise"`
	Least  int        `json:"least"`
	Due    int64      `json:"due" doc:"How many the next nightly run forgets"`
	Oldest *time.Time `json:"oldest,omitempty" doc:"Since when the oldest of them has been there"`
}

type retentionOutput struct {
	Body struct {
		Kept []KeptView `json:"kept"`
	}
}

type keepInput struct {
	Bank string `path:"bank"`
	What string `path:"what" maxLength:"40"`
	Body struct {
		Days int `json:"days"`
	}
}

// retentionRoutes hangs how long a bank keeps things.
func (s *Service) retentionRoutes(r *web.Routes) {
	web.Register(r, web.Op{ID: "retention", Method: http.MethodGet, Path: "/banks/{bank}/retention", Room: "rights", Who: identity.SetPolicy, Summary: "How long we keep things, and what the next nightly run forgets"},
		func(ctx context.Context, _ *bankInput) (*retentionOutput, error) {
			all, err := s.Retention(ctx, identity.ActorFrom(ctx).Bank.ID)
			out := &retentionOutput{}
			out.Body.Kept = make([]KeptView, len(all))
			for i, k := range all {
				out.Body.Kept[i] = KeptView{k.Name, words.Of(ctx).Say(k.Title), words.Of(ctx).Say(k.Then), k.Days, k.Rule.Days, k.Least, k.Due.Count, k.Oldest}
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "keep-for", Method: http.MethodPut, Path: "/banks/{bank}/retention/{what}", Room: "rights", Who: identity.SetPolicy, Summary: "Change how long something is kept", Status: http.StatusNoContent},
		func(ctx context.Context, in *keepInput) (*struct{}, error) {
			return nil, s.Keep(ctx, identity.ActorFrom(ctx), in.What, in.Body.Days)
		})
}
