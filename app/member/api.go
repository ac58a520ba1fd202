package member

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

// View is a member as brokers see them in lists.
type View struct {
	ID        uuid.UUID `json:"id"`
	Reference string    `json:"reference"`
	Name      string    `json:"name"`
	Called    string    `json:"called"`
	Area      string    `json:"area"`
	Status    string    `json:"status" enum:"applied,active,paused,left"`
	Stage     string    `json:"stage" enum:"met,grouped,accompanied,independent"`
	Phone     string    `json:"phone,omitempty"`
	ReachBy   string    `json:"reach_by" enum:"email,phone,post,someone"`
	Needs     string    `json:"needs" doc:"What makes meeting easier; shown on every opening"`
}

// RecordView is one member's record.
type RecordView struct {
	View
	Email     string         `json:"email,omitempty"`
	Language  words.Language `json:"language" enum:",en,cy,ur" doc:"Of what we write to them; empty: not chosen, and English"`
	ReachNote string         `json:"reach_note"`
	FreeSlots int            `json:"free_slots" doc:"21 bits: Monday morning, afternoon, evening, Tuesday morning …; 0 is not known"`
	JoinedOn  string         `json:"joined_on" format:"date"`
	Balance   int64          `json:"balance" doc:"Minutes to use; below zero: has had more than given"`
	Spendable int64          `json:"spendable" doc:"Minutes that can still be received as help"`
	SeenAt    time.Time      `json:"seen_at,omitzero"`

	Organisation bool `json:"organisation" doc:"No person: people act for it"`
}

type searchInput struct {
	Bank  string    `path:"bank"`
	Words string    `query:"words" maxLength:"100" doc:"Parts of a name, reference or phone number"`
	After uuid.UUID `query:"after" format:"uuid" doc:"Last member of the page before"`
}

type searchOutput struct {
	Body struct {
		Members []View `json:"members"`
		More    bool   `json:"more"`
	}
}

type memberInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
}

type recordOutput struct{ Body RecordView }

// AddBody is what is asked of somebody who joins.
type AddBody struct {
	Name      string `json:"name" maxLength:"200"`
	Called    string `json:"called,omitempty" maxLength:"200" doc:"What they like to be called"`
	Email     string `json:"email,omitempty" maxLength:"300"`
	Phone     string `json:"phone,omitempty" maxLength:"60"`
	Area      string `json:"area,omitempty" maxLength:"200"`
	ReachBy   string `json:"reach_by,omitempty" enum:"email,phone,post,someone"`
	ReachNote string `json:"reach_note,omitempty" maxLength:"1000"`
	Needs     string `json:"needs,omitempty" maxLength:"1000"`
}

type addInput struct {
	Bank string    `path:"bank"`
	Key  uuid.UUID `header:"Idempotency-Key" format:"uuid"`
	Body AddBody
}

type idOutput struct {
	Body struct {
		ID uuid.UUID `json:"id"`
	}
}

type codeOutput struct {
	Body struct {
		Code  string    `json:"code" doc:"Six digits to read out"`
		Until time.Time `json:"until"`
	}
}

// Routes hangs the operations of membership.
func (s *Service) Routes(r *web.Routes) {
	s.standingRoutes(r)
	web.Register(r, web.Op{ID: "search-members", Method: http.MethodGet, Path: "/banks/{bank}/members", Room: "members", Who: identity.WorkDesk, Summary: "Find members"},
		func(ctx context.Context, in *searchInput) (*searchOutput, error) {
			found, more, err := s.Search(ctx, identity.ActorFrom(ctx), in.Words, in.After)
			if err != nil {
				return nil, err
			}
			out := &searchOutput{}
			out.Body.More, out.Body.Members = more, make([]View, len(found))
			for i, m := range found {
				out.Body.Members[i] = view(m)
			}
			return out, nil
		})
	web.Register(r, web.Op{ID: "add-member", Method: http.MethodPost, Path: "/banks/{bank}/members", Room: "members", Who: identity.WorkDesk, Summary: "Make somebody a member", Status: http.StatusCreated},
		func(ctx context.Context, in *addInput) (*idOutput, error) {
			out := &idOutput{}
			b := in.Body
			var err error
			out.Body.ID, err = s.Add(ctx, identity.ActorFrom(ctx), in.Key, Joining{Name: b.Name, Called: b.Called, Email: strings.TrimSpace(b.Email),
				Phone: strings.TrimSpace(b.Phone), Area: strings.TrimSpace(b.Area), ReachBy: b.ReachBy, ReachNote: strings.TrimSpace(b.ReachNote), Needs: strings.TrimSpace(b.Needs)})
			return out, err
		})
	web.Register(r, web.Op{ID: "see-member", Method: http.MethodGet, Path: "/banks/{bank}/members/{member}", Room: "members", Who: identity.WorkDesk, Summary: "A member's record"},
		func(ctx context.Context, in *memberInput) (*recordOutput, error) {
			m, err := s.See(ctx, identity.ActorFrom(ctx), in.Member)
			return &recordOutput{recordView(m)}, err
		})
	web.Register(r, web.Op{ID: "read-out-code", Method: http.MethodPost, Path: "/banks/{bank}/members/{member}/sign-in-code", Room: "members", Who: identity.WorkDesk, Summary: "A sign-in code to read out", Status: http.StatusCreated},
		func(ctx context.Context, in *memberInput) (*codeOutput, error) {
			out := &codeOutput{}
			var err error
			out.Body.Code, out.Body.Until, err = s.ReadOutCode(ctx, identity.ActorFrom(ctx), in.Member)
			return out, err
		})
}

func view(m Member) View {
	v := View{ID: m.ID, Reference: m.Reference, Name: m.Name, Called: m.Called, Area: m.Area, Status: m.Status, Stage: m.Stage, ReachBy: m.ReachBy, Needs: m.Needs}
	if m.Phone != nil {
		v.Phone = *m.Phone
	}
	return v
}

func recordView(r Record) RecordView {
	v := RecordView{View: view(r.Member), Email: r.Email, Language: r.Language, ReachNote: r.ReachNote, FreeSlots: r.FreeSlots,
		Organisation: r.Organisation, JoinedOn: r.JoinedOn.Format(time.DateOnly), Balance: int64(r.Balance.Posted)}
	if s := r.Balance.Spendable(); s != nil {
		v.Spendable = int64(*s)
	}
	if r.Member.SeenAt != nil {
		v.SeenAt = *r.Member.SeenAt
	}
	return v
}
