package listing

import (
	"context"
	"net/http"

	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

// KindBody is what a coordinator says of a kind of help.
type KindBody struct {
	Name  string                    `json:"name" maxLength:"200"`
	Doing string                    `json:"doing,omitempty" maxLength:"200" doc:"Completes \"Bill helped with …\"; none: made from the name"`
	Words string                    `json:"words,omitempty" maxLength:"1000" doc:"Everyday words by which people look for it"`
	Names map[words.Language]string `json:"names,omitempty" doc:"Its name in other languages, by code; none there: the name"`
}

type addKindInput struct {
	Bank string `path:"bank"`
	Body struct {
		Parent string `json:"parent,omitempty" maxLength:"60" doc:"Code of its group; none: it is a group"`
		KindBody
	}
}

type changeKindInput struct {
	Bank string `path:"bank"`
	Kind string `path:"kind" maxLength:"60"`
	Body struct {
		Hidden bool `json:"hidden,omitempty" doc:"Not to be chosen any more; what has it already keeps it"`
		KindBody
	}
}

type bankInput struct {
	Bank string `path:"bank"`
}

type codeOutput struct {
	Body struct {
		Code string `json:"code"`
	}
}

func (b KindBody) wish() KindWish {
	return KindWish{Name: b.Name, Doing: b.Doing, Words: b.Words, Names: b.Names}
}

func (s *Service) kindRoutes(r *web.Routes) {
	web.Register(r, web.Op{ID: "bank-kinds", Method: http.MethodGet, Path: "/banks/{bank}/kinds", Room: "help", Who: identity.TakePart, Summary: "The kinds of help of a bank, with its own words, also those that it hides"},
		func(ctx context.Context, _ *bankInput) (*kindsOutput, error) {
			out := &kindsOutput{}
			a := identity.ActorFrom(ctx)
			err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
				out.Body.Kinds, err = Kinds(ctx, tx, a.Bank.ID)
				return err
			})
			return out, err
		})
	web.Register(r, web.Op{ID: "add-kind", Method: http.MethodPost, Path: "/banks/{bank}/kinds", Room: "help", Who: identity.SetPolicy, Summary: "Add a kind of help, or a group of them", Status: http.StatusCreated},
		func(ctx context.Context, in *addKindInput) (*codeOutput, error) {
			w := in.Body.wish()
			w.Parent = in.Body.Parent
			out := &codeOutput{}
			var err error
			out.Body.Code, err = s.AddKind(ctx, identity.ActorFrom(ctx), w)
			return out, err
		})
	web.Register(r, web.Op{ID: "change-kind", Method: http.MethodPut, Path: "/banks/{bank}/kinds/{kind}", Room: "help", Who: identity.SetPolicy, Summary: "Give a kind of help other words, hide it or show it again", Status: http.StatusNoContent},
		func(ctx context.Context, in *changeKindInput) (*struct{}, error) {
			w := in.Body.wish()
			w.Hidden = in.Body.Hidden
			return nil, s.ChangeKind(ctx, identity.ActorFrom(ctx), in.Kind, w)
		})
}
