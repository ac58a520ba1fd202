package gathering

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// VenueView is a place, with what somebody needs to know before they set out.
type VenueView struct {
	ID          uuid.UUID `json:"id"`
	Name        string    `json:"name"`
	Address     string    `json:"address"`
	StepFree    string    `json:"step_free" enum:"yes,no,ask"`
	Toilet      string    `json:"toilet" enum:"yes,no,ask" doc:"One that a wheelchair fits"`
	Parking     string    `json:"parking" enum:"yes,no,ask"`
	HearingLoop string    `json:"hearing_loop" enum:"yes,no,ask"`
	QuietRoom   string    `json:"quiet_room" enum:"yes,no,ask"`
	Notes       string    `json:"notes"`
}

// View is a gathering as its reader sees it.
type View struct {
	ID           uuid.UUID  `json:"id"`
	SeriesID     *uuid.UUID `json:"series_id,omitempty"`
	Title        string     `json:"title"`
	About        string     `json:"about"`
	Kind         string     `json:"kind"`
	Venue        VenueView  `json:"venue"`
	StartsAt     time.Time  `json:"starts_at"`
	EndsAt       time.Time  `json:"ends_at"`
	Capacity     *int       `json:"capacity,omitempty"`
	PlacesLeft   *int       `json:"places_left,omitempty" doc:"Missing where everybody fits"`
	DropIn       bool       `json:"drop_in" doc:"Come as you are: nobody signs up"`
	Speaker      string     `json:"speaker" doc:"From outside the time bank; empty: none"`
	SpeakerAbout string     `json:"speaker_about"`
	GroundRules  string     `json:"ground_rules"`
	Leads        []string   `json:"leads"`
	State        string     `json:"state" enum:"planned,cancelled"`
	CancelReason string     `json:"cancel_reason"`
	Over         bool       `json:"over"`
	Hours        string     `json:"hours" enum:"none,posted,taken-back"`
	Coming       int        `json:"coming" doc:"People with a place, guests too"`
	Waiting      int        `json:"waiting"`
	Here         int        `json:"here"`
	Mine         string     `json:"mine" enum:",coming,waiting,walked-in" doc:"The reader's own place; empty: none"`
	MyPart       string     `json:"my_part" enum:",comes,helps,leads"`
	Guest        string     `json:"guest" doc:"Whom the reader brings"`
	Ahead        int        `json:"ahead" doc:"How many wait before the reader"`
	Keeps        bool       `json:"keeps" doc:"The reader keeps the register"`
}

// LineView is one line of a register.
type LineView struct {
	ID        uuid.UUID  `json:"id"`
	MemberID  *uuid.UUID `json:"member_id,omitempty"`
	Name      string     `json:"name"`
	Guest     bool       `json:"guest" doc:"No member: has no hours"`
	BroughtBy string     `json:"brought_by"`
	Needs     string     `json:"needs" doc:"What makes meeting easier; staff only"`
	Part      string     `json:"part" enum:"comes,helps,leads"`
	State     string     `json:"state" enum:"coming,waiting,off,walked-in"`
	Here      bool       `json:"here"`
	Minutes   int64      `json:"minutes" doc:"Given, by who helps or leads"`
}

// RegisterView is a register.
type RegisterView struct {
	Gathering View       `json:"gathering"`
	Lines     []LineView `json:"lines" doc:"By name"`
}

