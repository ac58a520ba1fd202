package rights

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/held"
	"timebank/app/platform/web"
)

// LookView is one time that somebody read or did something about a member.
type LookView struct {
	ID      uuid.UUID `json:"id"`
	At      time.Time `json:"at"`
	Who     string    `json:"who" doc:"What they are called"`
	As      string    `json:"as" doc:"Why they could: \"broker\""`
	What    string    `json:"what" doc:"Completes \"Sam …\": \"opened your record\""`
	ForYou  bool      `json:"for_you" doc:"Done on your behalf"`
	How     string    `json:"how,omitempty" enum:"phone,paper,in-person,standing" doc:"How you agreed, when it was on your behalf; standing: you let them act for you"`
	Purpose string    `json:"purpose,omitempty" doc:"Why they looked, in their own words"`
}

// SectionView is one heading of what is held.
type SectionView struct {
	Name  string      `json:"name"`
	Title string      `json:"title"`
	Note  string      `json:"note,omitempty"`
	Items []held.Item `json:"items" doc:"Each a list of fields, in the order in which to show them"`
}

// BundleView is everything that a bank holds about one person.
type BundleView struct {
	Bank     string        `json:"bank"`
	For      string        `json:"for"`
	MadeAt   time.Time     `json:"made_at"`
	Zone     string        `json:"zone" doc:"Of the times in it"`
	Sections []SectionView `json:"sections"`
}

type bankInput struct {
	Bank string `path:"bank"`
}

type looksInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	After  uuid.UUID `query:"after" format:"uuid" doc:"Last one of the page before"`
}

type looksOutput struct {
	Body struct {
		Looks []LookView `json:"looks" doc:"Newest first; what the member did themselves is left out"`
		More  bool       `json:"more"`
	}
}

type bundleOutput struct{ Body BundleView }

type memberDataInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
}

type sayWhyInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	Body   struct {
		Purpose string `json:"purpose" maxLength:"200" doc:"The member can read it"`
	}
}

type pageOutput struct {
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// Routes hangs the operations of a person's rights.
func (s *Service) Routes(r *web.Routes) {
	const room = "rights"
	web.Register(r, web.Op{ID: "who-looked", Method: http.MethodGet, Path: "/banks/{bank}/members/{member}/looks", Room: room, Who: identity.TakePart, Summary: "Who looked at a member's record, and when"},
		func(ctx context.Context, in *looksInput) (*looksOutput, error) {
			all, more, err := s.WhoLooked(ctx, identity.ActorFrom(ctx), in.Member, in.After)
			out := &looksOutput{}
			out.Body.More, out.Body.Looks = more, make([]LookView, len(all))
			for i, l := range all {
				out.Body.Looks[i] = lookView(l)
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "my-data", Method: http.MethodGet, Path: "/banks/{bank}/my-data", Room: room, Who: web.SignedIn, Summary: "Everything this bank holds about me"},
		func(ctx context.Context, _ *bankInput) (*bundleOutput, error) {
			b, err := s.MyData(ctx, identity.ActorFrom(ctx))
			return &bundleOutput{bundleView(b)}, err
		})
	web.Register(r, web.Op{ID: "my-data-page", Method: http.MethodGet, Path: "/banks/{bank}/my-data/page", Room: room, Who: web.SignedIn, Summary: "The same as a page to print"},
		func(ctx context.Context, _ *bankInput) (*pageOutput, error) {
			b, err := s.MyData(ctx, identity.ActorFrom(ctx))
			return pageOf(b, err)
		})
	web.Register(r, web.Op{ID: "say-why", Method: http.MethodPost, Path: "/banks/{bank}/members/{member}/data", Room: room, Who: identity.WorkDesk, Summary: "Say why one opens everything held about a member; member-data-page is open for ten minutes", Status: http.StatusNoContent},
		func(ctx context.Context, in *sayWhyInput) (*struct{}, error) {
			return nil, s.SayWhy(ctx, identity.ActorFrom(ctx), in.Member, in.Body.Purpose)
		})
	web.Register(r, web.Op{ID: "member-data-page", Method: http.MethodGet, Path: "/banks/{bank}/members/{member}/data/page", Room: room, Who: identity.WorkDesk, Summary: "Everything held about a member, to print and hand to them, for who has said why"},
		func(ctx context.Context, in *memberDataInput) (*pageOutput, error) {
			b, err := s.MemberData(ctx, identity.ActorFrom(ctx), in.Member)
			return pageOf(b, err)
		})
	web.Register(r, web.Op{ID: "ask-for-notes", Method: http.MethodPost, Path: "/banks/{bank}/my-data/notes", Room: room, Who: web.SignedIn, Summary: "Ask to read what staff wrote about me", Status: http.StatusAccepted},
		func(ctx context.Context, _ *bankInput) (*struct{}, error) {
			return nil, s.AskForNotes(ctx, identity.ActorFrom(ctx))
		})
	s.leaveRoutes(r)
	s.retentionRoutes(r)
}

func pageOf(b Bundle, err error) (*pageOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &pageOutput{ContentType: "text/html; charset=utf-8", Policy: PagePolicy, Disposition: `inline; filename="my-data.html"`}
	out.Body, err = b.Page()
	return out, err
}

func lookView(l Look) LookView {
	v := LookView{ID: l.ID, At: l.At, Who: l.Who, As: l.As, What: l.What, ForYou: l.OnBehalfOf != nil}
	if l.Consent != nil {
		v.How = *l.Consent
	}
	if l.Purpose != nil {
		v.Purpose = *l.Purpose
	}
	return v
}

func bundleView(b Bundle) BundleView {
	v := BundleView{Bank: b.Bank, For: b.For, MadeAt: b.MadeAt, Zone: "UTC", Sections: make([]SectionView, len(b.Sections))}
	if b.Zone != nil {
		v.Zone = b.Zone.String()
	}
	for i, p := range b.Sections {
		v.Sections[i] = SectionView(p)
		if p.Items == nil {
			v.Sections[i].Items = []held.Item{}
		}
	}
	return v
}
