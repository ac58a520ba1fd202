package rights

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

// DetailsView is what a member may read and correct in their record.
type DetailsView struct {
	Name      string `json:"name" maxLength:"200"`
	Called    string `json:"called" maxLength:"200"`
	Phone     string `json:"phone" maxLength:"60" doc:"Empty: none"`
	Area      string `json:"area" maxLength:"200"`
	ReachBy   string `json:"reach_by" enum:"email,phone,post,someone"`
	ReachNote string `json:"reach_note" maxLength:"1000"`
	Needs     string `json:"needs" maxLength:"1000" doc:"What makes meeting easier"`
	FreeSlots int    `json:"free_slots" doc:"21 bits: Monday morning, afternoon, evening, Tuesday morning …; 0 is not known"`
}

// LeavingView is how things stand for somebody who thinks of leaving.
type LeavingView struct {
	Balance   int64    `json:"balance" doc:"Minutes; above zero they may be given away"`
	Unsettled []string `json:"unsettled" doc:"What must be settled first, in words; empty: nothing"`
	Staff     bool     `json:"staff" doc:"Works here: that must end first"`
}

type memberInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
}

type consentInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	Body   struct {
		Consent string `json:"consent,omitempty" enum:"phone,paper,in-person" doc:"How the member agreed; needed from staff"`
	}
}

type leaveInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	Body   struct {
		Hours     string     `json:"hours,omitempty" enum:"stay,pot,neighbour" doc:"Where hours that are left go; needed when there are any"`
		Neighbour *uuid.UUID `json:"neighbour_id,omitempty"`
		Consent   string     `json:"consent,omitempty" enum:"phone,paper,in-person" doc:"How the member agreed; needed from staff"`
	}
}

type detailsOutput struct {
	Body struct {
		DetailsView
		Email    string `json:"email" doc:"Changed by change-my-email; empty: none"`
		Language string `json:"language" enum:",en,cy,ur" doc:"Of what we write to them; empty: not chosen, and English"`
		Status   string `json:"status" enum:"applied,active,paused,left"`
	}
}

type detailsInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	Body   struct {
		DetailsView
		Language string `json:"language,omitempty" enum:"en,cy,ur" doc:"Of what we write to them; none leaves it as it is"`
		Consent  string `json:"consent,omitempty" enum:"phone,paper,in-person" doc:"How the member agreed; needed from staff"`
	}
}

type leavingOutput struct{ Body LeavingView }

func (s *Service) leaveRoutes(r *web.Routes) {
	op := func(id, method, path, summary string) web.Op {
		o := web.Op{ID: id, Method: method, Path: "/banks/{bank}/members/{member}/" + path, Room: "rights", Who: identity.TakePart, Summary: summary}
		if method != http.MethodGet {
			o.Status = http.StatusNoContent
		}
		return o
	}
	web.Register(r, op("member-details", http.MethodGet, "details", "What a member may correct in their record"), func(ctx context.Context, in *memberInput) (*detailsOutput, error) {
		m, p, err := s.Details(ctx, identity.ActorFrom(ctx), in.Member)
		out := &detailsOutput{}
		out.Body.Email, out.Body.Language, out.Body.Status, out.Body.DetailsView = emailOf(p), string(p.Language), m.Status, detailsView(m)
		return out, err
	})
	web.Register(r, op("change-details", http.MethodPut, "details", "Correct a member's record"), func(ctx context.Context, in *detailsInput) (*struct{}, error) {
		return nil, s.ChangeDetails(ctx, identity.ActorFrom(ctx), in.Member, in.Body.Consent, member.Details(in.Body.DetailsView), words.Language(in.Body.Language))
	})
	web.Register(r, op("pause-membership", http.MethodPost, "pause", "Take a break"), func(ctx context.Context, in *consentInput) (*struct{}, error) {
		return nil, s.Pause(ctx, identity.ActorFrom(ctx), in.Member, in.Body.Consent)
	})
	web.Register(r, op("come-back", http.MethodPost, "come-back", "End the break"), func(ctx context.Context, in *consentInput) (*struct{}, error) {
		return nil, s.ComeBack(ctx, identity.ActorFrom(ctx), in.Member, in.Body.Consent)
	})
	web.Register(r, op("leaving", http.MethodGet, "leaving", "What leaving would mean now"), func(ctx context.Context, in *memberInput) (*leavingOutput, error) {
		l, err := s.Leaving(ctx, identity.ActorFrom(ctx), in.Member)
		v := LeavingView(l)
		if v.Unsettled == nil {
			v.Unsettled = []string{}
		}
		return &leavingOutput{v}, err
	})
	web.Register(r, op("leave", http.MethodPost, "leave", "Leave the time bank: what says who you are is forgotten"), func(ctx context.Context, in *leaveInput) (*struct{}, error) {
		f := Farewell{Hours: in.Body.Hours, Neighbour: in.Body.Neighbour}
		f.Consent = in.Body.Consent
		return nil, s.Leave(ctx, identity.ActorFrom(ctx), in.Member, f)
	})
}

func detailsView(m member.Member) DetailsView {
	v := DetailsView{Name: m.Name, Called: m.Called, Area: m.Area, ReachBy: m.ReachBy, ReachNote: m.ReachNote, Needs: m.Needs, FreeSlots: m.FreeSlots}
	if m.Phone != nil {
		v.Phone = *m.Phone
	}
	return v
}
