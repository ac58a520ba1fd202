package statement

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// LineView is one line of a statement.
type LineView struct {
	N         int64     `json:"n"`
	Minutes   int64     `json:"minutes" doc:"Above zero: gave help or was given hours; below: was helped or gave hours away"`
	Balance   int64     `json:"balance" doc:"Minutes after this line"`
	Kind      string    `json:"kind" enum:"exchange,gathering,gift,donation,grant,starting,adjustment,reversal,between,opening"`
	What      string    `json:"what" doc:"From the member's side: \"You helped Bill\""`
	Doing     string    `json:"doing" doc:"Kind of help in words; empty where there was none"`
	HelpKind  string    `json:"help_kind" doc:"Its code"`
	With      string    `json:"with" doc:"The other person, or whose account it was"`
	On        string    `json:"on" format:"date" doc:"Day of the help"`
	PostedAt  time.Time `json:"posted_at"`
	TakenBack bool      `json:"taken_back" doc:"A later line has undone this one"`
}

// View is a page of hours.
type View struct {
	MemberID uuid.UUID  `json:"member_id"`
	Called   string     `json:"called"`
	Balance  int64      `json:"balance"`
	SetAside int64      `json:"set_aside" doc:"Minutes of the balance that are promised, until a gift is answered"`
	Lines    []LineView `json:"lines" doc:"Newest first"`
	More     bool       `json:"more"`
}

type screenInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	Before int64     `query:"before" minimum:"0" doc:"Number of the last line seen"`
	From   string    `query:"from" format:"date" doc:"First day of help"`
	Until  string    `query:"until" format:"date" doc:"Last day of help"`
}

type screenOutput struct{ Body View }

type paperInput struct {
	Bank   string    `path:"bank"`
	Member uuid.UUID `path:"member" format:"uuid"`
	From   string    `query:"from" format:"date" doc:"First day of help"`
	Until  string    `query:"until" format:"date" doc:"Last day of help"`
}

type fileOutput struct {
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy"`
	Disposition string `header:"Content-Disposition"`
	Cache       string `header:"Cache-Control"`
	Body        []byte
}

// Routes hangs the operations of statements.
func (s *Service) Routes(r *web.Routes) {
	const path = "/banks/{bank}/members/{member}/statement"
	web.Register(r, web.Op{ID: "statement", Method: http.MethodGet, Path: path, Room: "hours", Who: identity.TakePart, Summary: "A member's hours"},
		func(ctx context.Context, in *screenInput) (*screenOutput, error) {
			p, err := s.Screen(ctx, identity.ActorFrom(ctx), in.Member, period(in.From, in.Until), in.Before)
			if err != nil {
				return nil, err
			}
			out := &screenOutput{View{MemberID: p.Member.ID, Called: p.Member.Called, Balance: int64(p.Balance.Posted), SetAside: int64(p.Balance.HeldOut), More: p.More, Lines: make([]LineView, len(p.Lines))}}
			for i, l := range p.Lines {
				out.Body.Lines[i] = lineView(l)
			}
			return out, nil
		})
	for _, form := range []struct {
		id, end, kind, policy, file, summary string
		write                                func(Paper) ([]byte, error)
	}{
		{"statement-page", "/page", "text/html; charset=utf-8", PagePolicy, `inline; filename="hours.html"`, "A member's hours in large print", Paper.Page},
		{"statement-pdf", "/pdf", "application/pdf", "default-src 'none'; frame-ancestors 'none'", `attachment; filename="hours.pdf"`, "A member's hours as a PDF", Paper.PDF},
		{"statement-csv", "/csv", "text/csv; charset=utf-8", "default-src 'none'; frame-ancestors 'none'", `attachment; filename="hours.csv"`, "A member's hours for a spreadsheet", Paper.CSV},
	} {
		web.Register(r, web.Op{ID: form.id, Method: http.MethodGet, Path: path + form.end, Room: "hours", Who: identity.TakePart, Summary: form.summary},
			func(ctx context.Context, in *paperInput) (*fileOutput, error) {
				english := false
				if form.id == "statement-pdf" {
					ctx, english = forSheets(ctx)
				}
				p, err := s.Paper(ctx, identity.ActorFrom(ctx), in.Member, period(in.From, in.Until))
				if err != nil {
					return nil, err
				}
				switch {
				case english:
					p.Note = p.Reader.Say("These sheets are in English. In your language there is the page in large print, which you can print.")
				case p.Reader.Direction() == "rtl":
					p.Note = p.Reader.Say("The PDF is in English. To have your hours on paper in your language, print this page.")
				}
				out := &fileOutput{ContentType: form.kind, Policy: form.policy, Disposition: form.file, Cache: "no-store"}
				out.Body, err = form.write(p)
				return out, err
			})
	}
}

// period reads days that the edge has checked.
func period(from, until string) Period {
	day := func(s string) time.Time {
		t, _ := time.Parse(time.DateOnly, s)
		return t
	}
	return Period{day(from), day(until)}
}

func lineView(l Line) LineView {
	return LineView{N: l.N, Minutes: int64(l.Minutes), Balance: int64(l.Balance), Kind: string(l.Record.Kind), What: l.What, Doing: l.Doing, HelpKind: l.Record.Category,
		With: l.With, On: l.Record.EffectiveOn.String(), PostedAt: l.Record.PostedAt, TakenBack: l.TakenBack()}
}
