package joining

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// ApplicationView is one person who wants to join.
type ApplicationView struct {
	ID      uuid.UUID    `json:"id"`
	Name    string       `json:"name"`
	Called  string       `json:"called"`
	Email   string       `json:"email"`
	Phone   string       `json:"phone"`
	Area    string       `json:"area"`
	Words   string       `json:"words" doc:"What they wrote"`
	Times   int          `json:"times" doc:"How often they applied"`
	Already bool         `json:"already" doc:"A member has this e-mail address"`
	FirstAt time.Time    `json:"first_at"`
	LastAt  time.Time    `json:"last_at"`
	Answers []AnswerView `json:"answers" doc:"To the bank's own questions"`
}

// AnswerView is what somebody said to one question.
type AnswerView struct {
	Ask  string `json:"ask"`
	Said string `json:"said" doc:"yes or no, or their words"`
}

// QuestionView is one thing that a bank asks of people who want to join.
type QuestionView struct {
	ID     uuid.UUID `json:"id"`
	Ask    string    `json:"ask"`
	Hint   string    `json:"hint"`
	Kind   string    `json:"kind" enum:"words,yes-no"`
	Needed bool      `json:"needed"`
}

type joinPageOutput struct {
	Body struct {
		Bank      string         `json:"bank"`
		Phone     string         `json:"phone"`
		Questions []QuestionView `json:"questions"`
	}
}

type setQuestionsInput struct {
	Bank string `path:"bank"`
	Body struct {
		Questions []AskBody `json:"questions" maxItems:"20"`
	}
}

// AskBody is a question as a coordinator writes it.
type AskBody struct {
	Ask    string `json:"ask" maxLength:"400"`
	Hint   string `json:"hint,omitempty" maxLength:"400"`
	Kind   string `json:"kind" enum:"words,yes-no"`
	Needed bool   `json:"needed,omitempty"`
}

// SaidBody is an answer to one question.
type SaidBody struct {
	Question uuid.UUID `json:"question_id" format:"uuid"`
	Said     string    `json:"said" maxLength:"2000"`
}

type declineInput struct {
	Bank        string    `path:"bank"`
	Application uuid.UUID `path:"application" format:"uuid"`
	Body        struct {
		Words string `json:"words,omitempty" maxLength:"1000" doc:"Sent to their e-mail address, where there is one"`
	}
}

type applyInput struct {
	Bank string `path:"bank"`
	Body struct {
		Name       string     `json:"name" maxLength:"200"`
		Called     string     `json:"called,omitempty" maxLength:"200" doc:"What you like to be called"`
		Email      string     `json:"email,omitempty" maxLength:"300"`
		Phone      string     `json:"phone,omitempty" maxLength:"60"`
		Area       string     `json:"area,omitempty" maxLength:"200"`
		Words      string     `json:"words,omitempty" maxLength:"2000"`
		Answers    []SaidBody `json:"answers,omitempty" maxItems:"20"`
		Invitation string     `json:"invitation,omitempty" maxLength:"30" doc:"A printed code; whoever has one joins at once"`
	}
}

type applyOutput struct {
	Body struct {
		Next string `json:"next" doc:"What happens now, to show"`
	}
}

type bankInput struct {
	Bank string `path:"bank"`
}

type applicationInput struct {
	Bank        string    `path:"bank"`
	Application uuid.UUID `path:"application" format:"uuid"`
}

type applicationsOutput struct {
	Body struct {
		Applications []ApplicationView `json:"applications" doc:"Oldest first, at most 200"`
	}
}

type acceptOutput struct {
	Body struct {
		MemberID uuid.UUID `json:"member_id"`
	}
}

type inviteInput struct {
	Bank string `path:"bank"`
	Body struct {
		Uses int `json:"uses" minimum:"1" maximum:"50" doc:"For how many people"`
	}
}

type inviteOutput struct {
	Body struct {
		Code  string    `json:"code" doc:"To print; shown once"`
		Link  string    `json:"link" doc:"The join page with the code in it"`
		Until time.Time `json:"until"`
	}
}

