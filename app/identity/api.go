package identity

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

// Me is who is signed in, and where they belong.
type Me struct {
	PersonID uuid.UUID `json:"person_id"`
	Called   string    `json:"called" doc:"What they like to be called"`
	Start    string    `json:"start" doc:"Path of the page to begin on"`
	Banks    []MyBank  `json:"banks"`
}

// MyBank is one bank of a person.
type MyBank struct {
	Slug           string     `json:"slug"`
	Name           string     `json:"name"`
	Phone          string     `json:"phone"`
	PhoneHours     string     `json:"phone_hours"`
	HoursLang      string     `json:"phone_hours_lang" doc:"The language they are in"`
	Zone           string     `json:"zone" doc:"IANA time zone; every date on a screen is in it"`
	Accent         string     `json:"accent"`
	Roles          []Role     `json:"roles"`
	MemberID       *uuid.UUID `json:"member_id,omitempty"`
	OrganisationID *uuid.UUID `json:"organisation_id,omitempty" doc:"The surgery they refer for"`
	StandsFor      []StandFor `json:"stands_for" doc:"Members for whom they may act"`
	May            []string   `json:"may" doc:"What their roles let them do here, by name of permission"`
}

// StandFor is one member for whom somebody may act.
type StandFor struct {
	MemberID     uuid.UUID `json:"member_id"`
	Called       string    `json:"called"`
	Organisation bool      `json:"organisation"`
	May          []string  `json:"may" doc:"read-diary, ask-for-help, offer-help, answer-plans, say-hours"`
}

type askCodeInput struct {
	refreshInput
	Body struct {
		Contact string `json:"contact" maxLength:"300" doc:"E-mail address or phone number"`
	}
}

type askCodeOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Next string `json:"next" doc:"What happens now, to show"`
	}
}

type signInInput struct {
	refreshInput
	Body struct {
		Contact string `json:"contact" maxLength:"300"`
		Code    string `json:"code" maxLength:"30" doc:"Six digits, any spacing"`
	}
}

type sessionOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Me     Me     `json:"me"`
		Access string `json:"access,omitempty" doc:"The token again, for programs without cookies; lives ten minutes. A browser does not get it"`
		Second bool   `json:"second_step" doc:"Not signed in yet: second-step must follow; me says nothing until then"`
	}
}

type refreshInput struct {
	Plain  string `cookie:"timebank-renew"`
	Secure string `cookie:"__Host-timebank-renew"`
}

type signedOut struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

type meOutput struct{ Body Me }

// Routes hangs the operations of signing in.
func (s *Service) Routes(r *web.Routes) {
	web.Register(r, web.Op{ID: "ask-sign-in-code", Method: http.MethodPost, Path: "/session/code", Room: "sign-in", Who: web.Anyone,
		Summary: "Send a sign-in code", Status: http.StatusAccepted},
		func(ctx context.Context, in *askCodeInput) (*askCodeOutput, error) {
			defer evenly(ctx, time.Now())
			from := s.knock(ctx, &in.refreshInput)
			if from.Browser == "" {
				from.Browser = newBrowser()
			}
			out := &askCodeOutput{SetCookie: []http.Cookie{{Name: browserCookie(s.Secure), Value: from.Browser, Path: "/", MaxAge: int(browserLife / time.Second),
				HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode}}}
			out.Body.Next = "If we know you, a code is on its way to your e-mail. No e-mail? Ring us and we will read you one."
			if s.SMS != nil {
				out.Body.Next = "If we know you, a code is on its way to your e-mail, or to your phone if you have no e-mail. Nothing there? Ring us and we will read you one."
			}
			return out, s.AskCode(ctx, in.Body.Contact, from)
		})
	web.Register(r, web.Op{ID: "sign-in", Method: http.MethodPost, Path: "/session", Room: "sign-in", Who: web.Anyone, Summary: "Sign in with a code"},
		func(ctx context.Context, in *signInInput) (*sessionOutput, error) {
			start := time.Now()
			session, tokens, err := s.SignIn(ctx, in.Body.Contact, in.Body.Code, s.knock(ctx, &in.refreshInput))
			if err != nil {
				evenly(ctx, start)
				return nil, err
			}
			return s.answer(ctx, session, tokens)
		})
	web.Register(r, web.Op{ID: "renew-session", Method: http.MethodPost, Path: "/session/renew", Room: "sign-in", Who: web.Anyone, Summary: "Trade the refresh cookie for new tokens"},
		func(ctx context.Context, in *refreshInput) (*sessionOutput, error) {
			session, tokens, err := s.Renew(ctx, s.refreshOf(in))
			if err != nil {
				return nil, err
			}
			return s.answer(ctx, session, tokens)
		})
	web.Register(r, web.Op{ID: "sign-out", Method: http.MethodDelete, Path: "/session", Room: "sign-in", Who: web.Anyone, Summary: "Sign out", Status: http.StatusNoContent},
		func(ctx context.Context, in *refreshInput) (*signedOut, error) {
			return &signedOut{SetCookie: s.cookies(Tokens{}, -1)}, s.SignOut(ctx, s.refreshOf(in))
		})
	web.Register(r, web.Op{ID: "me", Method: http.MethodGet, Path: "/me", Room: "sign-in", Who: web.SignedIn, Summary: "Who is signed in"},
		func(ctx context.Context, _ *struct{}) (*meOutput, error) {
			me, err := s.me(ctx, ActorFrom(ctx).Person)
			return &meOutput{me}, err
		})
	s.accountRoutes(r)
}