// PlanBody is what a gathering is to be.
type PlanBody struct {
	Title        string      `json:"title" maxLength:"200"`
	About        string      `json:"about,omitempty" maxLength:"2000"`
	Kind         string      `json:"kind" maxLength:"60" doc:"Of help, for the books"`
	VenueID      *uuid.UUID  `json:"venue_id,omitempty" format:"uuid"`
	VenueName    string      `json:"venue_name,omitempty" maxLength:"200" doc:"A new place, when there is no venue_id"`
	VenueAddress string      `json:"venue_address,omitempty" maxLength:"600"`
	StepFree     string      `json:"step_free,omitempty" enum:"yes,no,ask"`
	Toilet       string      `json:"toilet,omitempty" enum:"yes,no,ask"`
	Parking      string      `json:"parking,omitempty" enum:"yes,no,ask"`
	HearingLoop  string      `json:"hearing_loop,omitempty" enum:"yes,no,ask"`
	QuietRoom    string      `json:"quiet_room,omitempty" enum:"yes,no,ask"`
	VenueNotes   string      `json:"venue_notes,omitempty" maxLength:"1000"`
	Day          string      `json:"day" format:"date" doc:"In the bank's zone"`
	Clock        string      `json:"clock" maxLength:"5" doc:"10:30, in the bank's zone"`
	Minutes      int         `json:"minutes" doc:"How long it lasts"`
	Capacity     int         `json:"capacity,omitempty" doc:"0: everybody fits"`
	DropIn       bool        `json:"drop_in,omitempty"`
	Speaker      string      `json:"speaker,omitempty" maxLength:"200"`
	SpeakerAbout string      `json:"speaker_about,omitempty" maxLength:"600"`
	GroundRules  string      `json:"ground_rules,omitempty" maxLength:"2000"`
	Leads        []uuid.UUID `json:"leads,omitempty" maxItems:"20" doc:"Members who lead it"`
	Weeks        int         `json:"weeks,omitempty" doc:"How many weekly dates; 0 and 1 are one"`
}

func (b PlanBody) plan() Plan {
	p := Plan{Title: b.Title, About: b.About, Kind: b.Kind, Day: date(b.Day), Clock: b.Clock, Minutes: b.Minutes, Capacity: b.Capacity, DropIn: b.DropIn,
		Speaker: b.Speaker, SpeakerAbout: b.SpeakerAbout, GroundRules: b.GroundRules, Leads: b.Leads, Weeks: b.Weeks,
		New: Venue{Name: b.VenueName, Address: b.VenueAddress, StepFree: b.StepFree, Toilet: b.Toilet, Parking: b.Parking, HearingLoop: b.HearingLoop, QuietRoom: b.QuietRoom, Notes: b.VenueNotes}}
	if b.VenueID != nil {
		p.Venue = *b.VenueID
	}
	return p
}

// ShareView is what a gathering does to one person's hours.
type ShareView struct {
	MemberID uuid.UUID `json:"member_id"`
	Name     string    `json:"name"`
	Minutes  int64     `json:"minutes" doc:"Above zero: gets; below: gives"`
	Helped   bool      `json:"helped" doc:"The pot gives for them, since they have too few hours left"`
}

// HoursView is what a gathering does to everybody's hours.
type HoursView struct {
	Rule   Rule        `json:"rule" enum:"equal,pot,set"`
	Each   int64       `json:"each"`
	Shares []ShareView `json:"shares"`
	Pot    int64       `json:"pot" doc:"What it does to the community pot"`
	PotHas int64       `json:"pot_has"`
	Short  bool        `json:"short" doc:"The pot has too little for this"`
	Moved  int64       `json:"moved" doc:"Minutes that helpers get"`
	Mark   string      `json:"mark" doc:"Names this outcome; send it along to post exactly this"`
}