// Routes hangs the operations of joining.
func (s *Service) Routes(r *web.Routes) {
	const room, all, one = "joining", "/banks/{bank}/applications", "/banks/{bank}/applications/{application}"
	web.Register(r, web.Op{ID: "apply-to-join", Method: http.MethodPost, Path: all, Room: room, Who: web.Anyone, Summary: "Ask to become a member", Status: http.StatusAccepted},
		func(ctx context.Context, in *applyInput) (*applyOutput, error) {
			b := in.Body
			w := Wish{Name: b.Name, Called: b.Called, Email: b.Email, Phone: b.Phone, Area: b.Area, Words: b.Words}
			for _, x := range b.Answers {
				w.Answers = append(w.Answers, Answer{Question: x.Question, Said: x.Said})
			}
			joined, err := s.Apply(ctx, in.Bank, w, b.Invitation, web.From(ctx).IP)
			out := &applyOutput{}
			out.Body.Next = "Thank you. Somebody will be in touch within two working days."
			if joined {
				out.Body.Next = "Welcome. You can sign in now; without e-mail, ring us and we will read you a code."
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "list-applications", Method: http.MethodGet, Path: all, Room: room, Who: identity.WorkDesk, Summary: "Who wants to join"},
		func(ctx context.Context, _ *bankInput) (*applicationsOutput, error) {
			rows, err := s.Waiting(ctx, identity.ActorFrom(ctx))
			out := &applicationsOutput{}
			out.Body.Applications = make([]ApplicationView, len(rows))
			for i, x := range rows {
				said := make([]AnswerView, len(x.Answers))
				for j, y := range x.Answers {
					said[j] = AnswerView{y.Ask, y.Said}
				}
				out.Body.Applications[i] = ApplicationView{x.ID, x.Name, x.Called, x.Email, x.Phone, x.Area, x.Words, x.Times, x.Already, x.FirstAt, x.LastAt, said}
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "accept-application", Method: http.MethodPost, Path: one + "/accept", Room: room, Who: identity.WorkDesk, Summary: "Make an applicant a member"},
		func(ctx context.Context, in *applicationInput) (*acceptOutput, error) {
			out := &acceptOutput{}
			var err error
			out.Body.MemberID, err = s.Accept(ctx, identity.ActorFrom(ctx), in.Application)
			return out, err
		})
	web.Register(r, web.Op{ID: "decline-application", Method: http.MethodPost, Path: one + "/decline", Room: room, Who: identity.WorkDesk, Summary: "Answer no; what they wrote is forgotten", Status: http.StatusNoContent},
		func(ctx context.Context, in *declineInput) (*struct{}, error) {
			return nil, s.Decline(ctx, identity.ActorFrom(ctx), in.Application, in.Body.Words)
		})
	web.Register(r, web.Op{ID: "join-page", Method: http.MethodGet, Path: "/banks/{bank}/join", Room: room, Who: web.Anyone, Summary: "What a bank asks of people who want to join"},
		func(ctx context.Context, in *bankInput) (*joinPageOutput, error) {
			b, all, err := s.Page(ctx, in.Bank)
			out := &joinPageOutput{}
			out.Body.Bank, out.Body.Phone, out.Body.Questions = b.Name, b.Phone, make([]QuestionView, len(all))
			for i, q := range all {
				out.Body.Questions[i] = QuestionView{q.ID, q.Ask, q.Hint, q.Kind, q.Needed}
			}
			return out, err
		})
	web.Register(r, web.Op{ID: "set-join-questions", Method: http.MethodPut, Path: "/banks/{bank}/join", Room: room, Who: identity.SetPolicy, Summary: "What we ask of people who want to join", Status: http.StatusNoContent},
		func(ctx context.Context, in *setQuestionsInput) (*struct{}, error) {
			all := make([]Question, len(in.Body.Questions))
			for i, q := range in.Body.Questions {
				all[i] = Question{Ask: q.Ask, Hint: q.Hint, Kind: q.Kind, Needed: q.Needed}
			}
			return nil, s.Ask(ctx, identity.ActorFrom(ctx), all)
		})
	web.Register(r, web.Op{ID: "invite", Method: http.MethodPost, Path: "/banks/{bank}/invitations", Room: room, Who: identity.WorkDesk, Summary: "A code to print, with which people join at once", Status: http.StatusCreated},
		func(ctx context.Context, in *inviteInput) (*inviteOutput, error) {
			out := &inviteOutput{}
			var err error
			out.Body.Code, out.Body.Until, err = s.Invite(ctx, identity.ActorFrom(ctx), in.Body.Uses)
			out.Body.Link = s.URL + "/join?bank=" + in.Bank + "&code=" + out.Body.Code
			return out, err
		})
}