// evenTime is how long an answer takes that must not tell whether we know somebody:
// several times what the work takes, and too short for a person to notice.
const evenTime = 60 * time.Millisecond

// evenly waits until then, so that the work that was or was not done cannot be
// measured from outside.
func evenly(ctx context.Context, start time.Time) {
	wait := time.NewTimer(evenTime - time.Since(start))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

func (s *Service) knock(ctx context.Context, in *refreshInput) Knock {
	from := web.From(ctx)
	k := Knock{IP: from.IP, Agent: agentOf(from.Request), Refresh: s.refreshOf(in), Chosen: web.Chosen(from.Request)}
	if c, err := from.Request.Cookie(browserCookie(s.Secure)); err == nil && len(c.Value) <= 64 {
		k.Browser = c.Value
	}
	return k
}

// agentOf is what a browser calls itself, as far as it can be kept: the header is
// anybody's to write.
func agentOf(r *http.Request) string {
	s := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == unicode.ReplacementChar {
			return -1
		}
		return c
	}, strings.ToValidUTF8(r.UserAgent(), ""))
	runes := []rune(s)
	return string(runes[:min(len(runes), 200)])
}

func (s *Service) refreshOf(in *refreshInput) string {
	if s.Secure {
		return in.Secure
	}
	return in.Plain
}

func (s *Service) answer(ctx context.Context, session Session, t Tokens) (*sessionOutput, error) {
	out := &sessionOutput{SetCookie: s.cookies(t, int(refreshLife/time.Second))}
	out.Body.Second = session.Second == secondNeeded
	if !byPage(web.From(ctx).Request) { // a script in a page can read the body, and not the cookie
		out.Body.Access = t.Access
	}
	if out.Body.Second {
		out.Body.Me = Me{PersonID: session.PersonID, Start: "/sign-in", Banks: []MyBank{}}
		return out, nil
	}
	var err error
	if out.Body.Me, err = s.me(ctx, session.PersonID); err != nil {
		return nil, err
	}
	return out, nil
}

// byPage tells whether a page in a browser sent a request: every browser says so in
// headers that no script can take away.
func byPage(r *http.Request) bool {
	return r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != ""
}

// cookies writes both tokens, or with a negative age takes them away. The access
// cookie outlives its token on purpose: an expired one says "renew", none says
// "sign in".
func (s *Service) cookies(t Tokens, age int) []http.Cookie {
	access, refresh := cookieNames(s.Secure)
	return []http.Cookie{
		{Name: access, Value: t.Access, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode},
		{Name: refresh, Value: t.Refresh, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode},
	}
}

func (s *Service) me(ctx context.Context, person uuid.UUID) (Me, error) {
	p, places, err := s.Places(ctx, person)
	if err != nil {
		return Me{}, err
	}
	me := Me{PersonID: p.ID, Called: p.Called, Start: "/", Banks: []MyBank{}}
	for _, x := range places {
		hours, in := x.Bank.Hours(words.Of(ctx))
		b := MyBank{Slug: x.Bank.Slug, Name: x.Bank.Name, Phone: x.Bank.Phone, PhoneHours: hours, HoursLang: string(in), Zone: x.Bank.Zone, Accent: x.Bank.Accent, Roles: x.Roles}
		if x.Member != uuid.Nil {
			b.MemberID = &x.Member
		}
		if x.Organisation != uuid.Nil {
			b.OrganisationID = &x.Organisation
		}
		b.StandsFor, b.May = []StandFor{}, x.may()
		for _, y := range x.StandsFor {
			b.StandsFor = append(b.StandsFor, StandFor{y.Member, y.Called, y.Organisation, y.May})
		}
		me.Banks = append(me.Banks, b)
	}
	me.Start = start(places)
	if me.Start == "/" {
		err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
			ok, err := isOperator(ctx, tx, person)
			if ok {
				me.Start = "/operator"
			}
			return err
		})
	}
	return me, err
}

// may lists the permissions of a place's roles.
func (p Place) may() []string {
	out := []string{}
	for _, r := range p.Roles {
		for _, m := range permissions[r] {
			if !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

// start is the page somebody begins on: staff at their desk, members at home.
func start(places []Place) string {
	for _, x := range []struct {
		path string
		is   func(Place) bool
	}{
		{"/broker", func(p Place) bool { return slices.Contains(p.may(), WorkDesk) }},
		{"/surgery", func(p Place) bool { return slices.Contains(p.may(), Refer) }},
		{"/home", func(p Place) bool { return p.Member != uuid.Nil }},
		{"/concerns", func(p Place) bool { return slices.Contains(p.may(), SeeConcerns) }},
		{"/for", func(p Place) bool { return len(p.StandsFor) > 0 }},
		{"/figures", func(p Place) bool { return slices.Contains(p.may(), SeeFigures) }},
	} {
		if slices.ContainsFunc(places, x.is) {
			return x.path
		}
	}
	return "/"
}