type (
	listInput struct {
		Bank   string    `path:"bank"`
		Over   bool      `query:"over" doc:"What is over, newest first"`
		Before time.Time `query:"before" doc:"Beginning of the last one seen"`
	}
	listOutput struct {
		Body struct {
			Gatherings []View `json:"gatherings"`
			More       bool   `json:"more"`
		}
	}
	oneInput struct {
		Bank      string    `path:"bank"`
		Gathering uuid.UUID `path:"gathering" format:"uuid"`
	}
	oneOutput      struct{ Body View }
	registerOutput struct{ Body RegisterView }
	hoursOutput    struct{ Body HoursView }
	venuesOutput   struct {
		Body struct {
			Venues []VenueView `json:"venues"`
		}
	}
	bankInput struct {
		Bank string `path:"bank"`
	}
	addInput struct {
		Bank string    `path:"bank"`
		Key  uuid.UUID `header:"Idempotency-Key" format:"uuid"`
		Body PlanBody
	}
	changeInput struct {
		Bank      string    `path:"bank"`
		Gathering uuid.UUID `path:"gathering" format:"uuid"`
		Body      PlanBody
	}
	idOutput struct {
		Body struct {
			ID uuid.UUID `json:"id"`
		}
	}
	signUpInput struct {
		Bank      string    `path:"bank"`
		Gathering uuid.UUID `path:"gathering" format:"uuid"`
		Body      struct {
			Guest     string `json:"guest,omitempty" maxLength:"100" doc:"Whom they bring; empty: nobody"`
			RulesRead bool   `json:"rules_read,omitempty" doc:"The ground rules, and happy with them"`
			identity.OnBehalf
		}
	}
	notComingInput struct {
		Bank      string    `path:"bank"`
		Gathering uuid.UUID `path:"gathering" format:"uuid"`
		Body      identity.OnBehalf
	}
	reasonInput struct {
		Bank      string    `path:"bank"`
		Gathering uuid.UUID `path:"gathering" format:"uuid"`
		Body      struct {
			Reason string `json:"reason" maxLength:"300"`
		}
	}
	markInput struct {
		Bank      string    `path:"bank"`
		Gathering uuid.UUID `path:"gathering" format:"uuid"`
		Part      uuid.UUID `path:"part" format:"uuid"`
		Body      struct {
			Here    bool   `json:"here"`
			Part    string `json:"part,omitempty" enum:"comes,helps,leads" doc:"Empty: as it stands"`
			Minutes int64  `json:"minutes,omitempty" doc:"That a helper gave; 0: as long as the gathering"`
		}
	}
	walkInInput struct {
		Bank      string    `path:"bank"`
		Gathering uuid.UUID `path:"gathering" format:"uuid"`
		Body      struct {
			MemberID *uuid.UUID `json:"member_id,omitempty" format:"uuid"`
			Guest    string     `json:"guest,omitempty" maxLength:"100" doc:"A name, when it is no member"`
			Part     string     `json:"part,omitempty" enum:"comes,helps,leads"`
			Minutes  int64      `json:"minutes,omitempty"`
		}
	}
	sharingInput struct {
		Bank      string    `path:"bank"`
		Gathering uuid.UUID `path:"gathering" format:"uuid"`
		Body      struct {
			Rule Rule   `json:"rule" enum:"equal,pot,set" doc:"Helpers get the time they gave. equal: those who came give it in equal parts, odd minutes by those with most hours; pot: the pot gives it; set: everybody who came gives the same set time, and the pot the rest"`
			Each int64  `json:"each,omitempty" doc:"For set: minutes"`
			Mark string `json:"mark,omitempty" maxLength:"64" doc:"Of the preview that was seen"`
		}
	}
)

