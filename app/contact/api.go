package contact

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

type complaintInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid" doc:"Whom it is about"`
	Key    uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body   struct {
		Words string `json:"words,omitempty" maxLength:"4000" doc:"What is wrong; the office reads it"`
		Block bool   `json:"block,omitempty" doc:"Would rather not meet them"`
		identity.OnBehalf
	}
}

type unblockInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	Body   identity.OnBehalf
}

type blockedInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
}

// BlockedView is somebody whom a member would rather not meet.
type BlockedView struct {
	ID     uuid.UUID `json:"id"`
	Called string    `json:"called"`
	Area   string    `json:"area"`
}

type blockedOutput struct {
	Body struct {
		Members []BlockedView `json:"members"`
	}
}

// Routes hangs the operations of keeping apart and telling the office.
func (s *Service) Routes(r *web.Routes) {
	const one = "/banks/{bank}/members/{member}"
	web.Register(r, web.Op{ID: "tell-complaint", Method: http.MethodPost, Path: one + "/complaint", Room: "members", Who: identity.TakePart, Summary: "Tell the office about somebody, or keep apart from them", Status: http.StatusNoContent},
		func(ctx context.Context, in *complaintInput) (*struct{}, error) {
			return nil, s.Tell(ctx, identity.ActorFrom(ctx), in.Key, in.Member, Told{Words: in.Body.Words, Block: in.Body.Block, OnBehalf: in.Body.OnBehalf})
		})
	web.Register(r, web.Op{ID: "unblock", Method: http.MethodPost, Path: one + "/unblock", Room: "members", Who: identity.TakePart, Summary: "Keep apart from somebody no longer", Status: http.StatusNoContent},
		func(ctx context.Context, in *unblockInput) (*struct{}, error) {
			return nil, s.Unblock(ctx, identity.ActorFrom(ctx), in.Member, in.Body)
		})
	web.Register(r, web.Op{ID: "list-blocked", Method: http.MethodGet, Path: one + "/blocked", Room: "members", Who: identity.TakePart, Summary: "Whom a member would rather not meet"},
		func(ctx context.Context, in *blockedInput) (*blockedOutput, error) {
			all, err := s.Blocked(ctx, identity.ActorFrom(ctx), in.Member)
			out := &blockedOutput{}
			out.Body.Members = []BlockedView{}
			for id, f := range all {
				out.Body.Members = append(out.Body.Members, BlockedView{id, f.Called, f.Area})
			}
			slices.SortFunc(out.Body.Members, func(x, y BlockedView) int { return cmp.Compare(x.Called, y.Called) })
			return out, err
		})
}
