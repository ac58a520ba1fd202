package referral

import (
	"context"
	"net/http"
	"time"

	"timebank/app/identity"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

type listInput struct {
	Bank string `path:"bank"`
	Show string `query:"show" enum:"open,closed" default:"open"`
}

type linesOutput struct {
	Body struct {
		Referrals []ReferralLine `json:"referrals" doc:"Calls about safety first, then by what is due; closed ones the newest first; at most 200"`
		Now       time.Time      `json:"now"`
	}
}

type detailOutput struct{ Body ReferralDetail }

// ReferralVersion is how the referral looked to whoever acts. An act on one that
// has changed since is refused with 409.
type ReferralVersion struct {
	Version int `json:"version" minimum:"1" doc:"As it was read"`
}

func (v ReferralVersion) seen() int { return v.Version }

// The bodies of a broker's acts.
type (
	// ReferralNote is an act with a few words. They are sealed.
	ReferralNote struct {
		ReferralVersion
		Note string `json:"note,omitempty" maxLength:"2000" doc:"Brokers only; sealed"`
	}
	// ReferralQuestion is a question to the surgery.
	ReferralQuestion struct {
		ReferralVersion
		Question string `json:"question" maxLength:"500" doc:"The surgery reads it"`
	}
	// ReferralAttempt is one try to reach the person.
	ReferralAttempt struct {
		ReferralVersion
		Channel string     `json:"channel" enum:"phone,text,email,post,visit,someone"`
		Result  string     `json:"result" enum:"spoke,no-answer,left-message,wrong-number,sent"`
		At      *time.Time `json:"at,omitempty" doc:"When it was made; now if absent"`
		Note    string     `json:"note,omitempty" maxLength:"2000" doc:"Brokers only; sealed"`
	}
	// ReferralBooking is a time for the first conversation.
	ReferralBooking struct {
		ReferralVersion
		At   time.Time `json:"at"`
		Note string    `json:"note,omitempty" maxLength:"2000" doc:"Brokers only; sealed"`
	}
	// ReferralConversation is what the person said about what the surgery may hear.
	ReferralConversation struct {
		ReferralVersion
		TellJoined   bool   `json:"tell_joined" doc:"The surgery may hear that they joined"`
		TellProgress bool   `json:"tell_progress" doc:"The surgery may hear how they are getting on"`
		How          string `json:"how" enum:"phone,paper,in-person" doc:"How they said so"`
		Note         string `json:"note,omitempty" maxLength:"2000" doc:"Brokers only; sealed"`
	}
	// ReferralMembership is what is added when somebody joins.
	ReferralMembership struct {
		ReferralVersion
		Area    string `json:"area,omitempty" maxLength:"60"`
		Consent string `json:"consent" enum:"phone,paper,in-person" doc:"How they agreed to join"`
		Name    string `json:"name,omitempty" doc:"Only to correct what was told"`
		Called  string `json:"called,omitempty"`
		Email   string `json:"email,omitempty"`
		Phone   string `json:"phone,omitempty"`
	}
	// ReferralPermissionChange is another answer to a permission.
	ReferralPermissionChange struct {
		ReferralVersion
		Permission string `json:"permission" enum:"tell-joined,tell-progress"`
		Given      bool   `json:"given"`
		How        string `json:"how" enum:"phone,paper,in-person"`
	}
	// ReferralPause lets a referral rest.
	ReferralPause struct {
		ReferralVersion
		Until string `json:"until" format:"date" doc:"The day on which to go on, within 90 days"`
		Why   string `json:"why" maxLength:"2000" doc:"Brokers only; sealed"`
	}
	// ReferralDecline closes because the person chose not to go on.
	ReferralDecline struct {
		ReferralVersion
		Outcome string `json:"outcome" enum:"not-interested,not-now,has-enough,asked-not-to-be-contacted,did-not-say"`
		Note    string `json:"note,omitempty" maxLength:"2000" doc:"Brokers only; sealed"`
	}
	// ReferralReroute hands the person on.
	ReferralReroute struct {
		ReferralVersion
		Outcome     string `json:"outcome" enum:"needs-more,too-far,no-room,asked-for-something-else"`
		Alternative string `json:"alternative" maxLength:"200" doc:"Where they were handed on to; the surgery reads it if the person allows"`
		Note        string `json:"note,omitempty" maxLength:"2000" doc:"Brokers only; sealed"`
	}
	// ReferralCompletion closes a referral that became a membership.
	ReferralCompletion struct {
		ReferralVersion
		Outcome string `json:"outcome" enum:"taking-part,joined-not-active,left"`
		Note    string `json:"note,omitempty" maxLength:"2000" doc:"Brokers only; sealed"`
	}
	// ReferralVoid closes what should not have been sent.
	ReferralVoid struct {
		ReferralVersion
		Outcome string `json:"outcome" enum:"by-surgery,changed-their-mind,sent-twice,by-mistake,moved-away,died"`
		Note    string `json:"note,omitempty" maxLength:"2000" doc:"Brokers only; sealed"`
	}
)

type actInput[B any] struct {
	Subject
	Repeat
	Body B
}

// brokerAct hangs one act of a broker. Its answer is the referral after it.
func brokerAct[B interface{ seen() int }](r *web.Routes, id, path, summary string, do func(context.Context, identity.Actor, Target, B) (Detail, error)) {
	web.Register(r, web.Op{ID: id, Method: http.MethodPost, Path: "/banks/{bank}/referrals/{referral}/" + path, Room: room, Who: identity.WorkDesk, Summary: summary},
		func(ctx context.Context, in *actInput[B]) (*detailOutput, error) {
			d, err := do(ctx, identity.ActorFrom(ctx), Target{Referral: in.Referral, Version: in.Body.seen(), Key: in.Key}, in.Body)
			if err != nil {
				return nil, err
			}
			return &detailOutput{d.dto(words.Of(ctx))}, nil
		})
}

func (s *Service) brokerRoutes(r *web.Routes) {
	web.Register(r, web.Op{ID: "list-referrals", Method: http.MethodGet, Path: "/banks/{bank}/referrals", Room: room, Who: identity.WorkDesk, Summary: "Referrals, most urgent first"},
		func(ctx context.Context, in *listInput) (*linesOutput, error) {
			all, err := s.Open(ctx, identity.ActorFrom(ctx), in.Show == "closed")
			out := &linesOutput{}
			out.Body.Now, out.Body.Referrals = s.Clock.Now(), make([]ReferralLine, len(all))
			for i, x := range all {
				out.Body.Referrals[i] = x.dto(words.Of(ctx))
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "see-referral", Method: http.MethodGet, Path: "/banks/{bank}/referrals/{referral}", Room: room, Who: identity.WorkDesk, Summary: "Open a referral; that is recorded"},
		func(ctx context.Context, in *Subject) (*detailOutput, error) {
			d, err := s.See(ctx, identity.ActorFrom(ctx), in.Referral)
			if err != nil {
				return nil, err
			}
			return &detailOutput{d.dto(words.Of(ctx))}, nil
		})
	s.answerRoutes(r)
	s.contactRoutes(r)
	s.endRoutes(r)
}

func (s *Service) answerRoutes(r *web.Routes) {
	brokerAct(r, "acknowledge-referral", "acknowledge", "Say that we have it, and take it on",
		func(ctx context.Context, a identity.Actor, t Target, _ ReferralVersion) (Detail, error) {
			return s.Acknowledge(ctx, a, t)
		})
	brokerAct(r, "ask-surgery", "ask", "Ask the surgery a question",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralQuestion) (Detail, error) {
			return s.Ask(ctx, a, t, b.Question)
		})
	brokerAct(r, "accept-referral", "accept", "Say yes",
		func(ctx context.Context, a identity.Actor, t Target, _ ReferralVersion) (Detail, error) {
			return s.Accept(ctx, a, t)
		})
	brokerAct(r, "log-safety-call", "safety-call", "Keep that the surgery was rung about safety",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralNote) (Detail, error) {
			return s.LogSafetyCall(ctx, a, t, b.Note)
		})
}

