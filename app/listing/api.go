package listing

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/web"
)

// View is a listing as members see it.
type View struct {
	ID        uuid.UUID   `json:"id"`
	MemberID  uuid.UUID   `json:"member_id"`
	Called    string      `json:"called" doc:"What the member likes to be called"`
	Area      string      `json:"area"`
	Type      string      `json:"type" enum:"offer,request"`
	Kind      string      `json:"kind"`
	Note      string      `json:"note"`
	Timing    string      `json:"timing" enum:"today,this-week,no-hurry"`
	Place     string      `json:"place" enum:"home,out,phone,online,either"`
	Far       string      `json:"far" enum:"street,area,anywhere,open" doc:"How far the member goes for it: their street, their own area, anywhere; open: they have not said"`
	Days      []string    `json:"days,omitempty" doc:"Certain days, in order; none: any day"`
	State     string      `json:"state" enum:"open,matched,met,withdrawn,expired"`
	Mine      bool        `json:"mine"`
	CreatedAt time.Time   `json:"created_at"`
	ExpiresOn string      `json:"expires_on,omitempty" format:"date" doc:"Last day on the list; none: it stays until it is taken off"`
	Ending    bool        `json:"ending" doc:"Ends within a week, or has ended: offer to keep it"`
	Photos    []PhotoView `json:"photos"`
}

type kindsOutput struct {
	Body struct {
		Kinds []Kind `json:"kinds"`
	}
}

// WantBody is what somebody asks for or offers.
type WantBody struct {
	Kind   string   `json:"kind" maxLength:"60" doc:"Code of a kind of help"`
	Note   string   `json:"note,omitempty" maxLength:"1000" doc:"One optional line; plain text"`
	Timing string   `json:"timing,omitempty" enum:"today,this-week,no-hurry"`
	Place  string   `json:"place,omitempty" enum:"home,out,phone,online,either"`
	Far    string   `json:"far,omitempty" enum:"street,area,anywhere,open" doc:"How far the member goes for it"`
	Days   []string `json:"days,omitempty" maxItems:"20" doc:"Certain days; none: any. How soon it is wanted then follows from the first"`
	identity.OnBehalf
}

type wantInput struct {
	Bank string    `path:"bank"`
	Key  uuid.UUID `header:"Idempotency-Key" format:"uuid" doc:"Repeat a request with the same key and it is done once"`
	Body WantBody
}

type idOutput struct {
	Body struct {
		ID uuid.UUID `json:"id"`
	}
}

type listInput struct {
	Bank  string    `path:"bank"`
	Type  string    `query:"type" enum:"offer,request" default:"offer"`
	After uuid.UUID `query:"after" format:"uuid" doc:"Last listing of the page before"`
	Words string    `query:"words" maxLength:"200" doc:"Find by words; then the best come first, at most 40"`
}

type listOutput struct {
	Body struct {
		Listings []View   `json:"listings"`
		More     bool     `json:"more"`
		Instead  []string `json:"instead,omitempty" doc:"Words that were read for ones that nobody has written"`
	}
}

type ofMemberInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
}

type oneInput struct {
	Bank    string    `path:"bank"`
	Listing uuid.UUID `path:"listing" format:"uuid"`
}

type renewInput struct {
	Bank    string    `path:"bank"`
	Listing uuid.UUID `path:"listing" format:"uuid"`
	Body    identity.OnBehalf
}

type oneOutput struct{ Body View }