// Routes hangs the operations of gatherings.
func (s *Service) Routes(r *web.Routes) {
	const all, one = "/banks/{bank}/gatherings", "/banks/{bank}/gatherings/{gathering}"
	op := func(id, method, path, who, summary string) web.Op {
		return web.Op{ID: id, Method: method, Path: path, Room: "gatherings", Who: who, Summary: summary}
	}
	web.Register(r, op("list-gatherings", http.MethodGet, all, identity.TakePart, "What is on"), func(ctx context.Context, in *listInput) (*listOutput, error) {
		rows, more, err := s.On(ctx, identity.ActorFrom(ctx), in.Over, in.Before)
		out := &listOutput{}
		out.Body.More, out.Body.Gatherings = more, make([]View, len(rows))
		for i, g := range rows {
			out.Body.Gatherings[i] = s.view(g)
		}
		return out, err
	})
	web.Register(r, op("see-gathering", http.MethodGet, one, identity.TakePart, "One gathering"), func(ctx context.Context, in *oneInput) (*oneOutput, error) {
		g, err := s.One(ctx, identity.ActorFrom(ctx), in.Gathering)
		return &oneOutput{s.view(g)}, err
	})
	web.Register(r, op("sign-up", http.MethodPost, one+"/sign-up", identity.TakePart, "Say that you will come, alone or with somebody"), func(ctx context.Context, in *signUpInput) (*oneOutput, error) {
		g, err := s.SignUp(ctx, identity.ActorFrom(ctx), in.Gathering, SignUp{Guest: in.Body.Guest, RulesRead: in.Body.RulesRead, OnBehalf: in.Body.OnBehalf})
		return &oneOutput{s.view(g)}, err
	})
	web.Register(r, op("not-coming", http.MethodPost, one+"/not-coming", identity.TakePart, "Say that you will not come after all"), func(ctx context.Context, in *notComingInput) (*oneOutput, error) {
		g, err := s.NotComing(ctx, identity.ActorFrom(ctx), in.Gathering, in.Body)
		return &oneOutput{s.view(g)}, err
	})
	add := op("add-gathering", http.MethodPost, all, identity.WorkDesk, "Plan a gathering, or a weekly series")
	add.Status = http.StatusCreated
	web.Register(r, add, func(ctx context.Context, in *addInput) (*idOutput, error) {
		out := &idOutput{}
		var err error
		out.Body.ID, err = s.Add(ctx, identity.ActorFrom(ctx), in.Key, in.Body.plan())
		return out, err
	})
	web.Register(r, op("change-gathering", http.MethodPost, one, identity.WorkDesk, "Correct a gathering"), func(ctx context.Context, in *changeInput) (*oneOutput, error) {
		a := identity.ActorFrom(ctx)
		if err := s.Change(ctx, a, in.Gathering, in.Body.plan()); err != nil {
			return nil, err
		}
		g, err := s.One(ctx, a, in.Gathering)
		return &oneOutput{s.view(g)}, err
	})
	web.Register(r, op("cancel-gathering", http.MethodPost, one+"/cancel", identity.WorkDesk, "Call a gathering off, and tell everybody"), func(ctx context.Context, in *reasonInput) (*oneOutput, error) {
		a := identity.ActorFrom(ctx)
		if err := s.Cancel(ctx, a, in.Gathering, in.Body.Reason); err != nil {
			return nil, err
		}
		g, err := s.One(ctx, a, in.Gathering)
		return &oneOutput{s.view(g)}, err
	})
	web.Register(r, op("list-venues", http.MethodGet, "/banks/{bank}/venues", identity.WorkDesk, "Where gatherings can be"), func(ctx context.Context, _ *bankInput) (*venuesOutput, error) {
		rows, err := s.Venues(ctx, identity.ActorFrom(ctx))
		out := &venuesOutput{}
		out.Body.Venues = make([]VenueView, len(rows))
		for i, v := range rows {
			out.Body.Venues[i] = venueView(v)
		}
		return out, err
	})
	s.registerRoutes(r, one, op)
}

func (s *Service) registerRoutes(r *web.Routes, one string, op func(id, method, path, who, summary string) web.Op) {
	register := func(g Register, err error) (*registerOutput, error) {
		if err != nil {
			return nil, err
		}
		return &registerOutput{s.registerView(g)}, nil
	}
	web.Register(r, op("see-register", http.MethodGet, one+"/register", identity.TakePart, "Who comes and who is here; for staff and those who lead it"), func(ctx context.Context, in *oneInput) (*registerOutput, error) {
		return register(s.Register(ctx, identity.ActorFrom(ctx), in.Gathering))
	})
	web.Register(r, op("mark-register", http.MethodPost, one+"/register/{part}", identity.TakePart, "Mark somebody as here, or not after all"), func(ctx context.Context, in *markInput) (*registerOutput, error) {
		return register(s.Mark(ctx, identity.ActorFrom(ctx), in.Gathering, in.Part, Mark{Here: in.Body.Here, Part: in.Body.Part, Minutes: in.Body.Minutes}))
	})
	web.Register(r, op("walk-in", http.MethodPost, one+"/register", identity.TakePart, "Write down somebody who had not signed up"), func(ctx context.Context, in *walkInInput) (*registerOutput, error) {
		return register(s.WalkIn(ctx, identity.ActorFrom(ctx), in.Gathering, in.Body.MemberID, in.Body.Guest, Mark{Part: in.Body.Part, Minutes: in.Body.Minutes}))
	})
	hours := func(h Hours, err error) (*hoursOutput, error) {
		if err != nil {
			return nil, err
		}
		return &hoursOutput{hoursView(h)}, nil
	}
	sharing := func(in *sharingInput) Sharing {
		return Sharing{Rule: in.Body.Rule, Each: in.Body.Each, Mark: in.Body.Mark}
	}
	web.Register(r, op("preview-gathering-hours", http.MethodPost, one+"/hours/preview", identity.WorkDesk, "What sharing the hours would do"), func(ctx context.Context, in *sharingInput) (*hoursOutput, error) {
		return hours(s.Preview(ctx, identity.ActorFrom(ctx), in.Gathering, sharing(in)))
	})
	web.Register(r, op("post-gathering-hours", http.MethodPost, one+"/hours", identity.WorkDesk, "Put the hours into the books, once"), func(ctx context.Context, in *sharingInput) (*hoursOutput, error) {
		return hours(s.Post(ctx, identity.ActorFrom(ctx), in.Gathering, sharing(in)))
	})
	web.Register(r, op("gathering-hours", http.MethodGet, one+"/hours", identity.WorkDesk, "The hours that are in the books"), func(ctx context.Context, in *oneInput) (*hoursOutput, error) {
		return hours(s.Posted(ctx, identity.ActorFrom(ctx), in.Gathering))
	})
	back := op("take-back-hours", http.MethodPost, one+"/hours/take-back", identity.SetPolicy, "Take the hours out of the books again, with a reason")
	back.Status = http.StatusNoContent
	web.Register(r, back, func(ctx context.Context, in *reasonInput) (*struct{}, error) {
		return nil, s.TakeBack(ctx, identity.ActorFrom(ctx), in.Gathering, in.Body.Reason)
	})
}