func (s *Service) contactRoutes(r *web.Routes) {
	brokerAct(r, "log-attempt", "attempt", "Keep a try to reach the person",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralAttempt) (Detail, error) {
			return s.LogAttempt(ctx, a, t, Attempt{Channel: b.Channel, Result: b.Result, Note: b.Note, At: b.At})
		})
	brokerAct(r, "book-conversation", "book", "Agree on a time for the first conversation",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralBooking) (Detail, error) {
			return s.Book(ctx, a, t, b.At, b.Note)
		})
	brokerAct(r, "hold-conversation", "hold", "Keep that the first conversation took place",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralConversation) (Detail, error) {
			return s.Hold(ctx, a, t, Held{TellJoined: b.TellJoined, TellProgress: b.TellProgress, How: b.How, Note: b.Note})
		})
	brokerAct(r, "change-permission", "permission", "Record another answer to what the surgery may hear",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralPermissionChange) (Detail, error) {
			return s.ChangePermission(ctx, a, t, b.Permission, b.Given, b.How)
		})
	brokerAct(r, "join-referred", "join", "Make the person a member",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralMembership) (Detail, error) {
			return s.MakeMember(ctx, a, t, Membership{Area: b.Area, Name: b.Name, Called: b.Called, Email: b.Email, Phone: b.Phone, Consent: b.Consent})
		})
	brokerAct(r, "review-referral", "review", "Keep that you looked back together",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralNote) (Detail, error) {
			return s.Review(ctx, a, t, b.Note)
		})
}

func (s *Service) endRoutes(r *web.Routes) {
	brokerAct(r, "pause-referral", "pause", "Let it rest until a day",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralPause) (Detail, error) {
			until, err := time.Parse(time.DateOnly, b.Until)
			if err != nil {
				return Detail{}, ErrResume.At("/until")
			}
			return s.Pause(ctx, a, t, until, b.Why)
		})
	brokerAct(r, "resume-referral", "resume", "Go on after a pause",
		func(ctx context.Context, a identity.Actor, t Target, _ ReferralVersion) (Detail, error) {
			return s.Resume(ctx, a, t)
		})
	brokerAct(r, "decline-referral", "decline", "Close: they chose not to go on",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralDecline) (Detail, error) {
			return s.Decline(ctx, a, t, b.Outcome, b.Note)
		})
	brokerAct(r, "reroute-referral", "reroute", "Close: hand the person on to something that fits better",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralReroute) (Detail, error) {
			return s.Reroute(ctx, a, t, b.Outcome, b.Alternative, b.Note)
		})
	brokerAct(r, "could-not-reach", "could-not-reach", "Close: three fair tries, and no answer",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralNote) (Detail, error) {
			return s.GiveUp(ctx, a, t, b.Note)
		})
	brokerAct(r, "complete-referral", "complete", "Close: they are a member; how it went",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralCompletion) (Detail, error) {
			return s.Complete(ctx, a, t, b.Outcome, b.Note)
		})
	brokerAct(r, "void-referral", "void", "Close: sent by mistake or twice, changed their mind, moved away, died",
		func(ctx context.Context, a identity.Actor, t Target, b ReferralVoid) (Detail, error) {
			return s.Void(ctx, a, t, b.Outcome, b.Note)
		})
}