// Routes hangs the operations of asking and offering.
func (s *Service) Routes(r *web.Routes) {
	web.Register(r, web.Op{ID: "kinds-of-help", Method: http.MethodGet, Path: "/kinds", Room: "help", Who: web.Anyone, Summary: "The kinds of help that every bank begins with"},
		func(ctx context.Context, _ *struct{}) (*kindsOutput, error) {
			out := &kindsOutput{}
			err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
				out.Body.Kinds, err = Kinds(ctx, tx, db.NoBank)
				return err
			})
			return out, err
		})
	s.kindRoutes(r)
	for _, x := range []struct{ id, path, kind, summary string }{
		{"ask-for-help", "/requests", Request, "Ask for help"},
		{"offer-help", "/offers", Offer, "Offer help"},
	} {
		web.Register(r, web.Op{ID: x.id, Method: http.MethodPost, Path: "/banks/{bank}" + x.path, Room: "help", Who: identity.TakePart, Summary: x.summary, Status: http.StatusCreated},
			func(ctx context.Context, in *wantInput) (*idOutput, error) {
				out := &idOutput{}
				b := in.Body
				var err error
				out.Body.ID, err = s.Add(ctx, identity.ActorFrom(ctx), in.Key, Want{Type: x.kind, Kind: b.Kind, Note: b.Note, Timing: b.Timing, Place: b.Place, Far: b.Far, Days: b.Days, OnBehalf: b.OnBehalf})
				return out, err
			})
	}
	web.Register(r, web.Op{ID: "list-help", Method: http.MethodGet, Path: "/banks/{bank}/listings", Room: "help", Who: identity.TakePart, Summary: "What is offered or asked for, newest first"},
		func(ctx context.Context, in *listInput) (*listOutput, error) {
			a := identity.ActorFrom(ctx)
			if strings.TrimSpace(in.Words) != "" {
				found, err := s.Search(ctx, a, in.Type, in.Words)
				out := s.list(a, found.Listings, false)
				out.Body.Instead = found.Instead
				return out, err
			}
			rows, more, err := s.List(ctx, a, in.Type, in.After)
			return s.list(a, rows, more), err
		})
	web.Register(r, web.Op{ID: "help-of-member", Method: http.MethodGet, Path: "/banks/{bank}/members/{member}/listings", Room: "help", Who: identity.TakePart, Summary: "A member's own offers and requests, open or ended lately"},
		func(ctx context.Context, in *ofMemberInput) (*listOutput, error) {
			a := identity.ActorFrom(ctx)
			rows, err := s.Mine(ctx, a, in.Member)
			return s.list(a, rows, false), err
		})
	web.Register(r, web.Op{ID: "see-listing", Method: http.MethodGet, Path: "/banks/{bank}/listings/{listing}", Room: "help", Who: identity.TakePart, Summary: "One offer or request"},
		func(ctx context.Context, in *oneInput) (*oneOutput, error) {
			a := identity.ActorFrom(ctx)
			l, err := s.One(ctx, a, in.Listing)
			return &oneOutput{s.view(a, l)}, err
		})
	s.photoRoutes(r)
	s.interestRoutes(r)
	web.Register(r, web.Op{ID: "renew-listing", Method: http.MethodPost, Path: "/banks/{bank}/listings/{listing}/renew", Room: "help", Who: identity.TakePart, Summary: "Keep it on the list, or put it back", Status: http.StatusNoContent},
		func(ctx context.Context, in *renewInput) (*struct{}, error) {
			return nil, s.Renew(ctx, identity.ActorFrom(ctx), in.Listing, in.Body)
		})
	web.Register(r, web.Op{ID: "withdraw-listing", Method: http.MethodPost, Path: "/banks/{bank}/listings/{listing}/withdraw", Room: "help", Who: identity.TakePart, Summary: "Take it off the list", Status: http.StatusNoContent},
		func(ctx context.Context, in *oneInput) (*struct{}, error) {
			return nil, s.Withdraw(ctx, identity.ActorFrom(ctx), in.Listing)
		})
}

func (s *Service) list(a identity.Actor, rows []Shown, more bool) *listOutput {
	out := &listOutput{}
	out.Body.More, out.Body.Listings = more, make([]View, len(rows))
	for i, l := range rows {
		out.Body.Listings[i] = s.view(a, l)
	}
	return out
}

func (s *Service) view(a identity.Actor, l Shown) View {
	v := View{ID: l.ID, MemberID: l.MemberID, Called: l.Called, Area: l.Area, Type: l.Type, Kind: l.Kind, Note: l.Note, Timing: l.Timing,
		Place: l.Place, Far: l.Far, Days: l.Days, State: l.State, Mine: l.MemberID == a.Member, CreatedAt: l.CreatedAt, Photos: PhotoViews(l.Photos)}
	if l.ExpiresOn.Before(never) {
		v.ExpiresOn, v.Ending = l.ExpiresOn.Format(time.DateOnly), ending(l.Listing, a.Bank.Today(s.Clock.Now()))
	}
	return v
}
