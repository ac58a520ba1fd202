package exchange

import (
	"time"

	"github.com/google/uuid"

	"timebank/app/member"
)

// Party is one side of an exchange, by the name they like.
type Party struct {
	ID     uuid.UUID `json:"id"`
	Called string    `json:"called"`
	Area   string    `json:"area"`
}

// View is an exchange as its two sides and brokers see it.
type View struct {
	ID          uuid.UUID  `json:"id"`
	Kind        string     `json:"kind"`
	Helper      Party      `json:"helper" doc:"Gave the time"`
	Helped      Party      `json:"helped" doc:"Received it"`
	State       State      `json:"state" enum:"proposed,agreed,done,settled,disputed,cancelled,expired"`
	StartsAt    *time.Time `json:"starts_at,omitempty"`
	Place       string     `json:"place"`
	Note        string     `json:"note"`
	Minutes     *int64     `json:"minutes,omitempty"`
	HappenedOn  string     `json:"happened_on,omitempty" format:"date"`
	SaidBy      *uuid.UUID `json:"said_by,omitempty" doc:"Member whose word the minutes are"`
	SettlesOn   string     `json:"settles_on,omitempty" format:"date" doc:"Silence settles it on this day"`
	Side        Side       `json:"side" enum:"helper,helped,broker" doc:"As what the reader takes part"`
	WaitingFor  []Side     `json:"waiting_for" doc:"Who acts next"`
	Can         []string   `json:"can" doc:"What the reader can do now: agree, decline, cancel, done, confirm, dispute, resolve, another-time, keep-time, again, repeat, end-repeat, thank, write"`
	NewStartsAt *time.Time `json:"new_starts_at,omitempty" doc:"Another time that one side has suggested; who waits says who did not"`
	EveryDays   int        `json:"every_days,omitempty" doc:"They meet every so many days: 7 or 14"`
	Thanks      string     `json:"thanks,omitempty" doc:"What the helped wrote to the helper"`
	Unread      int        `json:"unread" doc:"Lines of the other side that the reader has not seen"`
	RequestID   *uuid.UUID `json:"listing_id,omitempty"`
}

