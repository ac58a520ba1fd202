package bank

import (
	"context"
	"net/http"

	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

// API shows what anybody may know of a bank.
type API struct{ Pool *bun.DB }

// View is a bank's public face.
type View struct {
	Slug       string `json:"slug"`
	Name       string `json:"name"`
	Phone      string `json:"phone"`
	PhoneHours string `json:"phone_hours"`
	HoursLang  string `json:"phone_hours_lang" doc:"The language they are in"`
	Email      string `json:"email"`
	Zone       string `json:"zone"`
	Accent     string `json:"accent"`
}

type listOutput struct {
	Body struct {
		Banks []View `json:"banks"`
	}
}

// Routes hangs the operation.
func (a API) Routes(r *web.Routes) {
	web.Register(r, web.Op{ID: "banks", Method: http.MethodGet, Path: "/banks", Room: "banks", Who: web.Anyone, Summary: "The time banks here"},
		func(ctx context.Context, _ *struct{}) (*listOutput, error) {
			out := &listOutput{}
			err := db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
				out.Body.Banks = []View{}
				all, err := All(ctx, tx)
				for _, b := range all {
					hours, in := b.Hours(words.Of(ctx))
					out.Body.Banks = append(out.Body.Banks, View{b.Slug, b.Name, b.Phone, hours, string(in), b.Email, b.Zone, b.Accent})
				}
				return err
			})
			return out, err
		})
}
