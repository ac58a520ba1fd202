package member

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// StandInView is somebody who may act for a member.
type StandInView struct {
	ID      uuid.UUID `json:"id"`
	Name    string    `json:"name"`
	Called  string    `json:"called"`
	May     []string  `json:"may" enum:"read-diary,ask-for-help,offer-help,answer-plans,say-hours"`
	How     string    `json:"how" enum:"phone,paper,in-person,themselves" doc:"How the member agreed"`
	BeganAt time.Time `json:"began_at"`
}

type standInsOutput struct {
	Body struct {
		Organisation bool          `json:"organisation" doc:"Is no person: whoever acts may do everything"`
		StandIns     []StandInView `json:"stand_ins"`
	}
}

type addStandInInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	Key    uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body   struct {
		Name    string   `json:"name" maxLength:"200"`
		Email   string   `json:"email" maxLength:"300" doc:"They sign in with it"`
		May     []string `json:"may,omitempty" maxItems:"10" enum:"read-diary,ask-for-help,answer-plans" doc:"How far they may act; for an organisation always everything"`
		Consent string   `json:"consent,omitempty" enum:"phone,paper,in-person" doc:"How the member agreed; needed from staff"`
	}
}

type standingInput struct {
	Bank     string    `path:"bank"`
	Member   uuid.UUID `path:"member" format:"uuid"`
	Standing uuid.UUID `path:"standing" format:"uuid"`
}

type addOrganisationInput struct {
	Bank string    `path:"bank"`
	Key  uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body struct {
		Name  string `json:"name" maxLength:"200"`
		Area  string `json:"area,omitempty" maxLength:"200"`
		Phone string `json:"phone,omitempty" maxLength:"60"`
	}
}

// standingRoutes hangs the operations on who acts for members.
func (s *Service) standingRoutes(r *web.Routes) {
	const room, all = "members", "/banks/{bank}/members/{member}/stand-ins"
	web.Register(r, web.Op{ID: "stand-ins", Method: http.MethodGet, Path: all, Room: room, Who: identity.TakePart, Summary: "Who may act for a member"},
		func(ctx context.Context, in *memberInput) (*standInsOutput, error) {
			m, rows, err := s.StandIns(ctx, identity.ActorFrom(ctx), in.Member)
			out := &standInsOutput{}
			out.Body.Organisation, out.Body.StandIns = m.Organisation, make([]StandInView, len(rows))
			for i, x := range rows {
				out.Body.StandIns[i] = StandInView{x.ID, x.Name, x.Called, x.May, x.How, x.BeganAt}
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "add-stand-in", Method: http.MethodPost, Path: all, Room: room, Who: identity.TakePart, Summary: "Let somebody act for a member", Status: http.StatusCreated},
		func(ctx context.Context, in *addStandInInput) (*idOutput, error) {
			b, out := in.Body, &idOutput{}
			var err error
			out.Body.ID, err = s.Appoint(ctx, identity.ActorFrom(ctx), in.Key, in.Member, StandInWish{Name: b.Name, Email: b.Email, May: b.May, Consent: b.Consent})
			return out, err
		})
	web.Register(r, web.Op{ID: "end-stand-in", Method: http.MethodDelete, Path: all + "/{standing}", Room: room, Who: identity.TakePart, Summary: "They act for this member no more", Status: http.StatusNoContent},
		func(ctx context.Context, in *standingInput) (*struct{}, error) {
			return nil, s.Dismiss(ctx, identity.ActorFrom(ctx), in.Member, in.Standing)
		})
	web.Register(r, web.Op{ID: "add-organisation", Method: http.MethodPost, Path: "/banks/{bank}/organisations", Room: room, Who: identity.WorkDesk, Summary: "Make an organisation a member", Status: http.StatusCreated},
		func(ctx context.Context, in *addOrganisationInput) (*idOutput, error) {
			b, out := in.Body, &idOutput{}
			var err error
			out.Body.ID, err = s.AddOrganisation(ctx, identity.ActorFrom(ctx), in.Key, OrganisationWish(b))
			return out, err
		})
}
