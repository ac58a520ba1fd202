package books

import (
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// CheckView is one night's proof of the books.
type CheckView struct {
	At        time.Time `json:"at"`
	Accounts  int64     `json:"accounts"`
	Transfers int64     `json:"transfers"`
	Entries   int64     `json:"entries"`
	Height    int64     `json:"height" doc:"Number of the latest seal; 0 before the first"`
	Head      string    `json:"head" doc:"Its digest in hexadecimal; empty before the first"`
	Faults    int       `json:"faults" doc:"Rows that break a rule; 0 when all adds up"`
	Findings  []string  `json:"findings" doc:"The first of them, each naming its row"`
}

type bankInput struct {
	Bank string `path:"bank"`
}

type checksOutput struct {
	Body struct {
		Checks []CheckView `json:"checks" doc:"Newest first, at most 30"`
	}
}

type moveInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	Key    uuid.UUID `header:"Idempotency-Key" format:"uuid" doc:"The same key again does it once"`
	Body   struct {
		ToBank  string `json:"to_bank" maxLength:"60" doc:"Address of the time bank they move to"`
		Minutes int64  `json:"minutes" doc:"1 or more"`
		Consent string `json:"consent" enum:"phone,paper,in-person" doc:"How the member agreed"`
	}
}

type moveOutput struct {
	Body struct {
		ID uuid.UUID `json:"id"`
	}
}

// Routes hangs the operations of the books.
func (s *Service) Routes(r *web.Routes) {
	web.Register(r, web.Op{ID: "book-checks", Method: http.MethodGet, Path: "/banks/{bank}/books", Room: "books", Who: identity.SetPolicy, Summary: "Whether the hours add up, night by night"},
		func(ctx context.Context, _ *bankInput) (*checksOutput, error) {
			all, err := s.Checks(ctx, identity.ActorFrom(ctx))
			out := &checksOutput{}
			out.Body.Checks = make([]CheckView, len(all))
			for i, c := range all {
				out.Body.Checks[i] = CheckView{c.At, c.Accounts, c.Transfers, c.Entries, c.Height, hex.EncodeToString(c.Head), c.Faults, c.Findings}
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "move-hours", Method: http.MethodPost, Path: "/banks/{bank}/members/{member}/move-hours", Room: "books", Who: identity.SetPolicy, Summary: "Take a member's hours along to another time bank", Status: http.StatusAccepted},
		func(ctx context.Context, in *moveInput) (*moveOutput, error) {
			out := &moveOutput{}
			var err error
			out.Body.ID, err = s.MoveHours(ctx, identity.ActorFrom(ctx), in.Key, in.Member, Move{ToBank: in.Body.ToBank, Minutes: in.Body.Minutes, Consent: in.Body.Consent})
			return out, err
		})
}
