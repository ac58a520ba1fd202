package matching

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/platform/web"
)

// CandidateView is somebody who would suit a request, and why.
type CandidateView struct {
	MemberID uuid.UUID `json:"member_id"`
	Name     string    `json:"name"`
	Called   string    `json:"called"`
	Area     string    `json:"area"`
	Phone    string    `json:"phone,omitempty"`
	ReachBy  string    `json:"reach_by" enum:"email,phone,post,someone"`
	Needs    string    `json:"needs"`
	For      []string  `json:"for" doc:"What speaks for them, to be said aloud"`
	Against  []string  `json:"against"`
}

type requestInput struct {
	Bank    string    `path:"bank"`
	Request uuid.UUID `path:"request" format:"uuid"`
}

type candidatesOutput struct {
	Body struct {
		ID         uuid.UUID           `json:"id"`
		MemberID   uuid.UUID           `json:"member_id"`
		Name       string              `json:"name" doc:"Who asked"`
		Called     string              `json:"called"`
		Area       string              `json:"area"`
		Phone      string              `json:"phone,omitempty"`
		Needs      string              `json:"needs"`
		Kind       string              `json:"kind"`
		Note       string              `json:"note"`
		Timing     string              `json:"timing" enum:"today,this-week,no-hurry"`
		Place      string              `json:"place" enum:"home,out,phone,online,either"`
		Far        string              `json:"far" enum:"street,area,anywhere,open" doc:"How far whoever asked could come for it"`
		Days       []string            `json:"days" doc:"Certain days on which it is wanted; none: any"`
		State      string              `json:"state" enum:"open,matched,met,withdrawn,expired"`
		CreatedAt  time.Time           `json:"created_at"`
		Photos     []listing.PhotoView `json:"photos"`
		Candidates []CandidateView     `json:"candidates" doc:"Best first"`
	}
}

// Routes hangs the operation of matching.
func (s *Service) Routes(r *web.Routes) {
	web.Register(r, web.Op{ID: "candidates", Method: http.MethodGet, Path: "/banks/{bank}/requests/{request}/candidates", Room: "desk", Who: identity.WorkDesk, Summary: "A request, and who would suit it"},
		func(ctx context.Context, in *requestInput) (*candidatesOutput, error) {
			l, asker, all, err := s.For(ctx, identity.ActorFrom(ctx), in.Request)
			if err != nil {
				return nil, err
			}
			out := &candidatesOutput{}
			b := &out.Body
			b.ID, b.MemberID, b.Name, b.Called, b.Area, b.Needs = l.ID, asker.ID, asker.Name, asker.Called, asker.Area, asker.Needs
			b.Kind, b.Note, b.Timing, b.Place, b.Far, b.State, b.CreatedAt = l.Kind, l.Note, l.Timing, l.Place, l.Far, l.State, l.CreatedAt
			b.Days = append([]string{}, l.Days...)
			b.Photos = listing.PhotoViews(l.Photos)
			if asker.Phone != nil {
				b.Phone = *asker.Phone
			}
			b.Candidates = make([]CandidateView, len(all))
			for i, c := range all {
				v := CandidateView{MemberID: c.MemberID, Name: c.Member.Name, Called: c.Member.Called, Area: c.Member.Area, ReachBy: c.Member.ReachBy,
					Needs: c.Member.Needs, For: c.For, Against: c.Against}
				if c.Member.Phone != nil {
					v.Phone = *c.Member.Phone
				}
				if v.For == nil {
					v.For = []string{}
				}
				if v.Against == nil {
					v.Against = []string{}
				}
				b.Candidates[i] = v
			}
			return out, nil
		})
}