// EventView is one move in an exchange's history.
type EventView struct {
	From    State     `json:"from"`
	To      State     `json:"to"`
	As      Side      `json:"as"`
	By      string    `json:"by" doc:"Who did it, by the name they like; empty: the time bank's own computer"`
	For     string    `json:"for,omitempty" doc:"On whose behalf"`
	Consent string    `json:"consent,omitempty" enum:"phone,paper,in-person,standing" doc:"How they agreed to it"`
	Minutes *int64    `json:"minutes,omitempty"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// LetterView is a line of one side to the other.
type LetterView struct {
	From  uuid.UUID `json:"from" doc:"Member who wrote it"`
	Words string    `json:"words"`
	At    time.Time `json:"at"`
}

// HomeView is a member's first page.
type HomeView struct {
	MemberID uuid.UUID     `json:"member_id"`
	Called   string        `json:"called"`
	Balance  int64         `json:"balance" doc:"Minutes to use; below zero: has had more than given"`
	SetAside int64         `json:"set_aside" doc:"Minutes of the balance that are promised, until a gift is answered"`
	Given    int64         `json:"given_this_year" doc:"Minutes"`
	Answers  []View        `json:"answers" doc:"Wait for the member's word, oldest first"`
	Diary    []View        `json:"diary" doc:"Agreed, soonest first"`
	Waiting  []View        `json:"waiting" doc:"Wait for somebody else"`
	Requests []RequestView `json:"requests" doc:"Asked for, nobody found yet"`
	Outings  []OutingView  `json:"gatherings" doc:"Gatherings they have a place at or wait for, soonest first"`
	Presents []PresentView `json:"gifts" doc:"Gifts that wait for the member's word, oldest first"`
	Known    []KnownView   `json:"known" doc:"People they have met, most recent first"`
}

// KnownView is somebody the member has met, with what the two did last.
type KnownView struct {
	Party
	LastKind    string `json:"last_kind,omitempty"`
	LastMinutes int64  `json:"last_minutes,omitempty"`
	LastGave    bool   `json:"last_gave,omitempty" doc:"The member was the helper"`
}

// OutingView is a gathering on a member's first page.
type OutingView struct {
	ID       uuid.UUID `json:"id"`
	Title    string    `json:"title"`
	StartsAt time.Time `json:"starts_at"`
	Waits    bool      `json:"waits" doc:"On the waiting list"`
}

// PresentView is a gift of hours on a member's first page.
type PresentView struct {
	ID      uuid.UUID `json:"id"`
	From    string    `json:"from"`
	Minutes int64     `json:"minutes"`
}

// RequestView is an open request of one's own.
type RequestView struct {
	ID        uuid.UUID `json:"id"`
	Kind      string    `json:"kind"`
	CreatedAt time.Time `json:"created_at"`
}

func eventView(x Seen, e Moved) EventView {
	v := EventView{From: e.From, To: e.To, As: e.ActedAs, By: e.By, Minutes: e.Minutes, Reason: e.Reason, At: e.At}
	if e.OnBehalfOf != nil {
		v.For = x.Helper.Called
		if *e.OnBehalfOf == x.HelpedID {
			v.For = x.Helped.Called
		}
	}
	if e.Consent != nil {
		v.Consent = *e.Consent
	}
	return v
}

func party(m member.Face) Party { return Party{ID: m.ID, Called: m.Called, Area: m.Area} }

func view(x Seen) View {
	v := View{ID: x.ID, Kind: x.Kind, Helper: party(x.Helper), Helped: party(x.Helped), State: x.State, StartsAt: x.StartsAt, Place: x.Place,
		Note: x.Note, Minutes: x.Minutes, SaidBy: x.DoneBy, Side: x.Side, WaitingFor: x.WaitingFor, Can: x.Verbs, RequestID: x.ListingID,
		NewStartsAt: x.NewStartsAt, EveryDays: x.Every, Thanks: x.Thanks, Unread: x.Unread}
	if v.WaitingFor == nil {
		v.WaitingFor = []Side{}
	}
	if v.Can == nil {
		v.Can = []string{}
	}
	if x.HappenedOn != nil {
		v.HappenedOn = x.HappenedOn.Format(time.DateOnly)
	}
	if x.SettlesOn != nil && x.State == Done {
		v.SettlesOn = x.SettlesOn.Format(time.DateOnly)
	}
	return v
}

func views(all []Seen) []View {
	out := make([]View, len(all))
	for i, x := range all {
		out[i] = view(x)
	}
	return out
}

func homeView(h Home) HomeView {
	v := HomeView{MemberID: h.Member.ID, Called: h.Member.Called, Balance: int64(h.Balance.Posted), SetAside: int64(h.Balance.HeldOut), Given: h.Given,
		Answers: views(h.Answers), Diary: views(h.Diary), Waiting: views(h.Waiting), Requests: []RequestView{}, Outings: []OutingView{}, Presents: []PresentView{}, Known: []KnownView{}}
	for _, o := range h.Outings {
		v.Outings = append(v.Outings, OutingView(o))
	}
	for _, p := range h.Presents {
		v.Presents = append(v.Presents, PresentView(p))
	}
	for _, l := range h.Requests {
		v.Requests = append(v.Requests, RequestView{l.ID, l.Kind, l.CreatedAt})
	}
	for _, m := range h.Known {
		k := KnownView{Party: party(m.Face)}
		if l := m.Last; l != nil {
			k.LastKind, k.LastMinutes, k.LastGave = l.Kind, *l.Minutes, l.HelperID == h.Member.ID
		}
		v.Known = append(v.Known, k)
	}
	return v
}