// date reads a day that the edge has checked.
func date(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s)
	return t
}

func venueView(v Venue) VenueView {
	return VenueView{ID: v.ID, Name: v.Name, Address: v.Address, StepFree: v.StepFree, Toilet: v.Toilet, Parking: v.Parking, HearingLoop: v.HearingLoop, QuietRoom: v.QuietRoom, Notes: v.Notes}
}

func (s *Service) view(g Seen) View {
	v := View{ID: g.ID, SeriesID: g.SeriesID, Title: g.Title, About: g.About, Kind: g.Kind, Venue: venueView(g.Venue), StartsAt: g.StartsAt, EndsAt: g.EndsAt,
		Capacity: g.Capacity, PlacesLeft: g.Left, DropIn: g.DropIn, Speaker: g.Speaker, SpeakerAbout: g.SpeakerAbout, GroundRules: g.GroundRules, Leads: g.Leads,
		State: g.State, CancelReason: g.CancelReason, Hours: g.Hours, Coming: g.Coming, Waiting: g.Waiting, Here: g.Here, Guest: g.Guest, Ahead: g.Ahead, Keeps: g.Keeps}
	if s.Clock != nil {
		v.Over = !g.EndsAt.After(s.Clock.Now())
	}
	if g.Mine != nil {
		v.Mine, v.MyPart = g.Mine.State, g.Mine.Part
	}
	if v.Leads == nil {
		v.Leads = []string{}
	}
	return v
}

func (s *Service) registerView(r Register) RegisterView {
	v := RegisterView{Gathering: s.view(r.Seen), Lines: make([]LineView, len(r.Lines))}
	for i, l := range r.Lines {
		v.Lines[i] = LineView{ID: l.ID, MemberID: l.MemberID, Name: l.Name, Guest: l.MemberID == nil, BroughtBy: l.BroughtBy, Needs: l.Needs, Part: l.Part.Part, State: l.State, Here: l.HereAt != nil}
		if l.Minutes != nil {
			v.Lines[i].Minutes = *l.Minutes
		}
	}
	return v
}

func hoursView(h Hours) HoursView {
	v := HoursView{Rule: h.Rule, Each: h.Each, Shares: make([]ShareView, len(h.People)), Pot: h.Pot, PotHas: h.PotHas, Short: h.Short, Moved: h.Moved, Mark: h.Mark}
	for i, p := range h.People {
		v.Shares[i] = ShareView{MemberID: p.Member, Name: p.Name, Minutes: p.Minutes, Helped: p.Helped}
	}
	return v
}
